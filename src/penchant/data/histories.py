"""The histories of users: what a model knows of them at the moment of prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from penchant.errors import ParameterError
from penchant.typing import Bool, Float32, Int32, Int64, UInt64
from penchant.wording import counted

Values = Literal["interaction", "weight", "rating", "seen"]


@dataclass(frozen=True, eq=False)
class Histories:
    """A batch of users with their events before the moment of prediction, in time order.

    Known users, new users and visitors of a web page are represented alike: by a list of items,
    with ratings and times where there are any. The events of user `n` are at
    `offsets[n]:offsets[n + 1]`.

    Attributes:
        users: int32[n_users], the user's index in the vocabulary, or -1 for one not in it.
        offsets: int64[n_users + 1], where each user's events start and end.
        items: int32[n_events], item indices.
        ratings: float32[n_events], or None where the log has no ratings.
        times: int64[n_events], microseconds since 1970, or None where not every event has one.
        n_items: the size of the item vocabulary.
        weights: float32[n_events] above 0, or None where all events weigh the same.
        positive: the lowest rating of an event that models of interactions learn from, or None
            where they learn from all.
    """

    users: Int32
    offsets: Int64
    items: Int32
    ratings: Float32 | None
    times: Int64 | None
    n_items: int
    weights: Float32 | None = None
    positive: float | None = None
    # The histories of which this is a block, and the position of its first user there.
    _parent: tuple[Histories, int] | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        items: Sequence[int] | Int32,
        *,
        n_items: int,
        ratings: Sequence[float] | Float32 | None = None,
        weights: Sequence[float] | Float32 | None = None,
        positive: float | None = None,
        user: int = -1,
    ) -> Histories:
        """The history of one user, from item indices in the order of time.

        Raises:
            ParameterError: there are not as many ratings or weights as items, or a weight is not
                above 0.
        """
        events = np.asarray(items, dtype=np.int32)
        values = [None if v is None else np.asarray(v, np.float32) for v in (ratings, weights)]
        for given, noun in zip(values, ("rating", "weight"), strict=True):
            if given is not None and len(given) != len(events):
                raise ParameterError(
                    f"There are {counted(len(events), 'item')} and {counted(len(given), noun)}: "
                    "give as many of both."
                )
        if values[1] is not None and not ((values[1] > 0) & np.isfinite(values[1])).all():
            raise ParameterError("Weights of events must be finite and above 0.")
        return cls(
            users=np.array([user], dtype=np.int32),
            offsets=np.array([0, len(events)], dtype=np.int64),
            items=events,
            ratings=values[0],
            times=None,
            n_items=n_items,
            weights=values[1],
            positive=positive,
        )

    @classmethod
    def from_events(
        cls, events: pl.DataFrame, users: Int32, n_items: int, positive: float | None = None
    ) -> Histories:
        """Group a log's events (columns user, item, rating, weight, time) by user, in time order.

        `users` are the wanted user indices, ascending and distinct; one without events gets an
        empty history. Events of equal time keep the order of their rows.
        """
        order = ["user", "time"] if "time" in events.columns else ["user"]
        columns = [c for c in ("user", "item", "rating", "weight", "time") if c in events.columns]
        ordered = events.select(columns).sort(order, maintain_order=True)
        owner = ordered["user"].to_numpy()
        starts = np.searchsorted(owner, users)
        lengths = np.searchsorted(owner, users, side="right") - starts
        if lengths.sum() != len(owner):  # events of other users
            ordered = ordered.filter(pl.Series(np.isin(owner, users)))
        return cls(
            users=np.asarray(users, dtype=np.int32),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            items=ordered["item"].to_numpy(),
            ratings=ordered["rating"].to_numpy() if "rating" in columns else None,
            times=_times(ordered),
            n_items=n_items,
            weights=ordered["weight"].to_numpy() if "weight" in columns else None,
            positive=positive,
        )

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_events(self) -> int:
        """The number of events of all users together."""
        return len(self.items)

    @cached_property
    def lengths(self) -> Int64:
        """int64[n_users], the number of events of each user."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> Int32:
        """int32[n_events], the position in this batch of the user each event belongs to."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    @property
    def pairs(self) -> Int64:
        """int64[n_events], `row * n_items + item`: one number for each pair."""
        return self.rows.astype(np.int64) * self.n_items + self.items

    @cached_property
    def popularity(self) -> Float32:
        """float32[n_items], the number or weight of the positive events of each item."""
        some = self.is_positive
        weights = None if self.weights is None else self.weights[some]
        return np.bincount(self.items[some], weights, self.n_items).astype(np.float32)

    @cached_property
    def user_counts(self) -> Int64:
        """int64[n_items], the number of users with a positive event with each item."""
        return np.bincount(self.items[self.is_latest & self.is_positive], minlength=self.n_items)

    @cached_property
    def is_latest(self) -> Bool:
        """bool[n_events], false where the same user has a later event with the same item."""
        pairs = self.pairs
        order = np.argsort(pairs, kind="stable")
        ordered = pairs[order]
        latest = np.ones(self.n_events, bool)
        latest[order[:-1]] = ordered[1:] != ordered[:-1]
        return latest

    @cached_property
    def is_positive(self) -> Bool:
        """bool[n_events], whether models of interactions learn from each event.

        Of a user's events with one item the last rating decides for all. Without ratings, or
        without a lowest positive one, all events are positive.
        """
        if self.positive is None or self.ratings is None:
            return np.ones(self.n_events, np.bool_)
        positive = self.pairs[self.is_latest & (self.ratings >= np.float32(self.positive))]
        return np.isin(self.pairs, positive)

    @cached_property
    def event_weights(self) -> Float32:
        """float32[n_events], what each event counts for models of interactions; 0 is not at all.

        Where events have no weights, a positive one counts 1, and only the last one of an item.
        Otherwise the weights of a user are divided by the mean over the user's positive items, so
        that no unit matters (plays, minutes, euros) and no user outweighs the others.
        """
        counts = self.is_positive
        if self.weights is None:
            return (counts & self.is_latest).astype(np.float32)
        weights = np.where(counts, self.weights, np.float32(0)).astype(np.float64)
        n_items = np.bincount(self.rows[counts & self.is_latest], minlength=len(self))
        mean = np.bincount(self.rows, weights, len(self)) / np.maximum(n_items, 1)
        return np.asarray(weights / np.where(mean > 0, mean, 1)[self.rows], np.float32)

    def block(self, start: int, stop: int) -> Histories:
        """The users at positions `start` to `stop`, without copying their events."""
        stop = min(stop, len(self))
        low, high = int(self.offsets[start]), int(self.offsets[stop])
        offsets = self.offsets[start : stop + 1] - low
        some = self._select(self.users[start:stop], offsets, slice(low, high))
        return replace(some, _parent=(self, start))

    def take(self, positions: npt.ArrayLike) -> Histories:
        """The users at these positions, in this order."""
        index = np.asarray(positions, dtype=np.int64)
        lengths = self.lengths[index]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        events = np.arange(offsets[-1]) + np.repeat(self.offsets[index] - offsets[:-1], lengths)
        return self._select(self.users[index], offsets, events)

    def _select(self, users: Int32, offsets: Int64, events: slice | Int64) -> Histories:
        return Histories(
            users=users,
            offsets=offsets,
            items=self.items[events],
            ratings=None if self.ratings is None else self.ratings[events],
            times=None if self.times is None else self.times[events],
            n_items=self.n_items,
            weights=None if self.weights is None else self.weights[events],
            positive=self.positive,
        )

    @property
    def positives(self) -> Histories:
        """The same users with those events alone that models of interactions learn from."""
        keep = self.is_positive
        if keep.all():
            return self
        counts = np.bincount(self.rows[keep], minlength=len(self))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return self._select(self.users, offsets, np.flatnonzero(keep))

    def matrix(self, values: Values = "interaction") -> sparse.csr_array:
        """The users × items matrix, float32, sorted and without duplicates.

        Args:
            values: `interaction` has 1 where a user has a positive event with an item, `weight`
                the sum of the pair's `event_weights` there, which is the same where events have no
                weights; `rating` has the last rating of each item and `seen` 1, positive or not.

        Raises:
            ParameterError: ratings are asked for and there are none.
        """
        if values == "rating" and self.ratings is None:
            raise ParameterError("These histories have no ratings.")
        rows, items = self.rows, self.items
        keep = self.is_latest if values in ("rating", "seen") else self.is_latest & self.is_positive
        if values == "rating" and self.ratings is not None:
            data = self.ratings
        elif values == "weight" and self.weights is not None:
            data, keep = self.event_weights, self.is_positive
        else:
            data = np.ones(self.n_events, np.float32)
        if not keep.all():
            rows, items, data = rows[keep], items[keep], data[keep]
        matrix: sparse.csr_array = sparse.csr_array(
            (data, (rows, items)), shape=(len(self), self.n_items)
        )
        matrix.sort_indices()
        return matrix

    @cached_property
    def signatures(self) -> UInt64:
        """uint64[n_users], a hash of each user's (item, rating) pairs, whatever their order.

        Equal signatures mean, for all practical purposes, an unchanged history.
        """
        if self._parent is not None:
            # Computed once for all blocks.
            parent, start = self._parent
            return parent.signatures[start : start + len(self)]
        return self._hashes(self.ratings)

    @cached_property
    def weighted_signatures(self) -> UInt64:
        """uint64[n_users], the same of the weights of events, too."""
        if self.weights is None:
            return self.signatures
        if self._parent is not None:
            parent, start = self._parent
            return parent.weighted_signatures[start : start + len(self)]
        return self._hashes(self.ratings, self.weights)

    def _hashes(self, *columns: Float32 | None) -> UInt64:
        """uint64[n_users], of each user's items with what these columns say of them."""
        words = _mix(self.items.astype(np.uint64) + np.uint64(1))
        for values in columns:
            if values is not None:
                bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
                words = _mix(words + bits.astype(np.uint64))
        total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(words, dtype=np.uint64)])
        signatures: UInt64 = total[self.offsets[1:]] - total[self.offsets[:-1]]
        return signatures


def _times(events: pl.DataFrame) -> Int64 | None:
    """int64[n_events], microseconds since 1970, or None where any event has no time."""
    if "time" not in events.columns or events["time"].null_count():
        return None
    return events["time"].to_physical().to_numpy()


def _mix(words: UInt64) -> UInt64:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection on 64 bits."""
    with np.errstate(over="ignore"):
        words = words + np.uint64(0x9E3779B97F4A7C15)
        words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return words ^ (words >> np.uint64(31))
