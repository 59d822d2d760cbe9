"""Non-negative matrix factorisation of ratings, with those that are missing filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.base import Recommender, Signal
from penchant.models.factorisation.non_negative import factorise, fold_in
from penchant.models.fitted_attributes import (
    TRAINING,
    Declarations,
    booleans,
    floats,
    plain,
    signatures,
)
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import fit_biases, of_items, user_biases
from penchant.models.shared.trained_rows import rows_of_users
from penchant.nn.loop import Schedule
from penchant.nn.loop import train as train_network
from penchant.run import Run
from penchant.topk import CACHED_CELLS, blocks
from penchant.typing import AnyInt, Bool, Float32, Int32, Int64

_L2 = 5.0  # shrinkage of users' and items' deviations from the mean
_ROWS_AT_ONCE = 2**16
_FIRST_PASSES, _PASSES = 20, 3  # over W and H, for the first filling and for each later one
_MOST_FILLINGS = 50  # for other users, after which hardly anything changes


class RatingNMF(PredictsRatings, Recommender):
    """Ratings above the lowest one as sums of a few parts, none of which takes anything away.

    scikit-learn's NMF knows no missing entries: they would be ratings of 0. Here they are filled
    in, first with the mean and the deviations of user and item, then in each epoch with what the
    factors predict, which descends the error of the observed ratings alone: Zhang, Wang, Ford and
    Makedon, "Learning from Incomplete Ratings Using Non-negative Matrix Factorization" (2006),
    section 3.1. Where there are validation events they decide how many epochs are best.

    Users whose history has changed since training, and new users, get their row from the history
    by as many fillings, 50 at most, with the items' factors as they are. Items without ratings are
    predicted by the deviations. Whole matrices of users by items are filled: 4 bytes × users ×
    items.

    Attributes:
        dim: number of parts.
        l2: penalty on squared factors beside the mean squared error of all entries.
        epochs: the most times that missing ratings are filled in.
        patience: epochs without a better validation error before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(8, 64, log=True)] = 32
    l2: Annotated[float, Field(ge=0), Space(1e-4, 0.03, log=True)] = 0.006
    epochs: Annotated[int, Field(gt=0)] = 15
    patience: Annotated[int | None, Field(gt=0)] = 2

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "mean_": plain(float),
        "low_": plain(float),
        "high_": plain(float),
        "item_bias_": floats("items"),
        "rated_": booleans("items"),
        "user_factors_": floats("users", "dim", low=0),
        "item_factors_": floats("items", "dim", low=0),
        "signatures_": signatures(),
    }

    def _cost(self, train: Dataset) -> FittingCost:
        n = np.count_nonzero(train.user_counts) * np.count_nonzero(train.item_counts)
        passes = _FIRST_PASSES + _PASSES * self.epochs
        return FittingCost(memory=4.5 * n, multiply_adds=2.0 * n * self.dim * passes)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.mean_, self.item_bias_ = fit_biases(train, _L2, _L2)
        self.low_, self.high_ = (float(end) for end in (train.ratings.min(), train.ratings.max()))
        self.rated_: Bool = train.item_counts > 0
        active = np.flatnonzero(train.user_counts)
        users = train.histories.take(active)
        network = _Factors(self, users)
        validate = None
        if validation is not None:
            held = _Held.of(self, validation, rows_of_users(active, train.n_users))
            validate = lambda: held.squared_error(network)  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            network.step,
            (torch.zeros(1),),
            Schedule(epochs=self.epochs, batch_size=1, patience=self.patience),
            generator=torch.Generator().manual_seed(self.seed),
            validate=validate,
            run=run,
            name=type(self).__name__,
        )
        self.item_factors_: Float32 = np.zeros((train.n_items, self.dim), np.float32)
        self.item_factors_[self.rated_] = network.h.numpy().T
        network.filled = np.zeros((0, 0), np.float32)  # its memory is for the next lines
        # As the same histories would get them again.
        self.user_factors_: Float32 = np.zeros((train.n_users, self.dim), np.float32)
        self.user_factors_[active] = self._fold_in(users)
        self.signatures_ = train.histories.signatures

    # Filled matrices: ratings of a block of users and all rated items, less the lowest one

    def filled_by_biases(self, users: Histories) -> Float32:
        """float32[n_users, n_rated], what the deviations of users and items lead one to expect."""
        bias = user_biases(users, self.mean_, self.item_bias_, _L2)
        filled = bias[:, None] + (self.item_bias_[self.rated_] + np.float32(self.mean_ - self.low_))
        return np.asarray(np.clip(filled, 0, self.high_ - self.low_, out=filled))

    def observed(self, users: Histories) -> tuple[Int64, Int64, Float32]:
        """The rows, columns and values of what is known of a filled matrix."""
        ratings = users.matrix("rating")
        rows = np.repeat(np.arange(len(users)), np.diff(ratings.indptr))
        known = self.rated_[ratings.indices]
        columns = (np.cumsum(self.rated_) - 1)[ratings.indices]
        return rows[known], columns[known], ratings.data[known] - np.float32(self.low_)

    def fill(self, filled: Float32, w: Float32, h: Float32) -> None:
        """Write what the factors predict into a matrix."""
        np.matmul(w, h, out=filled)
        np.clip(filled, 0, self.high_ - self.low_, out=filled)

    def _fold_in(self, users: Histories) -> Float32:
        """float32[n_users, dim], from histories with ratings."""
        h = np.asarray(self.item_factors_[self.rated_].T, order="C")
        found = np.zeros((len(users), self.dim), np.float32)
        for start, stop in blocks(len(users), h.shape[1]):
            some = users.block(start, stop)
            filled = self.filled_by_biases(some)
            rows, columns, values = self.observed(some)
            for epoch in range(min(self.best_epoch_, _MOST_FILLINGS)):
                if epoch:
                    self.fill(filled, found[start:stop], h)
                filled[rows, columns] = values
                found[start:stop] = fold_in(filled, h, self.l2 * h.shape[1])
        return found

    # Predicting

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], stored for unchanged histories, otherwise folded in.

        Users without ratings have zeros.
        """
        if users.ratings is None:
            return np.zeros((len(users), self.dim), np.float32)
        same = users.users >= 0
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        vectors = np.where(same[:, None], self.user_factors_[users.users], np.float32(0))
        rest = np.flatnonzero(~same & (users.lengths > 0))
        if len(rest):
            vectors[rest] = self._fold_in(users.take(rest))
        return np.asarray(vectors)

    def item_vectors(self) -> Float32:
        """float32[n_items, dim], how much each part has of each item."""
        return self.item_factors_

    def _scores(self, users: Histories) -> Float32:
        vectors = self.user_vectors(users)
        scores = vectors @ self.item_factors_.T
        bias = user_biases(users, self.mean_, self.item_bias_, _L2)
        expected = bias[:, None] + (self.item_bias_ + np.float32(self.mean_ - self.low_))
        unknown = ~np.asarray(vectors.any(axis=1))[:, None] | ~self.rated_
        scores = np.where(unknown, expected, scores)
        return np.asarray(np.clip(scores, 0, self.high_ - self.low_) + np.float32(self.low_))

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings."""
        vectors = self.user_vectors(rows.histories)
        bias = user_biases(rows.histories, self.mean_, self.item_bias_, _L2)
        found = bias[rows.history] + of_items(self.item_bias_, rows.items, 0.0)
        found += np.float32(self.mean_ - self.low_)
        known = np.asarray(vectors.any(axis=1))[rows.history] & (rows.items >= 0)
        known[known] = self.rated_[rows.items[known]]
        place = np.flatnonzero(known)
        found[place] = row_products(
            vectors, rows.history[place], self.item_factors_, rows.items[place]
        )
        return np.asarray(np.clip(found, 0, self.high_ - self.low_) + np.float32(self.low_))


class _Factors(nn.Module):
    """W and H, and the filled matrix that they are fitted to.

    Args:
        model: how a matrix is filled.
        users: the users with ratings.
    """

    w: Tensor
    h: Tensor

    def __init__(self, model: RatingNMF, users: Histories) -> None:
        super().__init__()
        self.model = model
        self.filled = model.filled_by_biases(users)
        self.known = model.observed(users)
        self.register_buffer("w", torch.zeros(len(users), model.dim))
        self.register_buffer("h", torch.zeros(model.dim, self.filled.shape[1]))
        self.passes = _FIRST_PASSES

    def step(self, *_: Tensor) -> Tensor:
        """Fill in and fit once; the mean squared error before it."""
        w, h = self.w.numpy(), self.h.numpy()
        first, model, filled = self.passes == _FIRST_PASSES, self.model, self.filled
        n, m = filled.shape
        if not first:
            model.fill(filled, w, h)
        rows, columns, values = self.known
        error = float(np.square(filled[rows, columns] - values, dtype=np.float64).mean())
        filled[rows, columns] = values
        w[:], h[:] = factorise(
            filled,
            model.dim,
            l2=(model.l2 * m, model.l2 * n),
            passes=self.passes,
            seed=model.seed,
            start=None if first else (w, h),
        )
        self.passes = _PASSES
        return torch.tensor(error)


@dataclass(frozen=True, eq=False)
class _Held:
    """Held-out ratings less the lowest one.

    Attributes:
        values: float32[n_rows].
        expected: float32[n_rows], what stands there where no factors are known.
        known: bool[n_rows], where they are.
        users: int64[n_known], rows of W.
        items: int64[n_known], columns of H.
        high: the highest value.
    """

    values: Float32
    expected: Float32
    known: Bool
    users: Int32
    items: Int64
    high: float

    @classmethod
    def of(cls, model: RatingNMF, holdout: Holdout, place: Int32) -> _Held:
        """Those of a holdout, given int32[n_users], rows of W or -1."""
        assert holdout.ratings is not None
        rows = holdout.rows
        bias = user_biases(rows.histories, model.mean_, model.item_bias_, _L2)[rows.history]
        expected = bias + of_items(model.item_bias_, rows.items, 0.0)
        users = np.where(rows.users >= 0, place[rows.users], -1)
        known = (users >= 0) & (rows.items >= 0)
        known[known] = model.rated_[rows.items[known]]
        columns = np.cumsum(model.rated_) - 1
        return cls(
            values=holdout.ratings - np.float32(model.low_),
            expected=expected + np.float32(model.mean_ - model.low_),
            known=known,
            users=users[known],
            items=columns[rows.items[known]],
            high=model.high_ - model.low_,
        )

    def squared_error(self, network: _Factors) -> float:
        """Mean squared error of W H, or of what is expected otherwise."""
        found = self.expected.copy()
        items = np.ascontiguousarray(network.h.numpy().T)
        found[self.known] = row_products(network.w.numpy(), self.users, items, self.items)
        return float(np.mean((np.clip(found, 0, self.high) - self.values) ** 2, dtype=np.float64))


def row_products(a: Float32, rows_a: AnyInt, b: Float32, rows_b: AnyInt) -> Float32:
    """float32[n], the products of rows of two matrices."""
    found = np.empty(len(rows_a), np.float32)
    for start in range(0, len(found), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        np.einsum("ij,ij->i", a[rows_a[part]], b[rows_b[part]], out=found[part])
    return found
