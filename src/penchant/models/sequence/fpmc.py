"""Factorised personalised Markov chains: what follows the last items, and whom it suits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.sorting import position_type
from penchant.models.base import Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, booleans, floats
from penchant.models.parameters import Space
from penchant.models.sequence.sessions import begins_session
from penchant.models.shared.histories_update import ReadsHistories, moved_rows
from penchant.models.shared.validation import ndcg_loss, some_users
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.sampled_softmax import Candidates
from penchant.nn.sequence.markov_factors import (
    MarkovFactors,
    contexts,
    markov_step,
    weighted_rows,
)
from penchant.nn.weighted_events import ROWS_AT_ONCE, WeightedEvents
from penchant.run import Run
from penchant.typing import Bool, Float32, Int64


class FPMC(ReadsHistories):
    """Scores u . v + c . w + b: the user's vector and that of the last items, each with the item's.

    Rendle et al., "Factorizing Personalized Markov Chains for Next-Basket Recommendation" (2010),
    eq. 7 without its constant terms, where c is the mean of the vectors of the last basket; here
    that of the last `window` events, each of which counts `event_decay` of the one after it. Events
    are foretold by a softmax over drawn items, as `sampled-softmax` does, in place of pairs. A
    share `id_dropout` of them is foretold without the user's vector, so that users who are not
    in the log, who have none, are answered well, too. An event counts by its weight. `update` takes
    in new events without training.

    With a validation holdout the epoch of the best nDCG@100 is kept, by 5,000 users at most.

    Attributes:
        dim: length of the vectors.
        window: how many last events of a history count.
        event_decay: what an event counts beside the one after it.
        id_dropout: share of events that are learned without the user's vector.
        l2: weight of the squares of the vectors of an event.
        negatives: items that are drawn for a batch.
        alpha: power of the number of events by which they are drawn; 0 draws all alike.
        learning_rate: of AdaGrad.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    window: Annotated[int, Field(gt=0), Space(1, 30, log=True)] = 10
    event_decay: Annotated[float, Field(gt=0, le=1), Space(0.3, 1)] = 0.75
    id_dropout: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.5
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.03
    negatives: Annotated[int, Field(gt=0), Space(64, 4096, log=True)] = 512
    alpha: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-2, 1, log=True)] = 0.1
    batch_size: Annotated[int, Field(gt=0), Space(128, 8192, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 4

    signal: ClassVar[Signal] = "order"
    event_bytes: ClassVar[float] = 40.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "trained_items_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_vectors_": floats("users", "dim"),
        "source_vectors_": floats("items", "dim"),
        "item_vectors_": floats("items", "twice_dim"),
        "item_bias_": floats("items"),
        "trained_": booleans("users"),
        "trained_items_": booleans("items"),
    }

    if TYPE_CHECKING:
        user_vectors_: Float32
        source_vectors_: Float32
        item_vectors_: Float32
        item_bias_: Float32

    def _cost(self, train: Dataset) -> FittingCost:
        drawn = min(self.negatives, train.n_items)
        window = min(self.window, int(train.user_counts.max(initial=0)))
        per_event = 3 * (drawn * (2 * self.dim + PASS) + window * self.dim * PASS)
        of_batch = min(self.batch_size, len(train)) * window * (self.dim + 4)
        return FittingCost(
            memory=16.0 * (self.dim * (train.n_users + 3 * train.n_items) + of_batch),
            multiply_adds=float(self.epochs * len(train) * per_event),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        users = train.histories.positives
        generator = torch.Generator().manual_seed(self.seed)
        network = MarkovFactors(train.n_users, train.n_items, self.dim, generator)
        self.trained_: Bool = np.bincount(users.users[users.rows], minlength=train.n_users) > 0
        counts = np.bincount(users.items, minlength=train.n_items).astype(np.float32)
        self.trained_items_: Bool = counts > 0
        network.zero_untrained(self.trained_, self.trained_items_)
        self.curve_: Curve = []
        self.best_epoch_ = 1
        weights = np.ones(users.n_events, np.float32)
        if users.weights is not None and users.n_events:
            weights = users.weights / users.weights.mean()
        if users.n_events:
            items, starts = _sequences(users)
            who = torch.from_numpy(users.users[users.rows])
            numbers = np.arange(users.n_events, dtype=position_type(users.n_events))
            events = WeightedEvents((numbers, weights), None, generator)
            self.curve_, self.best_epoch_ = train_network(
                network,
                markov_step(
                    network,
                    (items, who, starts),
                    self._decays(int(users.lengths.max())),
                    Candidates(torch.from_numpy(counts), self.alpha, self.negatives, generator),
                    learning_rate=self.learning_rate,
                    l2=self.l2,
                    id_dropout=self.id_dropout,
                    generator=generator,
                ),
                lambda: events.blocks(ROWS_AT_ONCE),
                Schedule.of(self),
                generator=generator,
                validate=partial(self._validation_loss, network, some_users(validation, self.seed))
                if validation
                else None,
                run=run,
                name=type(self).__name__,
            )
        self._keep(network)

    def _move(self, user_places: Int64, n_users: int, item_places: Int64, n_items: int) -> None:
        self.user_vectors_ = moved_rows(self.user_vectors_, user_places, n_users)
        self.trained_ = moved_rows(self.trained_, user_places, n_users)
        self.source_vectors_ = moved_rows(self.source_vectors_, item_places, n_items)
        self.item_vectors_ = moved_rows(self.item_vectors_, item_places, n_items)
        self.item_bias_ = moved_rows(self.item_bias_, item_places, n_items)
        self.trained_items_ = moved_rows(self.trained_items_, item_places, n_items)

    def _decays(self, longest: int) -> Tensor:
        """float32[n], what the last events count, the latest first, of histories up to a length."""
        return torch.tensor(self.event_decay) ** torch.arange(min(self.window, longest))

    def _keep(self, network: MarkovFactors) -> None:
        self.user_vectors_ = network.base.users.numpy().copy()
        self.source_vectors_ = network.sources.numpy().copy()
        self.item_vectors_ = network.base.items[:, :-1].numpy().copy()
        self.item_bias_ = network.base.items[:, -1].numpy().copy()

    def _validation_loss(self, network: MarkovFactors, holdout: Holdout) -> float:
        self._keep(network)
        return ndcg_loss(self._scores, holdout)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the losses of events."""
        return True

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], where there is a history, and a vector of the user is made of it."""
        return super().has_evidence(users) & self.user_vectors(users).any(axis=1)

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, 2 dim]: the user's vector, or zeros, and that of the last items."""
        known = (users.users >= 0) & self.trained_[users.users]
        own = np.where(known[:, None], self.user_vectors_[users.users], np.float32(0))
        recent = users.positives.last_session
        last = np.zeros_like(own)
        if recent.n_events:
            rows, shares = contexts(
                torch.from_numpy(recent.items.astype(np.int64)),
                torch.from_numpy(recent.offsets[:-1]),
                torch.from_numpy(recent.offsets[1:]),
                self._decays(int(recent.lengths.max())),
            )
            last = weighted_rows(torch.from_numpy(self.source_vectors_), rows, shares).numpy()
        return np.concatenate([own, last], axis=1)

    def item_vectors(self) -> Float32:
        """float32[n_items, 2 dim], what goes with users beside what goes with last items."""
        return self.item_vectors_

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_vectors(users) @ self.item_vectors_.T
        scores += self.item_bias_
        if not self.trained_items_.all():  # nothing is known of these, and they come last
            lowest = scores.min(axis=1, keepdims=True, initial=0) - 1
            scores[:, ~self.trained_items_] = lowest
        return scores


def _sequences(users: Histories) -> tuple[Tensor, Tensor]:
    """int32[n_events], items, and int[n_events], where each one's session or history begins."""
    begins = begins_session(users)
    numbers = position_type(users.n_events)
    starts = np.flatnonzero(begins).astype(numbers)[np.cumsum(begins, dtype=numbers) - 1]
    return torch.tensor(users.items), torch.from_numpy(starts)
