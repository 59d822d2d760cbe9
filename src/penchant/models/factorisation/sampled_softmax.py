"""Matrix factorisation by a softmax over the items, of which some are drawn."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.fitted_attributes import Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.ranking_base import RankingFactorModel
from penchant.models.shared.validation import ndcg_loss
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.ranking_factors import RankingFactors
from penchant.nn.removal import of_events
from penchant.nn.sampled_softmax import (
    Candidates,
    fit_softmax_rows,
    softmax_row_falls,
    softmax_step,
)
from penchant.nn.weighted_events import ROWS_AT_ONCE, WeightedEvents
from penchant.run import Run
from penchant.typing import Float32, Int32

_FOLD_IN_CANDIDATES = 5_000  # items over which new users' softmax is, drawn where there are more


class SampledSoftmax(RankingFactorModel):
    """Vectors of users and items whose products foretell the item of each event.

    The chance of an item is the softmax of u . v + b over all items; its sum is estimated by
    `negatives` items that are drawn for each batch with a chance of their number of events to
    the power `alpha`, each divided by how often it is expected to be drawn: Bengio and Senécal,
    "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
    Model" (2008); Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item
    Recommendation" (2022). Where there are no more items than that, it is exact. An event counts
    by its weight, by AdaGrad on batches. A new user gets the vector that makes the history most
    likely, with the items' vectors as they are.

    With a validation holdout the epoch of the best nDCG@100 is kept.

    Attributes:
        l2: weight of the squares of the vectors of an event's user and item.
        negatives: items that are drawn for a batch.
        alpha: power of the number of events by which they are drawn; 0 draws all alike.
        learning_rate: of AdaGrad.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.05
    negatives: Annotated[int, Field(gt=0), Space(64, 4096, log=True)] = 512
    alpha: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-2, 1, log=True)] = 0.1
    batch_size: Annotated[int, Field(gt=0), Space(128, 8192, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 4

    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "item_events_"})
    fitted_attributes: ClassVar[Declarations] = {"item_events_": floats("items", low=0)}

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        histories = train.histories
        weights = histories.event_weights
        counts = weights > 0
        some = slice(None) if counts.all() else counts  # of which there is no copy
        rows, items = histories.rows[some], histories.items[some]
        self.item_events_ = np.bincount(items, minlength=train.n_items).astype(np.float32)
        generator = torch.Generator().manual_seed(self.seed)
        network = RankingFactors(train.n_users, train.n_items, self.dim, generator)
        users = np.bincount(rows, minlength=train.n_users) > 0
        self._start(network, users, self.item_events_ > 0)
        self.curve_: Curve = []
        self.best_epoch_ = 1
        if not len(rows):
            self._keep(network)
            return
        events = WeightedEvents((rows, items, weights[some]), None, generator)
        candidates = self._candidates(self.negatives, generator)
        self.curve_, self.best_epoch_ = train_network(
            network,
            softmax_step(network, candidates, learning_rate=self.learning_rate, l2=self.l2),
            lambda: events.blocks(ROWS_AT_ONCE),
            Schedule.of(self),
            generator=generator,
            validate=(lambda: self._validation_loss(network, validation)) if validation else None,
            run=run,
            name=type(self).__name__,
        )
        self._keep(network)

    def _candidates(self, n: int, generator: torch.Generator) -> Candidates:
        return Candidates(torch.from_numpy(self.item_events_), self.alpha, n, generator)

    def _validation_loss(self, network: RankingFactors, holdout: Holdout) -> float:
        users, items = network.users.numpy(), network.items.numpy()

        def scores(histories: Histories) -> Float32:
            known = histories.users >= 0
            p = np.where(known[:, None], users[histories.users], np.float32(0))
            return np.asarray(p @ items[:, : self.dim].T + items[:, self.dim])

        return ndcg_loss(scores, holdout)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the losses of events."""
        return True

    @property
    def fold_in_candidates(self) -> Candidates:
        """What is drawn, always the same, for the softmax of new users."""
        generator = torch.Generator().manual_seed(self.seed)
        return self._candidates(_FOLD_IN_CANDIDATES, generator)

    def _fitted_rows(self, users: Histories) -> Float32:
        return fit_softmax_rows(
            users.matrix("weight"),
            self.item_vectors_,
            self.item_bias_,
            self.l2,
            self.fold_in_candidates,
        )

    def _row_falls(self, user: Histories, items: Int32) -> Float32:
        drawn, log_expected = self.fold_in_candidates.draw()
        others = self.item_vectors_[drawn], self.item_bias_[drawn] - log_expected.numpy()
        had = user.matrix("weight")
        falls = softmax_row_falls(
            self.user_vectors(user)[0],
            had.data / had.data.sum(),
            self.item_vectors_[had.indices],
            self.item_vectors_[items],
            others,
            self.l2,
        )
        return of_events(falls, had.indices, user)
