"""The histories of users: what a model knows of them at the moment of prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from penchant.data.baskets import basket_numbers, changes, numbers_of_baskets, of_last_basket
from penchant.data.event_columns import quantities_of
from penchant.data.event_order import event_order
from penchant.data.history_hashes import hashes_of_histories
from penchant.data.sorting import counts_of, order_by_pair, ranges
from penchant.errors import ParameterError
from penchant.typing import AnyInt, Bool, Float32, Int32, Int64, UInt64
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
        baskets: int32[n_events], a number for each of the user's baskets that rises with time, or
            None where the log has none; see `basket_numbers`.
        in_sessions: whether these baskets are sessions and no orders.
        quantities: float32[n_events] above 0, how many pieces each event is of, or None where the
            log does not say it. No model learns from them: later cancellations lower them.

    Example:
        >>> make("ease").fit(planted_pairs(n_users=50)).history([3, 5]).items.tolist()  # indices
        [2, 4]
    """

    users: Int32
    offsets: Int64
    items: Int32
    ratings: Float32 | None
    times: Int64 | None
    n_items: int
    weights: Float32 | None = None
    positive: float | None = None
    baskets: Int32 | None = None
    quantities: Float32 | None = None
    in_sessions: bool = False
    # The histories of which this is a block, and the position of its first user there. What is made
    # of it with other events has none: `replace` leaves out what is no parameter.
    _parent: tuple[Histories, int] | None = field(default=None, init=False, repr=False)

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
        cls,
        events: pl.DataFrame,
        users: Int32,
        n_items: int,
        positive: float | None = None,
        order: AnyInt | None = None,
        *,
        in_sessions: bool = False,
    ) -> Histories:
        """Group a log's events (columns user, item, rating, weight, time …) by user, in time order.

        `users` are the wanted user indices, ascending and distinct; one without events gets an
        empty history. Events of equal time keep the order of their rows. `order` is what
        `event_order` says of the events, where it is at hand, or of some of them: the others are
        left out then. `in_sessions` says whether their baskets are sessions.
        """
        owner = events["user"].to_numpy()
        n_users = 1 + int(max(owner.max(initial=-1), users.max(initial=-1)))
        order = event_order(events, n_users) if order is None else order
        lengths = counts_of(owner if len(order) == len(owner) else owner[order], n_users)[users]
        if lengths.sum() != len(order):  # events of other users
            wanted = np.zeros(n_users, np.bool_)
            wanted[users] = True
            order = order[wanted[owner[order]]]
        columns: dict[str, npt.NDArray[Any] | None] = {
            name: events[name].to_numpy()[order] if name in events.columns else None
            for name in ("rating", "weight")
        }
        quantities, times = quantities_of(events), None
        if "time" in events.columns and not (
            events["time"].null_count() and events["time"][order].null_count()
        ):
            times = events["time"].to_physical().to_numpy()[order]
        return cls(
            users=np.asarray(users, dtype=np.int32),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            items=events["item"].to_numpy()[order],
            ratings=columns["rating"],
            times=times,
            n_items=n_items,
            weights=columns["weight"],
            positive=positive,
            baskets=numbers_of_baskets(events, order),
            quantities=None if quantities is None else quantities[order],
            in_sessions=in_sessions,
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
    def basket_numbers(self) -> Int32:
        """int32[n_events], which of the user's baskets each event belongs to, from 0 for the first.

        Where the log has no baskets, a user's events of one instant are one; where it has no times
        either, each event is one of its own.
        """
        return basket_numbers(self.baskets, self.times, self.rows, self.offsets)

    @cached_property
    def last_session(self) -> Histories:
        """The same users with the events of the session alone that each history ends in.

        Where the log has no sessions, the whole histories.
        """
        if self.baskets is None or not self.in_sessions:
            return self
        return self.subset(of_last_basket(self.baskets, self.offsets))

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
    def _by_pair(self) -> AnyInt:
        """int[n_events], positions of the events by user, item and time.

        Those of user `n` stay at `offsets[n]:offsets[n + 1]`.
        """
        return order_by_pair(self.pairs, self.offsets, len(self) * self.n_items)

    @cached_property
    def _is_last_of_pair(self) -> Bool:
        """bool[n_events], in the order of `_by_pair`, whether an event is its pair's last."""
        last = np.ones(self.n_events, np.bool_)
        items = self.items[self._by_pair]
        np.not_equal(items[1:], items[:-1], out=last[:-1])
        last[self.offsets[1:][self.lengths > 0] - 1] = True
        return last

    @cached_property
    def is_latest(self) -> Bool:
        """bool[n_events], false where the same user has a later event with the same item."""
        latest = np.empty(self.n_events, np.bool_)
        latest[self._by_pair] = self._is_last_of_pair
        return latest

    @cached_property
    def is_first_in_basket(self) -> Bool:
        """bool[n_events], false where an earlier event of the basket has the same item."""
        order = self._by_pair
        first = np.empty(self.n_events, np.bool_)
        first[order] = changes(self.rows[order], self.items[order], self.basket_numbers[order])
        return first

    @cached_property
    def is_positive(self) -> Bool:
        """bool[n_events], whether models of interactions learn from each event.

        Of a user's events with one item the last rating decides for all. Without ratings, or
        without a lowest positive one, all events are positive.
        """
        if self.positive is None or self.ratings is None:
            return np.ones(self.n_events, np.bool_)
        last = np.flatnonzero(self._is_last_of_pair)
        of_pair = self.ratings[self._by_pair[last]] >= np.float32(self.positive)
        positive = np.empty(self.n_events, np.bool_)
        positive[self._by_pair] = np.repeat(of_pair, np.diff(last, prepend=-1))
        return positive

    @cached_property
    def event_weights(self) -> Float32:
        """float32[n_events], what each event counts for models of interactions; 0 is not at all.

        Where events have no weights, a positive one counts 1, and only the last one of an item.
        Otherwise the weights of a user are divided by the mean over the user's positive items, so
        that no unit matters (plays, minutes, euros) and no user outweighs the others.
        """
        if self._parent is not None and "event_weights" in vars(self._parent[0]):
            parent, start = self._parent
            return parent.event_weights[parent.offsets[start] : parent.offsets[start + len(self)]]
        counts = self.is_positive
        if self.weights is None:
            return (counts & self.is_latest).astype(np.float32)
        weights = np.where(counts, self.weights, np.float32(0)).astype(np.float64)
        n_items = np.bincount(self.rows[counts & self.is_latest], minlength=len(self))
        mean = np.bincount(self.rows, weights, len(self)) / np.maximum(n_items, 1)
        return np.asarray(weights / np.where(mean > 0, mean, 1)[self.rows], np.float32)

    @cached_property
    def mean_weight(self) -> float | None:
        """What a positive event weighs on average; None where there are none, or no weights."""
        if self.weights is None or not self.is_positive.any():
            return None
        return float(self.weights[self.is_positive].mean(dtype=np.float64))

    def block(self, start: int, stop: int) -> Histories:
        """The users at positions `start` to `stop`, without copying their events."""
        stop = min(stop, len(self))
        low, high = int(self.offsets[start]), int(self.offsets[stop])
        offsets = self.offsets[start : stop + 1] - low
        some = self.select(self.users[start:stop], offsets, slice(low, high))
        object.__setattr__(some, "_parent", (self, start))
        return some

    def take(self, positions: npt.ArrayLike) -> Histories:
        """The users at these positions, in this order."""
        index = np.asarray(positions, dtype=np.int64)
        if len(index) > len(self) // 2 and index[0] >= 0 and (index[1:] > index[:-1]).all():
            # Most users, in their order: a mask copies faster than positions do.
            wanted = np.zeros(len(self), np.bool_)
            wanted[index] = True
            offsets = np.concatenate([[0], np.cumsum(self.lengths[index])]).astype(np.int64)
            return self.select(self.users[index], offsets, np.repeat(wanted, self.lengths))
        lengths = self.lengths[index]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        return self.select(self.users[index], offsets, ranges(self.offsets[index], lengths))

    def select(self, users: Int32, offsets: Int64, events: slice | Int64 | Bool) -> Histories:
        """A batch of some of these events.

        Args:
            users: int32[n_users], the index of each user.
            offsets: int64[n_users + 1], where the events of each start and end.
            events: which events, in the order of these users.
        """
        return Histories(
            users=users,
            offsets=offsets,
            items=self.items[events],
            ratings=None if self.ratings is None else self.ratings[events],
            times=None if self.times is None else self.times[events],
            n_items=self.n_items,
            weights=None if self.weights is None else self.weights[events],
            positive=self.positive,
            baskets=None if self.baskets is None else self.baskets[events],
            quantities=None if self.quantities is None else self.quantities[events],
            in_sessions=self.in_sessions,
        )

    @property
    def positives(self) -> Histories:
        """The same users with those events alone that models of interactions learn from."""
        keep = self.is_positive
        return self if keep.all() else self.subset(keep)

    def subset(self, keep: Bool) -> Histories:
        """The same users with some of their events, by mask."""
        return self.select(self.users, np.append(0, np.cumsum(keep))[self.offsets], keep)

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
        order, keep = self._by_pair, self._is_last_of_pair
        if values in ("interaction", "weight") and self.positive is not None:
            keep = keep & self.is_positive[order]
        # Events are grouped by user as they are, and here sorted by item, as rows of a matrix are.
        kept, offsets = order, self.offsets
        if not keep.all():
            kept, offsets = order[keep], np.append(0, np.cumsum(keep))[offsets]
        if values == "rating" and self.ratings is not None:
            data = self.ratings[kept]
        elif values == "weight" and self.weights is not None:
            data = self._sums_of_weights[keep]
        else:
            data = np.ones(len(kept), np.float32)
        matrix: sparse.csr_array = sparse.csr_array(
            (data, self.items[kept].astype(order.dtype), offsets.astype(order.dtype)),
            shape=(len(self), self.n_items),
        )
        matrix.has_canonical_format = True
        return matrix

    @property
    def _sums_of_weights(self) -> Float32:
        """float32[n_events], in the order of `_by_pair`, each last one's sum over its pair."""
        sums = self.event_weights[self._by_pair]
        last = np.flatnonzero(self._is_last_of_pair)
        if len(last) < len(sums):
            sums[last] = np.add.reduceat(sums, np.append(0, last[:-1] + 1))
        return sums

    @cached_property
    def signatures(self) -> UInt64:
        """uint64[n_users], a hash of each user's (item, rating) pairs, whatever their order.

        Equal signatures mean, for all practical purposes, an unchanged history.
        """
        if self._parent is not None:
            parent, start = self._parent
            return parent.signatures[start : start + len(self)]
        return hashes_of_histories(self.items, self.offsets, self.ratings)

    @cached_property
    def weighted_signatures(self) -> UInt64:
        """uint64[n_users], the same of the weights of events, too."""
        if self.weights is None:
            return self.signatures
        if self._parent is not None:
            parent, start = self._parent
            return parent.weighted_signatures[start : start + len(self)]
        return hashes_of_histories(self.items, self.offsets, self.ratings, self.weights)
