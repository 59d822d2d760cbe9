"""Training sessions, and those that have items in common with the end of a history."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from penchant.data.baskets import changes
from penchant.data.histories import Histories
from penchant.data.sorting import ranges
from penchant.typing import Bool, Csr, Float32, Int32, Int64


@dataclass(frozen=True, eq=False)
class Sessions:
    """Sessions in the order of their ends, the latest one first.

    Attributes:
        places: csr[n_sessions, n_items], the last place of each item of a session, from 1 for the
            first event.
        users: int32[n_sessions], the index of each session's user.
        ends: int64[n_sessions], the time of the last event, or None without times.
    """

    places: Csr
    users: Int32
    ends: Int64 | None


def sessions_of(users: Histories) -> Sessions:
    """The sessions of users, of their positive events alone.

    Where the log has none, each history is one. Without times those of later users, and of each
    user the later ones, stand first.
    """
    users = users.positives
    number = np.cumsum(begins_session(users)) - 1
    n = int(number[-1]) + 1 if len(number) else 0
    sizes = np.bincount(number, minlength=n)
    starts = np.cumsum(sizes) - sizes
    owner = users.users[users.rows[starts]]
    ends, order = None, np.arange(n)
    if users.times is not None:
        ends = users.times[starts + sizes - 1]
        order = np.argsort(ends, kind="stable")
    order = order[::-1]
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    place = np.arange(users.n_events) - np.repeat(starts, sizes) + 1
    last = _last_of_pair(number, users.items, users.n_items)
    matrix: Csr = sparse.csr_array(
        (place[last].astype(np.float32), (rank[number[last]], users.items[last])),
        shape=(n, users.n_items),
    )
    matrix.sort_indices()
    return Sessions(matrix, owner[order].astype(np.int32), None if ends is None else ends[order])


def begins_session(users: Histories) -> Bool:
    """bool[n_events], where a session begins, or a history where the log has no sessions."""
    keys = (users.baskets,) if users.in_sessions and users.baskets is not None else ()
    return changes(users.rows, *keys)


@dataclass(frozen=True, eq=False)
class Ends:
    """The last items of histories, each once.

    Attributes:
        rows: int64[n], whose they are, ascending.
        items: int32[n].
        places: int64[n], of the item's last event from the end, 0 for the last of all.
        lengths: int64[n], how many of the events of the history they are among.
    """

    rows: Int64
    items: Int32
    places: Int64
    lengths: Int64


def last_items(users: Histories, max_length: int) -> Ends:
    """What is among the last positive events of each history's last session.

    Args:
        users: the histories.
        max_length: how many events count.
    """
    users = users.positives.last_session
    from_end = np.repeat(users.offsets[1:], users.lengths) - 1 - np.arange(users.n_events)
    keep = from_end < max_length
    lengths = np.bincount(users.rows[keep], minlength=len(users))
    events = np.flatnonzero(keep)
    events = events[_last_of_pair(users.rows[events], users.items[events], users.n_items)]
    rows = users.rows[events].astype(np.int64)
    return Ends(rows, users.items[events], from_end[events], lengths[rows])


@dataclass(frozen=True, eq=False)
class Postings:
    """The latest sessions of each item.

    Attributes:
        offsets: int64[n_items + 1], where the sessions of each item are.
        sessions: int32[n], the latest one first.
        places: float32[n], the item's last place in each.
        n_sessions: int64[n_items], how many there are of each item, with those not kept.
    """

    offsets: Int64
    sessions: Int32
    places: Float32
    n_sessions: Int64


def postings_of(places: Csr, most: int) -> Postings:
    """At most so many sessions of each item, the latest ones.

    Args:
        places: csr[n_sessions, n_items] of `Sessions`.
        most: sessions of an item.
    """
    by_item = places.tocsc()
    counts = np.diff(by_item.indptr).astype(np.int64)
    kept = np.minimum(counts, most)
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    index = ranges(by_item.indptr[:-1], kept)
    return Postings(offsets, by_item.indices[index].astype(np.int32), by_item.data[index], counts)


@dataclass(frozen=True, eq=False)
class Common:
    """Pairs of a history and a session with items in common, by history, then session.

    Attributes:
        rows: int64[n], the history.
        sessions: int64[n], the session.
        weights: float32[n], the sum of the weights of the items in common, or the similarity.
        places: int64[n], the place from the history's end of the latest item in common.
        their_places: float32[n], where that item stands in the session.
        lengths: int64[n], how many events of the history are compared.
    """

    rows: Int64
    sessions: Int64
    weights: Float32
    places: Int64
    their_places: Float32
    lengths: Int64

    def of(self, keep: Bool) -> Common:
        """Some of the pairs, by mask."""
        columns = (getattr(self, field.name) for field in fields(self))
        return Common(*(column[keep] for column in columns))


def in_common(ends: Ends, weights: Float32, postings: Postings, n_sessions: int) -> Common:
    """All sessions among the latest of an item that a history ends with.

    Args:
        ends: of the histories.
        weights: float32[n], what each of their items counts.
        postings: the latest sessions of items.
        n_sessions: in all.
    """
    starts = postings.offsets[ends.items]
    counts = postings.offsets[ends.items + 1] - starts
    index, which = ranges(starts, counts), np.repeat(np.arange(len(starts)), counts)
    pair = ends.rows[which] * n_sessions + postings.sessions[index]
    # Of each pair the latest item in common comes first.
    room = int(ends.places.max(initial=0)) + 1
    order = np.argsort(pair * room + ends.places[which], kind="stable")
    pair, which, index = pair[order], which[order], index[order]
    first = np.flatnonzero(changes(pair))
    summed = np.add.reduceat(weights[which], first) if len(first) else weights[:0]
    return Common(
        pair[first] // max(n_sessions, 1),
        pair[first] % max(n_sessions, 1),
        summed,
        ends.places[which[first]],
        postings.places[index[first]],
        ends.lengths[which[first]],
    )


def in_common_alike(ends: Ends, weights: Float32, postings: Postings, by_time: Int32) -> Common:
    """The same for histories of which most items are the same, in the same order.

    What all of them have in common with a session is then looked up once for each item.

    Args:
        ends: of the histories.
        weights: float32[n], what each of their items counts.
        postings: the latest sessions of items.
        by_time: int32[n_items], the items from the first to the last.
    """
    items = by_time[np.isin(by_time, ends.items)]
    starts = postings.offsets[items]
    counts = postings.offsets[items + 1] - starts
    index, edges = ranges(starts, counts), np.append(0, np.cumsum(counts))
    sessions, column = np.unique(postings.sessions[index], return_inverse=True)
    shape = int(ends.rows.max(initial=-1)) + 1, len(sessions)
    summed, their_places = np.zeros((2, *shape), np.float32)
    places, lengths = np.zeros(shape, np.int64), np.zeros(shape[0], np.int64)
    lengths[ends.rows] = ends.lengths
    for n, item in enumerate(items):  # a later item takes the place of the earlier ones
        own, part = np.flatnonzero(ends.items == item), slice(edges[n], edges[n + 1])
        cells = np.ix_(ends.rows[own], column[part])
        summed[cells] += weights[own, None]
        places[cells] = ends.places[own, None]
        their_places[cells] = postings.places[index[part]]
    rows, found = np.nonzero(summed)
    return Common(
        rows,
        sessions[found].astype(np.int64),
        summed[rows, found],
        places[rows, found],
        their_places[rows, found],
        lengths[rows],
    )


def _last_of_pair(rows: Int64 | Int32, items: Int32, n_items: int) -> Int64:
    """int64[n], ascending, where no later event has the same row and item."""
    pairs = rows.astype(np.int64) * n_items + items
    _, from_end = np.unique(pairs[::-1], return_index=True)
    return np.sort(len(pairs) - 1 - np.asarray(from_end, np.int64))
