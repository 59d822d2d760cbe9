"""Models that go on learning from new events, from where they are."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from typing import Self

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.vocabulary import Vocabulary, difference_in_writing
from penchant.errors import DataError, UnknownIdError
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.typing import Int64
from penchant.wording import counted

_LEAVE_OUT = "leave such events out (--skip-unknown-items), or fit it again to all events"


class Updating(Recommender):
    """A recommender whose `update` continues from its current weights, not from scratch."""

    def update(self, new: Dataset, *, run: Run | None = None) -> Self:
        """Learn from further events and return the model itself.

        Users of the new events who are not known yet are taken in; new items are not, because a
        model has no place for them.

        Args:
            new: the events that have come in since; their tables are not read.
            run: device, threads, progress and callbacks.

        Raises:
            NotFittedError: the model has not been fitted.
            UnknownIdError: an item is not known to the model, or ids are of another type.
            DataError: the model has learned from ratings and the new events have none.
        """
        self._require_fitted()
        if not len(new):
            return self
        started = time.perf_counter()
        known = self.histories_
        for learned, column, noun in (
            (known.ratings, "rating", "ratings"),
            (known.weights, "weight", "weights of events"),
        ):
            if learned is not None and column not in new.events.columns:
                raise DataError(
                    f"{type(self).__name__} has learned from {noun}, and the new events of "
                    f"{new.name!r} have none."
                )
        frame = new.frame()
        items = self.items_.indices(frame["item"])
        if (items < 0).any():
            unknown = frame["item"].filter(pl.Series(items < 0)).unique(maintain_order=True)
            remedy = difference_in_writing(unknown, self.items_.ids)
            raise UnknownIdError(
                f"The model does not know {counted(len(unknown), 'item')} of {new.name!r}, such as "
                f"{unknown[0]!r}: {remedy or _LEAVE_OUT}."
            )
        self.users_.indices(frame["user"].head(1))  # refuses ids of another type
        users = Vocabulary(
            pl.concat([self.users_.ids, frame["user"].cast(self.users_.ids.dtype)]),
            noun=self.users_.noun,
        )
        places = users.indices(self.users_.ids).astype(np.int64)
        plain = [c for c in ("rating", "weight", "time", "row") if c in frame.columns]
        events = frame.select(
            pl.Series("user", users.indices(frame["user"])), pl.Series("item", items), *plain
        )
        known = _joined(self.histories_, places, events, len(users))
        log = Dataset(
            events=events,
            users=users,
            items=self.items_,
            item_table=self.item_table_,
            name=new.name,
            positive=self.histories_.positive,
        )
        before = self.fitted_state()
        try:
            self._update(log, known, places, run or Run())
        except BaseException:
            # Learning can fail half of the way, for example where a loss becomes infinite.
            for name in self.fitted_state():
                delattr(self, name)
            vars(self).update(before)
            raise
        self.users_, self.histories_ = users, known
        digest = hashlib.sha256((self.log_fingerprint_ + new.fingerprint).encode())
        self.log_fingerprint_ = digest.hexdigest()
        self.fit_seconds_ += time.perf_counter() - started
        return self

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


def _joined(old: Histories, places: Int64, new: pl.DataFrame, n_users: int) -> Histories:
    """Old and new events of all users, in time order where all have times."""
    columns = {"user": places[old.users[old.rows]].astype(np.int32), "item": old.items}
    before = pl.DataFrame(columns)
    if old.ratings is not None:
        before = before.with_columns(rating=pl.Series(old.ratings))
    if old.weights is not None:
        before = before.with_columns(weight=pl.Series(old.weights))
    if old.times is not None and "time" in new.columns and not new["time"].null_count():
        times = pl.Series(old.times).cast(pl.Datetime("us"))
        before = before.with_columns(time=times)
    events = pl.concat([before, new.select(before.columns)])
    return Histories.from_events(
        events, np.arange(n_users, dtype=np.int32), old.n_items, old.positive
    )
