"""The trivial answer where events have an order: what most often followed the last item."""

from __future__ import annotations

from typing import ClassVar

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Task
from penchant.models.sequence.transitions import (
    TransitionModel,
    divided_rows,
    last_event_weights,
    transition_counts,
)
from penchant.run import Run
from penchant.typing import Float32


class MarkovChain(TransitionModel):
    """Scores an item by how often it came right after the last item of the history.

    That is a first-order Markov chain with the chances that were counted: the share of the events
    right after the item that were with the other one. What never followed it comes in the order of
    popularity. An event counts by its weight.

    `update` takes further events in: the model is then what a new fit to all events is.
    """

    baseline_for: ClassVar[frozenset[Task]] = frozenset({"ranking"})
    event_bytes: ClassVar[float] = 40.0

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.weights_ = divided_rows(transition_counts(train.histories, 1, 1.0), 1.0)

    def _event_weights(self, users: Histories) -> Float32:
        return last_event_weights(users, 1, 1.0)
