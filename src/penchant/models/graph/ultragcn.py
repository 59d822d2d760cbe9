"""UltraGCN: vectors trained as if they had been propagated endlessly over the graph."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.fitted_attributes import Declarations, floats, sparse_matrix
from penchant.models.parameters import Space
from penchant.models.shared.ranking_base import RankingFactorModel
from penchant.models.shared.sparse_rows import strongest_products
from penchant.models.shared.validation import ndcg_loss, some_users
from penchant.nn.graph.ultragcn import (
    PairWeights,
    UltraFactors,
    fitted_users,
    similarity_scales,
    ultragcn_step,
    user_falls,
)
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.removal import of_events
from penchant.nn.sampled_softmax import Candidates
from penchant.run import Run
from penchant.typing import Csr, Float32, Int32


class UltraGCN(RankingFactorModel):
    """Vectors of users and items, learned from pairs that weigh as endless propagation would.

    The loss is the log loss of events and of other items, in which a pair counts 1 plus
    `constraint` times beta, and of each event's most similar items, which count `item_constraint`
    times omega: Mao et al., "UltraGCN: Ultra Simplification of Graph Convolutional Networks for
    Recommendation" (2021), eq. 9 to 16. Unlike theirs, items have a bias, which starts at their
    popularity; a batch has all events of some users and one draw of negatives, so that it is
    learned in products of whole arrays, or in all other items where there are no more than
    `negatives`. An event counts by its weight.

    New users get the vector of least loss for their history, with the items' as they are. With
    a validation holdout the epoch of the best nDCG@100 is kept. Fitting takes 16 bytes × (users +
    items) × `dim`, 12 bytes × items × `neighbours`, and for a batch 12 bytes × events ×
    `neighbours`; co-occurrences of all items are never held at once.

    Attributes:
        l2: weight of the squares of vectors, beside the sum of the losses of all events.
        constraint: weight of beta, which is larger for rare items and for users with few events.
        item_constraint: weight of the similar items.
        neighbours: similar items of each item.
        negative_weight: what all other items count together beside one event.
        negatives: the most items of which all count, and otherwise how many are drawn for a batch.
        learning_rate: of Adam.
        batch_size: users in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    l2: Annotated[float, Field(ge=0), Space(0.1, 30, log=True)] = 3.0
    constraint: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 1.0
    item_constraint: Annotated[float, Field(ge=0), Space(1e-3, 10, log=True)] = 1e-3
    neighbours: Annotated[int, Field(gt=0), Space(5, 50, log=True)] = 10
    negative_weight: Annotated[float, Field(gt=0), Space(0.1, 100, log=True)] = 10.0
    negatives: Annotated[int, Field(gt=0), Space(512, 8192, log=True)] = 4096
    learning_rate: Annotated[float, Field(gt=0), Space(3e-3, 0.1, log=True)] = 0.03
    batch_size: Annotated[int, Field(gt=0), Space(64, 2048, log=True)] = 256
    epochs: Annotated[int, Field(gt=0)] = 40
    patience: Annotated[int | None, Field(gt=0)] = 4

    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "item_events_"})
    fitted_attributes: ClassVar[Declarations] = {
        "item_events_": floats("items", low=0),
        "similar_": sparse_matrix("items", "items"),
    }

    def _cost(self, train: Dataset) -> FittingCost:
        n_users = int(np.count_nonzero(train.user_counts))
        n_items = int(np.count_nonzero(train.item_counts))
        rows = train.n_users + train.n_items
        scores = n_users * min(self.negatives, n_items) * (3.0 * self.dim + 3 * PASS)
        events = 8.0 * len(train) * (1 + self.neighbours) * self.dim
        step = 10.0 * PASS * n_items * self.dim  # of Adam, of items
        together = float(np.square(train.user_counts, dtype=np.float64).sum())
        batches = -(-n_users // self.batch_size)
        return FittingCost(
            memory=16.0 * rows * self.dim + 12.0 * train.n_items * self.neighbours,
            multiply_adds=self.epochs * (scores + events + batches * step) + together,
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        x = train.histories.matrix("weight")
        self.item_events_ = np.asarray(x.sum(axis=0), np.float32).ravel()
        self.similar_ = self._most_similar(x)
        network = UltraFactors(x, self.dim, self.negative_weight, generator)
        self.trained_ = np.diff(x.indptr) > 0
        self.curve_: Curve = []
        self.best_epoch_ = 1
        users = torch.from_numpy(np.flatnonzero(self.trained_))
        if len(users):
            candidates = Candidates(
                torch.from_numpy(self.item_events_), 0, self.negatives, generator
            )
            held = validation and some_users(validation, self.seed)
            self.curve_, self.best_epoch_ = train_network(
                network,
                ultragcn_step(
                    network,
                    x,
                    self.pair_weights,
                    candidates,
                    learning_rate=self.learning_rate,
                    l2=self.l2,
                ),
                (users,),
                Schedule.of(self),
                generator=generator,
                validate=(lambda: _validation_loss(network, held)) if held else None,
                run=run,
                name=type(self).__name__,
            )
        items = network.items.weight.numpy()
        self.user_vectors_ = network.users.weight.numpy().copy()
        self.item_vectors_, self.item_bias_ = items[:, :-1].copy(), items[:, -1].copy()

    def _most_similar(self, x: Csr) -> Csr:
        """csr[n_items, n_items], omega of the nearest items of each."""
        by_row, by_column = similarity_scales(x)
        by_item = x.T.tocsr()
        return strongest_products(
            by_item,
            by_item,
            self.neighbours,
            lambda together, row, column: together * by_row[row] * by_column[column],
        )

    @property
    def pair_weights(self) -> PairWeights:
        """What pairs weigh in the loss."""
        return PairWeights(
            self.item_events_,
            self.similar_,
            self.constraint,
            self.item_constraint,
            self.negative_weight,
        )

    @property
    def _item_rows(self) -> Float32:
        """float32[n_items, dim + 1], vectors and biases."""
        return np.column_stack([self.item_vectors_, self.item_bias_])

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the losses of events."""
        return True

    def _fitted_rows(self, users: Histories) -> Float32:
        return fitted_users(users.matrix("weight"), self._item_rows, self.pair_weights, self.l2)

    def _row_falls(self, user: Histories, items: Int32) -> Float32:
        row, had = self.user_vectors(user)[0], user.matrix("weight")
        falls = user_falls(row, had, self._item_rows, self.pair_weights, self.l2, items)
        return of_events(falls, had.indices, user)


def _validation_loss(network: UltraFactors, holdout: Holdout) -> float:
    users, items = network.users.weight.numpy(), network.items.weight.numpy()

    def scores(histories: Histories) -> Float32:
        p = np.where((histories.users >= 0)[:, None], users[histories.users], np.float32(0))
        return np.asarray(p @ items[:, :-1].T + items[:, -1])

    return ndcg_loss(scores, holdout)
