"""Models that go on learning from new events, from where they are."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.merging import MergedLog
from penchant.models.shared.updatable import Updatable
from penchant.run import Run
from penchant.typing import Int64


class Updating(Updatable):
    """A recommender whose `update` continues from its current weights, not from scratch.

    Users who are not known yet are taken in; new items are not, because a model has no place for
    them.
    """

    takes_new_items: ClassVar[bool] = False

    def _take_in(self, both: MergedLog, run: Run) -> None:
        self._update(both.new, both.log.histories, both.user_places, run)

    @abstractmethod
    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        """Learn from new events.

        Fitted arrays are replaced and never written to, so that a failure leaves all as it was.

        Args:
            new: the new events under the vocabularies as they will be; no user table.
            known: the histories of all users as they will be, old and new events.
            places: int64[n_users so far], where each user now stands.
            run: threads and progress.
        """
