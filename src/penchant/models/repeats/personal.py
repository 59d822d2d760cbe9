"""The trivial answers where users take things again: what they had most often, and had last."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal, Task
from penchant.models.fitted_attributes import Declarations
from penchant.models.repeats.own_items import OwnItems
from penchant.models.shared.basket_events import basket_ages, once_a_basket
from penchant.run import Run
from penchant.typing import Float32


class _Personal(OwnItems):
    """Own items first, with the log's most popular ones behind them, or nothing."""

    only_own: bool = False

    signal: ClassVar[Signal] = "nothing"
    baseline_for: ClassVar[frozenset[Task]] = frozenset({"ranking"})
    fitted_attributes: ClassVar[Declarations] = {}

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        pass

    def _scores(self, users: Histories) -> Float32:
        scores = super()._scores(users)
        if self.only_own:
            scores[scores == 0] = -np.inf
        return scores


class PersonalPopular(_Personal):
    """What a user had in most baskets, and the log's most popular items behind it.

    Equally frequent items come in the order of their popularity. These are P-TopFreq (with
    `only_own`) and GP-TopFreq of Li et al., "A Next Basket Recommendation Reality Check" (2023),
    which networks hardly beat.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        only_own: recommend nothing that the user has not had.
    """

    def _event_weights(self, users: Histories) -> Float32:
        return once_a_basket(users).astype(np.float32)


class PersonalRecent(_Personal):
    """What a user had last, and the log's most popular items behind it.

    The score is 1 over the number of baskets since an item was last had, that one included. Items
    of one basket come in the order of their popularity. Where the log has sessions, whose events
    come one after another, events are counted in place of baskets; those of one instant are one.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        only_own: recommend nothing that the user has not had.
    """

    def _event_weights(self, users: Histories) -> Float32:
        latest = users.is_latest & users.is_positive
        one_by_one = replace(users, baskets=None) if users.in_sessions else users
        return np.where(latest, 1 / (1 + basket_ages(one_by_one)), 0).astype(np.float32)
