"""The log: an immutable table of events with its vocabularies and optional tables."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.event_columns import (
    float_column,
    quantities_of,
    update_digest,
    with_event_columns,
)
from penchant.data.event_order import event_order, has_positions
from penchant.data.histories import Histories
from penchant.data.origin import Origin
from penchant.data.polars_frames import Frame, as_polars
from penchant.data.sorting import counts_of
from penchant.data.tables import aligned, titles_of, vocabulary_of
from penchant.data.target import default_like_threshold
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError
from penchant.typing import AnyInt, Bool, Float32, Int32, Int64
from penchant.wording import counted

_GROUPED_ANEW = 8  # a smaller part of a log is grouped by user faster than it is looked for


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """An immutable log of events with two vocabularies and optional user and item tables.

    Attributes:
        events: one row an event: `user` and `item` (int32 indices), where known `rating`
            (float32), `weight` (float32 above 0, such as plays) and `time` (datetime in
            microseconds) or `sequence_position` (uint32, the place of an event among its
            user's, where the source has an order and no times), `basket` (id of the order or
            invoice, null where unknown), `quantity` (float32 above 0, of how many pieces, null
            where unknown; no model learns from it), `price` (float32, of one piece, null where
            unknown), `event` (text, its kind, such as view), `row` (the record's number in its
            source, from 1), and further columns.
        users: the user vocabulary.
        items: the item vocabulary: the log's items and those of the item table.
        user_table: a row per user in the order of the vocabulary, first column `user`.
        item_table: a row per item in the order of the vocabulary, first column `item`; `title`,
            `genres` and `year` where known.
        name: what reports call this log.
        scale: the lowest and highest possible rating, where known.
        positive: the lowest rating of an event that models of interactions learn from; the others
            still count as seen. None where all events are learned from.
        origin: where the log came from and what was left out.
        in_sessions: whether the baskets are sessions (what was met together), and no orders.
        anonymous: one row for each event without a user, which models of users never see: `item`
            (int32) and where known the other columns of `events` but `user`; None where there are
            none. Subsets of the events keep all of them.

    Example:
        >>> pn.Dataset.from_frame(pl.DataFrame({"user": [1, 2], "item": ["a", "a"]}))
        Dataset('log': 2 events, 2 users, 1 item)
    """

    events: pl.DataFrame
    users: Vocabulary
    items: Vocabulary
    user_table: pl.DataFrame | None = None
    item_table: pl.DataFrame | None = None
    name: str = "log"
    scale: tuple[float, float] | None = None
    positive: float | None = None
    origin: Origin = field(default_factory=Origin)
    anonymous: pl.DataFrame | None = None
    in_sessions: bool = False
    # The log of which this is a part, and which of its events. What is made of a part with other
    # events is none: `replace` leaves out what is no parameter.
    _part_of: tuple[Dataset, Bool] | None = field(default=None, init=False, repr=False)

    @classmethod
    def from_frame(
        cls,
        frame: Frame,
        *,
        user_table: Frame | None = None,
        item_table: Frame | None = None,
        name: str = "log",
        scale: tuple[float, float] | None = None,
        positive: float | None = None,
        origin: Origin | None = None,
        anonymous: pl.DataFrame | None = None,
        in_sessions: bool = False,
    ) -> Dataset:
        """Build a log from a frame of Polars, pandas or Arrow with the columns user and item.

        It may have rating, weight, time, basket, quantity, price, event, row, and any further ones.
        Times are datetimes (in UTC where they have a zone), dates, or numbers and texts as `read`
        takes them: numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, by
        their magnitude, and a warning says how a column was read that leaves this open. Missing
        times are kept as null. Ids are those of the source. The tables have a column `user` or
        `item` with such ids, which join the vocabularies, so that items without events exist; so
        do those of `anonymous`, events without a user, which has the other columns.

        Raises:
            DataError: a column is missing, an id is null, a rating is not finite, a weight is not
                above 0, a number or text is no time from 1970 to a year from now, a table has an
                id twice, or `positive` is given without ratings.
        """
        frame = as_polars(frame, "the log")
        for column in ("user", "item"):
            if column not in frame.columns:
                raise DataError(f"The log has no column {column!r}, only {frame.columns}.")
        users = vocabulary_of(frame["user"], user_table, "user")
        unknown = None if anonymous is None or anonymous.is_empty() else anonymous
        items = vocabulary_of(frame["item"], item_table, "item", unknown)
        columns: dict[str, pl.Series] = {
            "user": pl.Series(users.indices(frame["user"])),
            "item": pl.Series(items.indices(frame["item"])),
        }
        if "rating" in frame.columns:
            rating = float_column(frame["rating"])
            if not rating.is_finite().fill_null(False).all():
                raise DataError("Some ratings are missing or not finite; drop those rows first.")
            columns["rating"] = rating
        elif positive is not None:
            raise DataError("Only ratings tell which events are positive, and the log has none.")
        events = with_event_columns(frame, columns, name)
        if unknown is not None:
            item = pl.Series(items.indices(unknown["item"]))
            others = unknown.drop("user", strict=False)
            unknown = with_event_columns(others, {"item": item}, name)
        return cls(
            events=events,
            users=users,
            items=items,
            user_table=aligned(user_table, users, "user"),
            item_table=aligned(item_table, items, "item"),
            name=name,
            scale=scale,
            positive=positive,
            origin=origin or Origin(),
            anonymous=unknown,
            in_sessions=in_sessions,
        )

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> pl.DataFrame:
            """The events of a part of a log, which are copied when they are asked for."""
            if name != "events" or vars(self).get("_part_of") is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            log, keep = self._part_of
            vars(self)["events"] = log.events.filter(pl.Series(keep))
            return self.events

    def __len__(self) -> int:
        return len(self.events) if self._whole is self else int(self.user_counts.sum())

    @property
    def _whole(self) -> Dataset:
        """The log whose events are at hand: this one, or that of which it is a part."""
        return self if self._part_of is None or "events" in vars(self) else self._part_of[0]

    def column(self, name: str) -> pl.Series:
        """A column of the events, for which those of a part of a log need not all be copied."""
        if self._whole is self or self._part_of is None:
            return self.events[name]
        log, keep = self._part_of
        return log.events[name].filter(pl.Series(keep))

    def __repr__(self) -> str:
        sizes = {"event": len(self), "user": self.n_users, "item": self.n_items}
        parts = ", ".join(counted(n, noun) for noun, n in sizes.items())
        return f"Dataset({self.name!r}: {parts})"

    @property
    def n_users(self) -> int:
        """The size of the user vocabulary."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """The size of the item vocabulary, items without events included."""
        return len(self.items)

    @property
    def has_ratings(self) -> bool:
        """Whether events carry a rating."""
        return "rating" in self._whole.events.columns

    @property
    def has_times(self) -> bool:
        """Whether every event has a time."""
        if "time" not in self._whole.events.columns:
            return False
        return not self._whole.events["time"].null_count() or not self.column("time").null_count()

    @property
    def has_baskets(self) -> bool:
        """Whether the log says which events belong to one basket: an order or a session."""
        return BASKET in self._whole.events.columns

    @property
    def has_orders(self) -> bool:
        """Whether the log says which events belong to one order, as logs of shops do."""
        return self.has_baskets and not self.in_sessions

    @property
    def has_sessions(self) -> bool:
        """Whether the log says which events belong to one session."""
        return self.has_baskets and self.in_sessions

    @property
    def has_order(self) -> bool:
        """Whether each user's events come in a known order: by times, or as sequences."""
        return self.has_times or has_positions(self._whole.events)

    @property
    def ratings(self) -> Float32:
        """float32[n_events], the rating of each event.

        Raises:
            DataError: the log has no ratings.
        """
        if not self.has_ratings:
            raise DataError(f"The log {self.name!r} has no ratings.")
        return self.column("rating").to_numpy()

    @property
    def weights(self) -> Float32 | None:
        """float32[n_events], the weight of each event, or None where the log has none."""
        has_weights = "weight" in self._whole.events.columns
        return self.column("weight").to_numpy() if has_weights else None

    @property
    def quantities(self) -> Float32 | None:
        """float32[n_events], how many pieces each event is of; 1 where one does not say it.

        None where the log has no quantities.
        """
        return quantities_of(self.events)

    @cached_property
    def rating_range(self) -> tuple[float, float] | None:
        """The rating scale where it is known, otherwise the lowest and highest rating seen."""
        if self.scale is not None or not self.has_ratings or not len(self):
            return self.scale
        return float(self.ratings.min()), float(self.ratings.max())

    @property
    def like_threshold(self) -> float:
        """The rating from which an event is a like: the lowest positive one, or by the scale.

        Raises:
            ParameterError: the log has no ratings.
        """
        if self.positive is not None:
            return self.positive
        return default_like_threshold(self.rating_range)

    @cached_property
    def item_counts(self) -> Int64:
        """int64[n_items], the number of events of each item."""
        return counts_of(self.column("item").to_numpy(), self.n_items)

    @cached_property
    def user_counts(self) -> Int64:
        """int64[n_users], the number of events of each user."""
        return counts_of(self.column("user").to_numpy(), self.n_users)

    @property
    def pairs(self) -> Int64:
        """int64[n_events], `user * n_items + item`: one number for each pair."""
        pairs: Int64 = self.column("user").to_numpy().astype(np.int64)
        pairs *= self.n_items
        pairs += self.column("item").to_numpy()
        return pairs

    @cached_property
    def histories(self) -> Histories:
        """The events of every user of the vocabulary, in time order."""
        if self._part_of is not None:
            log, keep = self._part_of
            if "histories" in vars(log) and log._times_are_alike:
                return log.histories.subset(keep[log.event_order])
        return self._grouped(np.arange(self.n_users, dtype=np.int32))

    def histories_of(self, users: Int32) -> Histories:
        """The events of some users, by their indices, which ascend, in time order."""
        if "histories" in vars(self) or len(users) <= self.n_users // _GROUPED_ANEW:
            return self.histories.take(users)
        return self._grouped(users)

    def _grouped(self, users: Int32) -> Histories:
        log, order = self, self.event_order if self._part_of is None else None
        if self._part_of is not None:
            # The order of a part is that of the whole, whose events need not be copied first.
            log, keep = self._part_of
            order = log.event_order[keep[log.event_order]]
        return Histories.from_events(
            log.events, users, self.n_items, self.positive, order, in_sessions=self.has_sessions
        )

    @cached_property
    def event_order(self) -> AnyInt:
        """int[n_events], positions of the events by user, then time, then as they stand."""
        return event_order(self.events, self.n_users)

    @cached_property
    def positives(self) -> Dataset:
        """The log of the events that models of interactions learn from.

        Of a user's events with one item the last rating decides for all: the last one in the order
        of histories, whose positives are the same events.
        """
        if self.positive is None or not self.has_ratings:
            return self
        keep = np.empty(len(self), np.bool_)
        keep[self.event_order] = self.histories.is_positive  # which last rating is the last one
        return self.subset(keep)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of ids, events and their order, in hexadecimal."""
        digest = hashlib.sha256()
        digest.update(self.users.fingerprint.encode() + self.items.fingerprint.encode())
        update_digest(digest, self.column, self._whole.events.columns)
        if self.anonymous is not None:
            update_digest(digest, self.anonymous.get_column, self.anonymous.columns)
        if self.positive is not None:
            digest.update(f"positive{self.positive!r}".encode())
        if self.has_sessions:
            digest.update(b"sessions")
        return digest.hexdigest()

    def side(self, noun: str) -> tuple[Vocabulary, pl.DataFrame | None, Int64]:
        """The vocabulary, the table and the numbers of events of `user` or `item`."""
        if noun == "user":
            return self.users, self.user_table, self.user_counts
        return self.items, self.item_table, self.item_counts

    def titles(self, items: npt.ArrayLike | None = None) -> list[str]:
        """A title for each item index, or its id where no title is known; all items by default."""
        index = np.arange(self.n_items) if items is None else np.asarray(items, dtype=np.int64)
        return titles_of(self.items, self.item_table, index)

    def subset(self, keep: Bool | AnyInt) -> Dataset:
        """Some of the events, by mask or position, under the same vocabularies."""
        if keep.dtype != np.bool_:
            return replace(self, events=self.events[keep])
        part = replace(self, events=self.events.filter(pl.Series(keep)))
        known = "histories" in vars(self) and self._times_are_alike
        if known and len(part) > len(self) // _GROUPED_ANEW:
            mask: Bool = keep[self.event_order].astype(np.bool_)
            vars(part)["histories"] = self.histories.subset(mask)
        return part

    @property
    def _times_are_alike(self) -> bool:
        """Whether all events have a time, or none."""
        return "time" not in self.events.columns or self.has_times

    def part(self, keep: Bool) -> Dataset:
        """The same events as `subset`, which are copied only where somebody asks for them.

        Histories and single columns are made from this log, which the part keeps in memory: for
        parts of a split, which keeps the whole log anyway.
        """
        if keep.sum() <= len(self) // _GROUPED_ANEW:
            return self.subset(keep)
        if self.has_baskets:  # whose numbers are those of the whole log
            _ = self.histories
            return self.subset(keep)
        part = replace(self, events=self.events.clear())
        del vars(part)["events"]
        vars(part)["_part_of"] = (self, keep)
        return part

    def frame(self) -> pl.DataFrame:
        """The events with outside ids instead of indices."""
        return self.events.with_columns(
            self.users.take(self.events["user"].to_numpy()).alias("user"),
            self.items.take(self.events["item"].to_numpy()).alias("item"),
        )

    def anonymous_frame(self) -> pl.DataFrame | None:
        """The events without a user with outside ids instead of indices; None without any."""
        if self.anonymous is None:
            return None
        item = self.items.take(self.anonymous["item"].to_numpy()).alias("item")
        return self.anonymous.with_columns(item)
