"""LightGCN: vectors propagated over the graph of users and items."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import TRAINING, Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.histories_update import ReadsHistories, moved_rows
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.validation import ndcg_loss, some_users
from penchant.nn.graph.lightgcn import PropagatedFactors, lightgcn_step, vectors_of
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.sampled_softmax import Candidates
from penchant.run import Run
from penchant.typing import Bool, Csr, Float32, Int32, Int64

_BATCHES, _FEWEST = 8, 64  # batches of an epoch by default, and users in one at least
_ALPHA = 0.5  # power of the number of events by which items are drawn


class LightGCN(ReadsHistories):
    """Vectors of users and items, of which scores take the mean over layers of a graph.

    Each layer is the sum of the neighbours' vectors over the roots of both numbers of events: He
    et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation"
    (2020). The loss is not theirs but the softmax over all items, as in Wu et al., "On the
    Effectiveness of Sampled Softmax Loss for Item Recommendation" (2022): it has slopes for all
    events of many users at once, so that an epoch takes few propagations and steps of Adam instead
    of one for each two thousand events. Where there are more than `negatives` items, the softmax
    is estimated by so many that are drawn for each batch.

    An event counts by its weight. A user's layers above the lowest are made of the events of the
    history as it is, so that new events count at once, which `update` takes in without training; of
    the lowest, a new user's vector is 0.
    With a validation holdout the epoch of the best nDCG@100 is kept.

    Attributes:
        dim: length of the vectors.
        layers: how many times neighbours are summed up.
        l2: weight of the squares of vectors before propagation, beside the sum of the losses of
            all events.
        negatives: the most items over which the softmax is exact, and otherwise how many are drawn.
        learning_rate: of Adam.
        batch_size: users in a batch. None is an eighth of those with events, and 64 at least.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    layers: Annotated[int, Field(ge=0), Space(1, 4)] = 3
    l2: Annotated[float, Field(ge=0), Space(0.05, 5, log=True)] = 0.7
    negatives: Annotated[int, Field(gt=0), Space(512, 8192, log=True)] = 4096
    learning_rate: Annotated[float, Field(gt=0), Space(1e-2, 0.3, log=True)] = 0.05
    batch_size: Annotated[int | None, Field(gt=0)] = None
    epochs: Annotated[int, Field(gt=0)] = 40
    patience: Annotated[int | None, Field(gt=0)] = 4

    signal: ClassVar[Signal] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "own_vectors_": floats("users", "dim"),
        "messages_": floats("items", "dim"),
        "item_vectors_": floats("items", "dim"),
    }

    def _batch_size(self, n_users: int) -> int:
        return self.batch_size or max(_FEWEST, -(-n_users // _BATCHES))

    def _cost(self, train: Dataset) -> FittingCost:
        n_users = int(np.count_nonzero(train.user_counts))
        n_items = int(np.count_nonzero(train.item_counts))
        rows = train.n_users + train.n_items
        batches = -(-n_users // self._batch_size(n_users))
        scores = n_users * min(self.negatives, n_items) * (3 * self.dim + 2 * PASS)
        step = self.dim * (4 * self.layers * len(train) + 6 * PASS * rows)
        return FittingCost(
            memory=4.0 * 12 * rows * self.dim + 32.0 * len(train),
            multiply_adds=float(self.epochs * (scores + batches * step)),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        x = train.histories.matrix("weight")
        network = PropagatedFactors(x, self.dim, self.layers, generator)
        self.curve_: Curve = []
        self.best_epoch_ = 1
        users = torch.from_numpy(np.flatnonzero(np.diff(x.indptr)))
        if len(users):
            events = torch.from_numpy(train.histories.popularity)
            candidates = Candidates(events, _ALPHA, self.negatives, generator)
            held = validation and some_users(validation, self.seed)
            self.curve_, self.best_epoch_ = train_network(
                network,
                lightgcn_step(network, candidates, learning_rate=self.learning_rate, l2=self.l2),
                (users,),
                Schedule(
                    epochs=self.epochs,
                    batch_size=self._batch_size(len(users)),
                    patience=self.patience,
                    kernel_rows=train.n_users + train.n_items,
                ),
                generator=generator,
                validate=partial(self._validation_loss, network, held) if held else None,
                run=run,
                name=type(self).__name__,
            )
        self.own_vectors_, self.messages_, self.item_vectors_ = network.tables()

    def _validation_loss(self, network: PropagatedFactors, holdout: Holdout) -> float:
        own, messages, items = network.tables()

        def scores(users: Histories) -> Float32:
            x = users.matrix("weight")
            vectors = vectors_of(_rows_of(own, users), messages, x)
            return np.asarray(vectors @ items.T, np.float32)

        return ndcg_loss(scores, holdout)

    def _move(self, user_places: Int64, n_users: int, item_places: Int64, n_items: int) -> None:
        self.own_vectors_ = moved_rows(self.own_vectors_, user_places, n_users)
        self.messages_ = moved_rows(self.messages_, item_places, n_items)
        self.item_vectors_ = moved_rows(self.item_vectors_, item_places, n_items)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the losses of events and the sums of neighbours."""
        return True

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], where there is a history, and a vector of the user is made of it."""
        return super().has_evidence(users) & self.user_vectors(users).any(axis=1)

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], from the histories as they are; zeros for new users without."""
        own = _rows_of(self.own_vectors_, users)
        return vectors_of(own, self.messages_, users.matrix("weight"))

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        return self.item_vectors_

    @derived_from("item_vectors_")
    def _without_events(self) -> Bool:
        """bool[n_items], items that nothing was learned of: their vectors are zeros."""
        return np.asarray(~self.item_vectors_.any(axis=1))

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_vectors(users) @ self.item_vectors_.T
        if self._without_events.any():  # they come last
            scores[:, self._without_events] = scores.min(1, keepdims=True, initial=0) - 1
        return scores

    def removal_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], how scores fall without each event, in closed form.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        x: Csr = user.matrix("weight")
        effects = np.zeros((len(items), user.n_events), np.float32)
        if not x.nnz:
            return effects
        messages = self.messages_[x.indices]
        n, total = float(x.nnz), x.data @ messages
        # Weights of n items sum up to n, and those of the others to n - 1.
        rest = np.maximum(n - x.data.astype(np.float64), 1e-9)[:, None]
        without = np.sqrt(n - 1) / rest * (total - x.data[:, None] * messages)
        moved = total / np.sqrt(n) - without
        falls = self.item_vectors_[items] @ moved.T
        falls[self._without_events[items]] = 0
        place = np.searchsorted(x.indices, user.items)
        there = user.is_latest & user.is_positive
        effects[:, there] = falls[:, place[there]]
        return effects


def _rows_of(own: Float32, users: Histories) -> Float32:
    """float32[n_users, dim], of known users, and zeros of others."""
    rows: Float32 = np.where((users.users >= 0)[:, None], own[users.users], np.float32(0))
    return rows
