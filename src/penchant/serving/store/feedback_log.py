"""The feedback of a store and the log that it continues, as one log to learn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_order import POSITION
from penchant.errors import DataError
from penchant.serving.store.event_form import EventForm
from penchant.serving.store.records import Deletion, IdKind
from penchant.typing import Bool, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FeedbackLog:
    """The state of a store at one moment, as far as it decides what is learned.

    Attributes:
        outcomes: events that were not taken back, after the number `after`; see `Store.outcomes`.
        taken_back: those up to `after` that were taken back after it.
        tombstones: the latest deletion of each person who was deleted, by hash.
        after: the number up to which somebody has learned already; 0 for nothing.
        last: the highest number.
        id_kinds: whether all ids of `user` and `item` are integers, `integer` or `string`.
        hash_of: `Store.hash_of`.
    """

    outcomes: pl.DataFrame
    taken_back: pl.DataFrame
    tombstones: Mapping[str, Deletion]
    after: int
    last: int
    id_kinds: Mapping[str, IdKind]
    hash_of: Callable[[str], str]

    @property
    def n_deleted(self) -> int:
        """How many persons were deleted after the number `after`."""
        return sum(deletion.sequence > self.after for deletion in self.tombstones.values())

    @property
    def is_new(self) -> bool:
        """Whether anything has come after the number `after` that changes what is learned."""
        return bool(len(self.outcomes) or len(self.taken_back) or self.n_deleted)

    def form(self, base: Dataset | None) -> EventForm:
        """What the events look like: as those of the log, or as feedback alone allows."""
        if base is not None:
            return EventForm.of_log(base)
        return EventForm.of_outcomes(self.outcomes, self.id_kinds["user"], self.id_kinds["item"])

    def dataset(self, base: Dataset | None = None) -> Dataset:
        """A log and the store's events, less those of deleted people.

        Of a deleted person the log's events up to the deletion are left out (all of them, where
        events have no times), and what its table says; the store has none from before.

        Args:
            base: the log; None for the store alone.

        Raises:
            DataError: there is nothing to learn from.
        """
        return self.numbered(base)[0]

    def numbered(self, base: Dataset | None = None) -> tuple[Dataset, Int64]:
        """The same log, and for each event its number in the store, 0 for those of `base`."""
        form = self.form(base)
        events = form.events(self.outcomes)
        idle = len(self.outcomes) - len(events)
        numbers = events["sequence"].to_numpy().astype(np.int64)
        clause = (
            f"The store gives {counted(len(events), 'event')} of "
            f"{counted(events['user'].n_unique(), 'user')}"
        )
        if idle:
            clause += f" and {idle:,} that {'does' if idle == 1 else 'do'} not train"
        if base is None:
            logger.info(f"{clause}.")
            if not len(events):
                raise DataError("The store has no events that could be learned from.")
            frame = events.drop("sequence")
            return Dataset.from_frame(frame, name="feedback", scale=form.scale), numbers
        frame = base.frame()
        kept = self._of_living(base, frame) & ~self._is_taken_back(base, frame)
        users = base.user_table
        if users is not None and self.tombstones:
            users = users.filter(pl.Series(~self._were_deleted(base.users.ids)))
        if not kept.all():
            gone = len(kept) - int(kept.sum())
            clause += f"; {counted(gone, 'event')} of the log"
            clause += " count no more, as people were deleted or took them back"
        logger.info(f"{clause}.")
        frame = frame.filter(pl.Series(kept))
        row = int(base.events["row"].max() or 0) if len(base) else 0  # type: ignore[arg-type]
        events = events.drop("sequence").with_columns(
            (pl.int_range(1, len(events) + 1, dtype=pl.UInt32) + row).alias("row")
        )
        if POSITION in frame.columns:
            events = _with_positions(frame, events)
        joined = Dataset.from_frame(
            pl.concat([frame, events], how="diagonal_relaxed"),
            user_table=users,
            item_table=base.item_table,
            name=base.name,
            scale=base.scale,
            positive=base.positive,
            in_sessions=base.in_sessions,
            origin=base.origin,
            anonymous=base.anonymous_frame(),
        )
        if not len(joined):
            raise DataError(f"Deletions leave no event of {base.name!r} to learn from.")
        return joined, np.concatenate([np.zeros(len(frame), np.int64), numbers])

    def _were_deleted(self, users: pl.Series) -> Bool:
        """bool[n], which users of a log have been deleted at any time."""
        texts = users.cast(pl.String).to_list()
        return np.array([self.hash_of(text) in self.tombstones for text in texts], np.bool_)

    def _of_living(self, base: Dataset, frame: pl.DataFrame) -> Bool:
        """bool[n_events], which events of a log are of nobody who was deleted afterwards."""
        if not self.tombstones:
            return np.ones(len(frame), np.bool_)
        deleted = np.full(base.n_users, np.iinfo(np.int64).min)
        for index, text in enumerate(base.users.ids.cast(pl.String).to_list()):
            deletion = self.tombstones.get(self.hash_of(text))
            if deletion is not None:
                deleted[index] = deletion.time
        moments = deleted[base.events["user"].to_numpy()]
        never = moments == np.iinfo(np.int64).min
        if "time" not in frame.columns:
            return np.asarray(never)
        times = frame["time"].to_physical().fill_null(np.iinfo(np.int64).min + 1).to_numpy()
        return np.asarray(never | (times > moments))

    def _is_taken_back(self, base: Dataset, frame: pl.DataFrame) -> Bool:
        """bool[n_events], which events of a log a person has taken back since it was learned."""
        if not len(self.taken_back) or not self.after:
            return np.zeros(len(frame), np.bool_)
        wanted = EventForm.of_log(base).events(self.taken_back)
        keys = [name for name in ("user", "item", "time") if name in wanted.columns]
        found = frame.with_row_index("place").join(wanted, on=keys, how="semi")["place"]
        mask = np.zeros(len(frame), np.bool_)
        mask[found.to_numpy()] = True
        return mask


def _with_positions(frame: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Events with a place in the sequence of their users, after all that are there."""
    last = frame.group_by("user").agg((pl.col(POSITION).max() + 1).alias("_next"))
    return (
        events.join(last, on="user", how="left", maintain_order="left")
        .with_columns(
            (pl.col("_next").fill_null(0) + pl.int_range(pl.len()).over("user"))
            .cast(pl.UInt32)
            .alias(POSITION)
        )
        .drop("_next")
    )
