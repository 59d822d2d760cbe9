"""Models that read new events in histories, with the weights that they have."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import ClassVar, TypeVar

import numpy as np

from penchant.data.merging import MergedLog
from penchant.models.shared.updatable import Updatable, UpdateKind
from penchant.run import Run
from penchant.typing import AnyArray, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

A = TypeVar("A", bound=AnyArray)


class ReadsHistories(Updatable):
    """A recommender that answers from histories as they are, by weights that an update leaves.

    `update` takes in new events, users and items: known users are recommended to by what they
    had last, new ones as somebody new with the same history. Items of which nothing was known have
    no vectors until the model is fitted again, and come last.
    """

    update_kind: ClassVar[UpdateKind] = "histories"

    def _take_in(self, both: MergedLog, run: Run) -> None:
        n_users, n_items = both.log.n_users, both.log.n_items
        self._move(both.user_places, n_users, both.item_places, n_items)
        new = np.ones(n_items, np.bool_)
        new[both.item_places] = False
        if n_new := int(np.count_nonzero(both.new.item_counts[new])):
            have = counted(n_new, "new item has", "new items have")
            logger.warning(
                f"{both.log.name}: {have} no vector in {type(self).__name__} until it is fitted "
                "again to all events: such items come last, and what follows them is not known."
            )

    @abstractmethod
    def _move(self, user_places: Int64, n_users: int, item_places: Int64, n_items: int) -> None:
        """Put weights of users and items where these now stand, in new arrays.

        Args:
            user_places: int64[n_users so far], the index of each user now.
            n_users: how many there are.
            item_places: int64[n_items so far], the index of each item now.
            n_items: how many there are.
        """


def moved_rows(rows: A, places: Int64, n: int) -> A:
    """A copy of an array with `n` rows, the given ones at these places, and zeros elsewhere."""
    moved = np.zeros((n, *rows.shape[1:]), rows.dtype)
    moved[places] = rows
    return moved  # type: ignore[return-value]
