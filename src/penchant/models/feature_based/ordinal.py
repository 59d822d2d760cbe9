"""Ordinal regression: the chance of every level of the rating scale."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Rating, Target
from penchant.errors import DataError
from penchant.models.base import Recommender, Signal
from penchant.models.feature_based.ordinal_network import (
    OrdinalNetwork,
    Penalty,
    fit_rows,
    thresholds,
)
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, signatures
from penchant.models.parameters import AnyTarget, Space
from penchant.models.shared.batches import events_at_once
from penchant.models.shared.targets import require_rating_or_like
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.loop import GradientStep, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import whole_weight
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Int32, Int64

RATING: Target = Rating()
_MOST_LEVELS = 50
_LARGEST_BATCH = 1024


class OrdinalRegression(Recommender):
    """Cumulative logits over biases and vectors of users and items.

    P(rating <= level s) = sigmoid(t_us - b_u - b_i - p_u . q_i), so that ratings are ordered and
    nothing says how far apart their levels are: Koren and Sill, "OrdRec: An Ordinal Model for
    Predicting Personalized Item Rating Distributions" (2011). Trained by maximum likelihood with
    ridge. After training all users' rows are those that suit their histories best, all else held
    fixed; new users and changed histories get theirs in the same way.

    From the chances of all levels come the expected rating, and the chance of a like.

    Attributes:
        target: what is predicted: the expected `rating`, or the chance of `like>=4`. Training is
            the same.
        dim: length of the vectors; 0 leaves biases and thresholds alone.
        user_thresholds: whether each user has thresholds of their own.
        l2: ridge on vectors, each as a whole and not for each event.
        l2_bias: the same on biases and on what is added to thresholds.
        learning_rate: of Adam.
        batch_size: events in a batch; None is 1024, and at most a 64th of the events, though not
            below 32.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    target: AnyTarget = RATING
    dim: Annotated[int, Field(ge=0), Space(0, 64)] = 8
    user_thresholds: bool = True
    l2: Annotated[float, Field(gt=0), Space(1, 300, log=True)] = 20.0
    l2_bias: Annotated[float, Field(gt=0), Space(0.1, 30, log=True)] = 1.0
    learning_rate: Annotated[float, Field(gt=0), Space(1e-3, 1e-1, log=True)] = 0.005
    batch_size: Annotated[int | None, Field(gt=0), Space(32, 16384, log=True)] = None
    epochs: Annotated[int, Field(gt=0)] = 20
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_", "levels_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    event_bytes: ClassVar[float] = 950.0
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "levels_": floats("n_levels"),
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "thresholds_": floats("n_thresholds"),
        "user_rows_": floats("users", "n_user_weights"),
        "signatures_": signatures(),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        require_rating_or_like(self, self.target)

    @property
    def can_shard_tables(self) -> bool:
        """True: those of users and items."""
        return True

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.levels_, level, counts = np.unique(
            train.ratings, return_inverse=True, return_counts=True
        )
        if not 2 <= len(self.levels_) <= _MOST_LEVELS:
            raise DataError(
                f"{type(self).__name__} needs ratings of 2 to {_MOST_LEVELS} different levels, and "
                f"the log {train.name!r} has {len(self.levels_)}: round them, or use another model."
            )
        generator = torch.Generator().manual_seed(self.seed)
        network = OrdinalNetwork(
            train.n_users,
            train.n_items,
            self.dim,
            counts / len(train),
            own_gaps=self.user_thresholds,
            generator=generator,
            shard=RowShard.of(run),
        )
        user, item = (train.events[c].to_numpy().astype(np.int64) for c in ("user", "item"))
        shares = [1 / np.maximum(n, 1) for n in (train.user_counts, train.item_counts)]
        arrays = (user, item, level.astype(np.int64), shares[0][user], shares[1][item])
        adam = RowAdam([network.users, network.items], [network.thresholds], self.learning_rate)
        penalty = self._penalty()

        def loss(u: Tensor, i: Tensor, levels: Tensor, of_u: Tensor, of_i: Tensor) -> Tensor:
            p, q = network.users(u), network.items(i)
            ridge = penalty(p) * of_u + penalty(q) * of_i
            return (network.loss(p, q, levels) + ridge).mean()

        self.curve_, self.best_epoch_ = train_network(
            network,
            GradientStep(loss, [adam]),
            tuple(
                torch.from_numpy(np.asarray(a, None if a.dtype == np.int64 else np.float32))
                for a in arrays
            ),
            Schedule(
                epochs=self.epochs,
                batch_size=events_at_once(self.batch_size, len(train), _LARGEST_BATCH),
                patience=self.patience,
                min_delta=self.min_delta,
            ),
            generator=generator,
            validate=None if validation is None else self._validation(network, validation),
            run=run,
            name=type(self).__name__,
        )
        item_rows = whole_weight(network.items)
        if item_rows is None:
            return
        trained = (train.item_counts > 0)[:, None]
        rows = np.where(trained, item_rows.numpy(), np.float32(0))
        self.item_vectors_, self.item_bias_ = rows[:, : self.dim].copy(), rows[:, self.dim].copy()
        self.thresholds_ = network.thresholds.detach().numpy().copy()
        self.user_rows_ = self._fitted_rows(train.histories)
        self.signatures_ = train.histories.signatures

    def _validation(self, network: OrdinalNetwork, holdout: Holdout) -> Any:
        """The mean loss on held-out events of users and items that training knows."""
        assert holdout.ratings is not None  # a part of the same log as training
        users = torch.tensor(holdout.rows.users, dtype=torch.int64)
        items = torch.tensor(holdout.items, dtype=torch.int64)
        level = torch.from_numpy(self._levels(holdout.ratings))
        known = torch.stack([users >= 0, items >= 0])

        def mean_loss() -> float:
            p, q = network.users(users.clamp(min=0)), network.items(items.clamp(min=0))
            p, q = p * known[0][:, None], q * known[1][:, None]
            return float(network.loss(p, q, level).mean())

        return mean_loss

    def _levels(self, ratings: Float32) -> Int64:
        """int64[n], the level nearest to each rating: training may not have seen all of them."""
        middle = (self.levels_[1:] + self.levels_[:-1]) / 2
        return np.searchsorted(middle, ratings).astype(np.int64)

    def _penalty(self) -> Penalty:
        return Penalty(self.dim, self.l2, self.l2_bias)

    # What was learned

    def item_vectors(self) -> Float32:
        """float32[n_items, dim + 1], vectors and biases."""
        return np.column_stack([self.item_vectors_, self.item_bias_])

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]; see `user_rows`."""
        return self.user_rows(users)[:, : self.dim]

    def user_rows(self, users: Histories) -> Float32:
        """float32[n_users, k]: vector, bias and, where there are any, what changes thresholds.

        Stored for unchanged histories, otherwise fitted; zeros where a history says nothing.
        """
        rows = np.zeros((len(users), self.user_rows_.shape[1]), np.float32)
        same = users.users >= 0
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        rows[same] = self.user_rows_[users.users[same]]
        if not same.all():
            rows[~same] = self._fitted_rows(users.take(np.flatnonzero(~same)))
        return rows

    def _fitted_rows(self, users: Histories) -> Float32:
        width = self.dim + 1 + (len(self.levels_) - 2) * self.user_thresholds
        if users.ratings is None:
            return np.zeros((len(users), width), np.float32)
        of_items = torch.from_numpy(self.item_vectors()[users.items]).double()
        shared = torch.from_numpy(self.thresholds_).double()
        levels = self._levels(users.ratings)
        found = fit_rows(users.offsets, levels, of_items, shared, self._penalty(), width)
        return found.float().numpy()

    # Predicting

    def _expected(self, output: Tensor, at: Tensor) -> Tensor:
        """The expected target of float[n, ...] outputs, with float[n, n_levels - 1] thresholds.

        Summed by parts: the highest level's value, less each step up to it that is not reached.
        """
        values = self.target.of_ratings(self.levels_).astype(np.float64)
        found = torch.full_like(output, float(values[-1]))
        shape = -1, *[1] * (output.ndim - 1)
        for place, step in enumerate(np.diff(values)):
            if step:
                found -= float(step) * torch.sigmoid(at[:, place].view(shape) - output)
        return found

    def _thresholds(self, rows: Tensor) -> Tensor:
        return thresholds(torch.from_numpy(self.thresholds_).double(), rows[:, self.dim + 1 :])

    def _scores(self, users: Histories) -> Float32:
        return self._columns(users, slice(None))

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return self._columns(users, items)

    def _columns(self, users: Histories, items: slice | Int32) -> Float32:
        """float32[n_users, n], the scores of some items."""
        rows = torch.from_numpy(self.user_rows(users)).double()
        vectors = torch.from_numpy(self.item_vectors()[items]).double()
        ones = torch.ones(len(rows), 1, dtype=torch.float64)
        output = torch.cat([rows[:, : self.dim], ones], 1) @ vectors.T + rows[:, self.dim, None]
        return self._expected(output, self._thresholds(rows)).float().numpy()

    def _outputs(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """float64[n_rows] and float64[n_rows, n_levels - 1], what thresholds are compared with."""
        of_users = torch.from_numpy(self.user_rows(rows.histories)[rows.history]).double()
        known = (rows.items >= 0)[:, None]
        of_items = torch.from_numpy(np.where(known, self.item_vectors()[rows.items], 0)).double()
        dot = (of_users[:, : self.dim] * of_items[:, : self.dim]).sum(1)
        output = dot + of_users[:, self.dim] + of_items[:, self.dim]
        return output, self._thresholds(of_users)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], expected ratings or chances of a like, as the target says."""
        return self._expected(*self._outputs(rows)).float().numpy()

    def chances(self, rows: Rows) -> Float32:
        """float32[n_rows, n_levels], the chance of each level; `levels_` says which they are."""
        self._require_fitted()
        output, at = self._outputs(rows)
        up_to = torch.sigmoid(at - output[:, None])
        ends = up_to.new_zeros(len(up_to), 1), up_to.new_ones(len(up_to), 1)
        return torch.cat([ends[0], up_to, ends[1]], 1).diff(dim=1).float().numpy()
