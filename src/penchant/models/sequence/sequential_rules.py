"""What tends to follow the last items of a history, not only right after them."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.parameters import Space
from penchant.models.sequence.transitions import (
    TransitionModel,
    divided_rows,
    last_event_weights,
    transition_counts,
)
from penchant.models.shared.sparse_rows import strongest_entries
from penchant.run import Run
from penchant.typing import Float32

_BYTES_OF_A_PAIR = 24.0  # two indices and a number, in the sum and in what is added


class SequentialRules(TransitionModel):
    """Scores an item by how often it came soon after the last items of the history.

    A pair of events with a others between them counts `event_decay` to the power of a, up to
    `window` events apart, and the a-th last event of the history, from 0, the same again. The
    counts of an item are divided by the power `source_exponent` of their sum: 1 makes chances of
    them, by which one that was seen twice weighs as much as one seen a thousand times. Where only
    the last event of the history counts, with weights 1 / (a + 1) in place of powers, these are the
    sequential rules of Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms"
    (2018), section 3.1. What came before an item counts `backward` as much as what came after it.
    An event counts by its weight.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        window: how many events after an item still follow it, and how many last events of the
            history count.
        event_decay: what an event counts beside the one next to it, further away.
        source_exponent: power of an item's transitions by which each of them is divided.
        backward: what a pair counts in the other order.
        neighbours: the most frequent followers of an item that are kept.
    """

    window: Annotated[int, Field(gt=0), Space(1, 30, log=True)] = 10
    event_decay: Annotated[float, Field(gt=0, le=1), Space(0.3, 1)] = 0.75
    source_exponent: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.5
    backward: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.3
    neighbours: Annotated[int, Field(gt=0), Space(50, 2000, log=True)] = 1000

    def _cost(self, train: Dataset) -> FittingCost:
        return FittingCost(memory=_BYTES_OF_A_PAIR * len(train) * self.window)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        counts = transition_counts(train.histories, self.window, self.event_decay)
        if self.backward:
            counts = (counts + np.float32(self.backward) * counts.T).tocsr()
        self.weights_ = strongest_entries(
            divided_rows(counts, self.source_exponent), self.neighbours
        )

    def _event_weights(self, users: Histories) -> Float32:
        return last_event_weights(users, self.window, self.event_decay)
