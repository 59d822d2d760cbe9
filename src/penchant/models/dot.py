"""Networks whose prediction is a dot product of a user's and an item's vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from pydantic import Field
from scipy.special import expit
from torch import Tensor, nn
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Interaction, Like, Rating, Target
from penchant.errors import DataError, ParameterError
from penchant.models.base import Learns, Recommender
from penchant.models.parameters import AnyTarget, Space
from penchant.nn.loop import Arrays, Schedule, Step, gradient_step
from penchant.nn.loop import train as train_network
from penchant.nn.negatives import UniformNegatives
from penchant.nn.rows import RowAdam, RowTable
from penchant.run import Run
from penchant.topk import CACHED_CELLS

Floats = npt.NDArray[np.float32]
Loss = Literal["auto", "mse", "mae", "bce"]

RATING: Target = Rating()


class DotNetwork(nn.Module):
    """weight * (p_u . q_i) + offset, and where wanted a bias of each user and item.

    The last row of each table serves users and items that training has not seen. A bias is the
    last column of its table.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of the vectors.
        biases: whether there are biases.
        by_rows: whether tables are updated by `RowAdam` rather than by a dense optimiser.
        generator: source of the initial weights.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        dim: int,
        *,
        biases: bool,
        by_rows: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.dim, self.biases = dim, biases
        self.users, self.items = (
            self._table(n + 1, by_rows, generator) for n in (n_users, n_items)
        )
        self.output = nn.Parameter(torch.tensor([1.0, 0.0]))  # weight and offset

    def _table(
        self, rows: int, by_rows: bool, generator: torch.Generator
    ) -> RowTable | nn.Embedding:
        weights = torch.randn(rows, self.dim + self.biases, generator=generator)
        weights *= 0.01
        if self.biases:
            weights[:, -1] = 0
        if by_rows:
            return RowTable(weights)
        return nn.Embedding(rows, weights.shape[1], _weight=weights)

    def combine(self, p: Tensor, q: Tensor) -> Tensor:
        """float32[n], the prediction for each pair of vectors, before any sigmoid."""
        dot = (p[:, : self.dim] * q[:, : self.dim]).sum(1)
        weight, offset = self.output
        out = torch.addcmul(offset, dot, weight)
        return out + p[:, -1] + q[:, -1] if self.biases else out

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """float32[n], the prediction for each pair of int64[n] users and items."""
        return self.combine(self.users(users), self.items(items))


@dataclass(kw_only=True, eq=False, repr=False)
class DotProduct(Recommender):
    """The dot product of a user's and an item's learned vectors, with biases.

    A network of user and item embeddings joined by a dot product and one linear unit. What it
    learns is the `target`; with `interaction` it learns events against negatives that are drawn
    afresh each epoch. New users get a vector fitted to their history, all else held fixed.

    Attributes:
        dim: length of the vectors.
        target: `rating`, `adjusted(5,1)`, `like>=4` or `interaction`.
        loss: `mse`, `mae`, `bce`; `auto` is bce for likes and interactions, otherwise mse.
        biases: whether users and items have a bias each, and the output starts at the mean.
        l2: weight decay of the rows in a batch.
        learning_rate: of Adam.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
        negatives: negatives for each event where the target is `interaction`.
        optimiser: `rows` updates the rows of a batch alone, which is many times faster; `dense`
            all rows, moments included, as ordinary Adam does.
    """

    dim: Annotated[int, Field(gt=0), Space(1, 128, log=True)] = 32
    target: AnyTarget = RATING
    loss: Loss = "auto"
    biases: bool = True
    l2: Annotated[float, Field(ge=0), Space(1e-3, 1, log=True)] = 0.1
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.003
    batch_size: Annotated[int, Field(gt=0), Space(128, 16384, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    negatives: Annotated[int, Field(gt=0), Space(1, 20)] = 4
    optimiser: Literal["rows", "dense"] = "rows"

    learns: ClassVar[Learns] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss == "bce" and not isinstance(self.target, Like | Interaction):
            raise ParameterError(
                f"The loss bce needs targets of 0 and 1, and the target is {self.target}: use "
                "like>=4 or interaction, or the loss mse."
            )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if self.target.needs_ratings and not train.has_ratings:
            raise DataError(
                f"The target {self.target} needs ratings, and the log {train.name!r} has none: "
                "use target=interaction."
            )
        generator = torch.Generator().manual_seed(self.seed)
        network = DotNetwork(
            train.n_users,
            train.n_items,
            self.dim,
            biases=self.biases,
            by_rows=self.optimiser == "rows",
            generator=generator,
        )
        users, items = _indices(train.events["user"]), _indices(train.events["item"])
        last = train.n_users, train.n_items
        data: Callable[[], Arrays] | Arrays
        validate = None
        if isinstance(self.target, Interaction):
            sampler = UniformNegatives(users, items, train.n_items, generator)
            data = partial(sampler.mix, users, items, self.negatives)
            held = validation and sampler.mix(*_pairs(validation, *last), self.negatives)
        else:
            data = (users, items, torch.tensor(self.target.of_ratings(train.ratings)))
            if self.biases and not self._logistic:
                network.output.data[1] = data[2].mean()
            held = validation and (*_pairs(validation, *last), self._targets(validation))
        if held:
            *pairs, truth = held
            validate = lambda: float(self._loss(network(*pairs), truth))  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            self.training_step(network),
            data,
            Schedule(
                epochs=self.epochs,
                batch_size=self.batch_size,
                patience=self.patience,
                min_delta=self.min_delta,
            ),
            generator=generator,
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.target})",
        )
        self._keep(network, train)

    def training_step(self, network: DotNetwork) -> Step:
        """How a batch is learned from."""
        users, items = network.users, network.items
        if not (isinstance(users, RowTable) and isinstance(items, RowTable)):
            adam = torch.optim.Adam(
                network.parameters(), lr=self.learning_rate, eps=1e-7, fused=True
            )
            return gradient_step(partial(self._regularised, network), [adam])
        optimiser = RowAdam([users, items], [network.output], self.learning_rate)
        return torch.no_grad()(partial(self._step_by_hand, network, optimiser))

    def _step_by_hand(
        self, network: DotNetwork, optimiser: RowAdam, users: Tensor, items: Tensor, truth: Tensor
    ) -> Tensor:
        """`_regularised` and its gradient written out, a third of the operations."""
        optimiser.zero_grad()
        p, q = network.users(users), network.items(items)
        weight, offset = network.output.tolist()
        dim = self.dim
        p_vector, q_vector = (p[:, :dim], q[:, :dim]) if self.biases else (p, q)
        dot = torch.linalg.vecdot(p_vector, q_vector) if dim > 1 else (p_vector * q_vector)[:, 0]
        output = dot * weight + offset
        if self.biases:
            output += p[:, dim]
            output += q[:, dim]
        value = self._loss(output, truth)
        if self._logistic:
            slope = torch.sigmoid_(output).sub_(truth)
        elif self.loss == "mae":
            slope = output.sub_(truth).sign_()
        else:
            slope = output.sub_(truth).mul_(2)
        slope /= len(truth)
        scaled = (slope * weight)[:, None]
        for mine, other, vector in ((p, q_vector, p), (q, p_vector, q)):
            gradient = torch.empty_like(mine)
            torch.mul(other, scaled, out=gradient[:, :dim])
            if self.biases:
                gradient[:, dim] = slope
            if self.l2:
                gradient.add_(vector, alpha=2 * self.l2 / len(truth))
                value = value + self.l2 / len(truth) * vector.square().sum()
            mine.grad = gradient
        network.output.grad = torch.stack([slope @ dot, slope.sum()])
        optimiser.step()
        return value

    @property
    def _logistic(self) -> bool:
        """Whether outputs pass through a sigmoid."""
        if self.loss == "auto":
            return isinstance(self.target, Like | Interaction)
        return self.loss == "bce"

    def _loss(self, output: Tensor, truth: Tensor) -> Tensor:
        if self._logistic:
            return functional.binary_cross_entropy_with_logits(output, truth)
        if self.loss == "mae":
            return functional.l1_loss(output, truth)
        return functional.mse_loss(output, truth)

    def _regularised(
        self, network: DotNetwork, users: Tensor, items: Tensor, truth: Tensor
    ) -> Tensor:
        p, q = network.users(users), network.items(items)
        value = self._loss(network.combine(p, q), truth)
        if self.l2:
            value = value + self.l2 / len(truth) * (p.square().sum() + q.square().sum())
        return value

    def _targets(self, holdout: Holdout) -> Tensor:
        assert holdout.ratings is not None  # a part of the same log as training
        return torch.tensor(self.target.of_ratings(holdout.ratings))

    def _settled(self) -> dict[str, Any]:
        return {"epochs": self.best_epoch_}

    def _keep(self, network: DotNetwork, train: Dataset) -> None:
        """Store vectors and biases; rows that training never touched say nothing.

        Negatives touch the items without events, too.
        """
        network.eval()
        tables = []
        drawn = isinstance(self.target, Interaction)
        for table, untouched in (
            (network.users.weight, train.user_counts == 0),
            (network.items.weight, (train.item_counts == 0) & (not drawn)),
        ):
            rows = table.detach().numpy()[:-1].copy()
            rows[untouched] = 0
            tables.append(rows)
        # Copies rather than views: how products are rounded depends on where rows lie in memory,
        # and a restored model has them without gaps.
        self.user_vectors_, self.item_vectors_ = (rows[:, : self.dim].copy() for rows in tables)
        if self.biases:
            self.user_bias_, self.item_bias_ = (rows[:, -1].copy() for rows in tables)
        self.weight_, self.offset_ = network.output.detach().tolist()

    # Predicting

    def item_vectors(self) -> Floats:
        """float32[n_items, dim]."""
        return self.item_vectors_

    def user_rows(self, users: Histories) -> tuple[Floats, Floats]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias.

        Users without a trained vector get the one that fits their history best.
        """
        vectors = self.user_vectors_[users.users]
        bias = self.user_bias_[users.users] if self.biases else np.zeros(len(users), np.float32)
        trained = (users.users >= 0) & (vectors != 0).any(axis=1)
        for n in np.flatnonzero(~trained):
            vectors[n], bias[n] = self._fold_in(users.take([n]))
        return vectors, bias

    def _fold_in(self, user: Histories) -> tuple[Floats, float]:
        """The vector and bias that minimise the loss over one history, by Newton's method."""
        items, truth = user.items, None
        if isinstance(self.target, Interaction):
            rng = np.random.default_rng(self.seed)
            drawn = rng.integers(user.n_items, size=len(items) * self.negatives)
            drawn = drawn[~np.isin(drawn, items)]
            truth = np.append(np.ones(len(items)), np.zeros(len(drawn)))
            items = np.append(items, drawn)
        elif user.ratings is not None:
            truth = self.target.of_ratings(user.ratings).astype(np.float64)
        if truth is None or not len(items):
            return np.zeros(self.dim, np.float32), 0.0
        x = np.ones((len(items), self.dim + self.biases))
        x[:, : self.dim] = self.weight_ * self.item_vectors_[items]
        base = np.full(len(items), self.offset_)
        if self.biases:
            base += self.item_bias_[items]
        found = np.zeros(x.shape[1])
        ridge = np.eye(len(found)) * (self.l2 + 1e-6) * len(items)
        for _ in range(8 if self._logistic else 1):
            output = base + x @ found
            slope, curvature = 2 * (output - truth), np.full(len(items), 2.0)
            if self._logistic:
                chance = expit(output)
                slope, curvature = chance - truth, np.maximum(chance * (1 - chance), 1e-6)
            gradient = x.T @ slope + 2 * ridge @ found
            found -= np.linalg.solve((x.T * curvature) @ x + 2 * ridge, gradient)
        bias = float(found[-1]) if self.biases else 0.0
        return found[: self.dim].astype(np.float32), bias

    def _scores(self, users: Histories) -> Floats:
        vectors, bias = self.user_rows(users)
        left = torch.from_numpy(vectors * np.float32(self.weight_))
        scores = np.asarray((left @ torch.from_numpy(self.item_vectors_).T).numpy())
        if self.biases:
            scores += self.item_bias_
        scores += (bias + np.float32(self.offset_))[:, None]
        return scores

    def predict(self, rows: Rows) -> Floats:
        """float32[n_rows], predictions on the scale of the target."""
        vectors, bias = self.user_rows(rows.histories)
        known = rows.items >= 0
        items = np.where(known, rows.items, 0)
        dot = np.einsum("nd,nd->n", vectors[rows.history], self.item_vectors_[items])
        output = np.where(known, dot * np.float32(self.weight_), 0) + bias[rows.history]
        if self.biases:
            output += np.where(known, self.item_bias_[items], 0)
        output = (output + np.float32(self.offset_)).astype(np.float32)
        return np.asarray(expit(output), np.float32) if self._logistic else output


def _indices(column: pl.Series) -> Tensor:
    return torch.from_numpy(column.to_numpy().astype(np.int64))


def _pairs(holdout: Holdout, last_user: int, last_item: int) -> tuple[Tensor, Tensor]:
    """int64[n_rows] users and items; -1, a user or item unseen in training, is the last row."""
    users, items = (torch.tensor(x, dtype=torch.int64) for x in (holdout.rows.users, holdout.items))
    users[users < 0] = last_user
    items[items < 0] = last_item
    return users, items
