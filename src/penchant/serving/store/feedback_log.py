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
from penchant.models.base import Recommender
from penchant.serving.store.event_form import EventForm
from penchant.serving.store.records import Deletion, IdKind, Progress
from penchant.typing import Bool, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FeedbackLog:
    """The state of a store at one moment, as far as it decides what is learned.

    Attributes:
        outcomes: events that were not learned or taken back; see `Store.outcomes`.
        taken_back: those that were learned, and taken back since.
        tombstones: the latest deletion of each person who was deleted, by hash.
        progress: what was learned already.
        last: the highest number.
        id_kinds: whether all ids of `user` and `item` are integers, `integer` or `string`.
        hash_of: `Store.hash_of`.
        earlier: events that were learned and not taken back, where a log holds these: what they
            say of the items of a user takes out of it what came before.
    """

    outcomes: pl.DataFrame
    taken_back: pl.DataFrame
    tombstones: Mapping[str, Deletion]
    progress: Progress
    last: int
    id_kinds: Mapping[str, IdKind]
    hash_of: Callable[[str], str]
    earlier: pl.DataFrame | None = None

    @property
    def n_deleted(self) -> int:
        """How many persons were deleted since something was learned of them."""
        removed = self.progress.removed
        return sum(deletion.sequence > removed for deletion in self.tombstones.values())

    @property
    def is_new(self) -> bool:
        """Whether anything has come that changes what is learned."""
        return bool(len(self.outcomes) or len(self.taken_back) or self.n_deleted)

    def form(self, base: Dataset | None, model: Recommender | None = None) -> EventForm:
        """What the events look like: as those of the log, or as feedback alone allows."""
        if base is not None:
            return EventForm.of_log(base, model)
        users, items = self.id_kinds["user"], self.id_kinds["item"]
        return EventForm.of_outcomes(self.outcomes, users, items, model)

    def dataset(self, base: Dataset | None = None, model: Recommender | None = None) -> Dataset:
        """A log and the store's events, less those of deleted people.

        Of a deleted person the log's events up to the deletion are left out (all of them, where
        events have no times), and what its table says; the store has none from before. Where
        dislikes are no events, they take what came before of the same user and item out of both.

        Args:
            base: the log; None for the store alone.
            model: which is to learn from it; without one, dislikes in a log with ratings are
                events of the lowest rating.

        Raises:
            DataError: there is nothing to learn from.
        """
        return self.numbered(base, model)[0]

    def numbered(
        self, base: Dataset | None = None, model: Recommender | None = None
    ) -> tuple[Dataset, Int64]:
        """The same log, and for each event its number in the store, 0 for those of `base`."""
        form = self.form(base, model)
        outcomes = self._to_learn(base)
        if model is None and form.threshold is None and (base is None or base.positive is None):
            _warn_of_dislikes(outcomes)
        events = form.events(outcomes)
        idle = len(outcomes) - len(events)
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
        kept = (
            self._of_living(base, frame)
            & ~self._is_taken_back(form, frame)
            & ~self._is_disliked(form, frame)
        )
        users = base.user_table
        if users is not None and self.tombstones:
            users = users.filter(pl.Series(~self._were_deleted(base.users.ids)))
        if not kept.all():
            gone = len(kept) - int(kept.sum())
            clause += f"; {counted(gone, 'event')} of the log"
            clause += " count no more, as people were deleted, took them back or dislike the item"
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

    def _to_learn(self, base: Dataset | None) -> pl.DataFrame:
        """Events that are added to a log, with those that deletions take out of it wrongly.

        An update that went past a deletion has learned what the person did afterwards, which is
        not told from what was before where events have no times, or were late.
        """
        if self.earlier is None or base is None or not self.n_deleted:
            return self.outcomes
        deletions = [self.tombstones.get(self.hash_of(user)) for user in self.earlier["user"]]
        times = self.earlier["time"].to_physical().to_list()
        lost = [
            deletion is not None
            and deletion.sequence > self.progress.removed
            and not (base.has_times and time > deletion.time)
            for deletion, time in zip(deletions, times, strict=True)
        ]
        return pl.concat([self.earlier.filter(pl.Series(lost, dtype=pl.Boolean)), self.outcomes])

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

    def _is_taken_back(self, form: EventForm, frame: pl.DataFrame) -> Bool:
        """bool[n_events], which events of a log a person has taken back since it was learned.

        Where events have no times, that is the last of the same user and item.
        """
        mask = np.zeros(len(frame), np.bool_)
        if not len(self.taken_back):
            return mask
        wanted = form.said(self.taken_back).filter(pl.col("kind") != "seen")
        events = frame.with_row_index("place")
        if "time" in frame.columns:
            found = events.join(wanted, on=["user", "item", "time"], how="semi")
        else:
            pair = ["user", "item"]
            n = wanted.filter(~pl.col("disliked")).group_by(pair).agg(pl.len().alias("n"))
            later = pl.int_range(pl.len(), 0, -1).over(pair) - 1
            found = (
                events.with_columns(later=later)
                .join(n, on=pair)
                .filter(pl.col("later") < pl.col("n"))
            )
        mask[found["place"].to_numpy()] = True
        return mask

    def _is_disliked(self, form: EventForm, frame: pl.DataFrame) -> Bool:
        """bool[n_events], which events of a log a later dislike of the user has overruled."""
        mask = np.zeros(len(frame), np.bool_)
        said = self.outcomes if self.earlier is None else pl.concat([self.earlier, self.outcomes])
        disliked = form.dislikes(said)
        if "time" not in frame.columns:
            # What was learned after an earlier dislike is not told from what was learned before.
            disliked = disliked.filter(
                (pl.col("sequence") > self.progress.learned) | pl.col("is_latest")
            )
        if not len(disliked):
            return mask
        pairs = frame.select("user", "item").with_columns(
            frame["time"]
            if "time" in frame.columns
            else pl.lit(None, pl.Datetime("us")).alias("time")
        )
        found = pairs.with_row_index("place").join(
            disliked.select("user", "item", until="time"), on=["user", "item"], how="inner"
        )
        overruled = found.filter(pl.col("time").is_null() | (pl.col("time") <= pl.col("until")))
        mask[overruled["place"].to_numpy()] = True
        return mask


def _warn_of_dislikes(outcomes: pl.DataFrame) -> None:
    n = int((outcomes["kind"] == "dislike").sum())
    if n:
        logger.warning(
            f"{counted(n, 'dislike')} of the store {'is an event' if n == 1 else 'are events'} of "
            "the lowest rating, which a model that learns from which items people had takes for "
            "likes: name the model that is to learn, as in store.dataset(log, model)."
        )


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
