"""Walk down users' rankings until their lists are full: exclusions, boosts and caps.

A place of a list depends on all items that stand above it, so that a ranking is walked from its
top. It is asked for in a length that will do for most users, and for the others in longer ones:
lists are exactly those of the whole ranking, which never stands in memory for many users.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from penchant.data.histories import Histories
from penchant.rules.bound import BoundRules
from penchant.rules.diversity import Diversifier
from penchant.typing import Bool, Float32, Float64, Int32, Int64

Ranker = Callable[[Histories, int], tuple[Int32, Float32]]
"""The best items of users, int32[n_users, n] with -1 for no item, and their scores. A longer
ranking begins with the shorter one."""

_CELLS = 2**22  # of rankings that stand in memory at once
_WIDER = 4  # times as long is the ranking of users whose lists are not full
_NEVER_FULL = -(2**30)
_FURTHER = 32  # places beyond what is surely needed, where something may be left out


@dataclass(frozen=True, eq=False)
class RankedLists:
    """Lists after rules.

    Attributes:
        items: int32[n_users, k], -1 where no item is left.
        scores: float32[n_users, k], the model's; NaN where popularity answers.
        places: int32[n_users, k], where the item stands in the model's own order of what the user
            may be shown, from 1; 0 where there is no item.
        is_boosted: bool[n_users, k], whether the item stands higher through a boost.
        is_diversified: bool[n_users, k], whether it stands higher through diversity.
    """

    items: Int32
    scores: Float32
    places: Int32
    is_boosted: Bool
    is_diversified: Bool


def reranked(
    ranker: Ranker,
    users: Histories,
    k: int,
    rules: BoundRules,
    n_candidates: int,
    diversifier: Diversifier | None = None,
) -> RankedLists:
    """Lists of k items that keep the rules, or of as many as are left.

    Args:
        ranker: gives users' rankings of the candidates.
        users: whose lists.
        k: their length.
        rules: what they keep.
        n_candidates: how many items a ranking has at most.
        diversifier: chooses among the best, where `rules` have a part on diversity.
    """
    shape = (len(users), k)
    lists = RankedLists(
        items=np.full(shape, -1, np.int32),
        scores=np.full(shape, -np.inf, np.float32),
        places=np.zeros(shape, np.int32),
        is_boosted=np.zeros(shape, np.bool_),
        is_diversified=np.zeros(shape, np.bool_),
    )
    walk = _Walk(rules, k, diversifier)
    pending = np.arange(len(users))
    width = min(n_candidates, walk.usual_width)
    while len(pending):
        unfinished = []
        for some in _chunks(pending, max(width, walk.cells)):
            block = users if len(some) == len(users) else users.take(some)
            ranking, scores = ranker(block, max(width, 1))
            complete = (ranking[:, -1] < 0) | (width >= n_candidates)
            done = walk.write(lists, some, block, ranking, scores, complete)
            unfinished.append(some[~done])
        pending = np.concatenate(unfinished)
        width = min(n_candidates, width * _WIDER)
    return lists


def _chunks(positions: Int64, cells: int) -> Iterator[Int64]:
    """Positions in pieces, for users who take so many numbers each."""
    size = max(16, _CELLS // max(cells, 1))
    for start in range(0, len(positions), size):
        yield positions[start : start + size]


class _Walk:
    """Makes lists of the beginnings of rankings."""

    def __init__(self, rules: BoundRules, k: int, diversifier: Diversifier | None) -> None:
        self.rules, self.k, self.diversifier = rules, k, diversifier
        n = rules.n_items
        self.places: Float64 = np.zeros(n)
        self.factor: Float64 = np.ones(n)
        for boost in rules.boosts:
            self.places += boost.places
            self.factor *= boost.factor
        self.is_boosted = (self.places > 0) | (self.factor > 1)
        self.most_places = float(self.places.max(initial=0))
        self.highest_factor = float(self.factor.max(initial=1))

    @property
    def cells(self) -> int:
        """How many numbers a user takes, besides the ranking."""
        counts = sum(n_groups(groups) for _, groups in self.rules.caps)
        return max(counts, 0 if self.diversifier is None else self.diversifier.cells)

    @property
    def usual_width(self) -> int:
        """The length of rankings that will do for most users."""
        wanted = self.k if self.diversifier is None else max(self.k, self.diversifier.pool)
        reach = math.ceil((wanted + self.most_places) * self.highest_factor)
        if self.rules.caps:
            reach += self.k
        if self.rules.caps or len(self.rules.excluded_pairs):
            reach += _FURTHER
        return reach

    def write(
        self,
        lists: RankedLists,
        positions: Int64,
        users: Histories,
        ranking: Int32,
        scores: Float32,
        complete: Bool,
    ) -> Bool:
        """Write the lists of users at these positions, as far as their rankings reach.

        Args:
            lists: where to.
            positions: int64[n], of the users there.
            users: the users.
            ranking: int32[n, width], the beginnings of their rankings.
            scores: float32[n, width].
            complete: bool[n], whether a ranking ends there.

        Returns:
            bool[n], whose lists are finished.
        """
        usable = (ranking >= 0) & ~self.rules.excludes(users, ranking)
        own = np.where(usable, np.cumsum(usable, axis=1), 0).astype(np.int32)  # places from 1
        order, n_final = self._boosted(ranking, usable, own, complete)
        items = np.take_along_axis(ranking, order, axis=1)
        own = np.take_along_axis(own, order, axis=1)
        n_usable = usable.sum(axis=1)
        chosen = _Chosen(len(items), self.k, self.rules.caps)
        enough: Bool = np.ones(len(items), np.bool_)
        start = np.zeros(len(items), np.int64)
        if self.diversifier is not None:
            start = np.minimum(self.diversifier.pool, n_usable)
            enough = complete | (n_final >= self.diversifier.pool)
            self.diversifier.choose(users, items, start, chosen)
        _fill(chosen, items, start, n_final)
        columns = np.maximum(chosen.columns, 0)
        filled = chosen.columns >= 0
        best = np.take_along_axis(items, columns, axis=1)
        place = np.take_along_axis(own, columns, axis=1)
        values = np.take_along_axis(np.take_along_axis(scores, order, axis=1), columns, axis=1)
        lists.items[positions] = np.where(filled, best, -1)
        lists.places[positions] = np.where(filled, place, 0)
        lists.scores[positions] = np.where(filled, values, -np.inf)
        lists.is_boosted[positions] = filled & self.is_boosted[best] & (columns + 1 < place)
        if self.diversifier is not None:
            plain = _Chosen(len(items), self.k, self.rules.caps)
            _fill(plain, items, np.zeros_like(start), n_final)
            lists.is_diversified[positions] = filled & ~_stood_as_high(chosen, plain)
        return enough & ((chosen.n >= self.k) | complete)

    def _boosted(
        self, ranking: Int32, usable: Bool, own: Int32, complete: Bool
    ) -> tuple[Int64, Int64]:
        """The columns of rankings in the order of boosted places, and how many of them are final.

        Items beyond the beginning of a ranking may come to stand among its last ones.
        """
        n_usable = usable.sum(axis=1)
        if not self.rules.boosts:
            return np.argsort(~usable, axis=1, kind="stable"), n_usable
        listed = np.maximum(ranking, 0)
        key = own / self.factor[listed] - self.places[listed]
        key[~usable] = np.inf
        order = np.lexsort((-own, key), axis=1)  # of equal places the item that was moved up first
        highest = (n_usable + 1) / self.highest_factor - self.most_places  # of those beyond
        n_final = np.where(complete, n_usable, (key < highest[:, None]).sum(axis=1))
        return order, n_final


def _fill(chosen: _Chosen, items: Int32, start: Int64, stop: Int64) -> None:
    """Fill lists from rankings int32[n_users, n], of each user from one column to another."""
    for column in range(items.shape[1]):
        if (chosen.n >= chosen.k).all():
            return
        chosen.offer(items[:, column], column, (column >= start) & (column < stop))


def _stood_as_high(chosen: _Chosen, plain: _Chosen) -> Bool:
    """bool[n_users, k], whether the item of a place has this or a better one in other lists."""
    same = chosen.columns[:, :, None] == plain.columns[:, None, :]
    not_below: Bool = np.tri(chosen.k, dtype=np.bool_)
    return np.asarray((same & not_below).any(axis=2))


class _Chosen:
    """The items that lists have so far, and how many of each group."""

    def __init__(self, n_users: int, k: int, caps: tuple[tuple[int, Int32], ...]) -> None:
        self.k, self.caps = k, caps
        self.n: Int64 = np.zeros(n_users, np.int64)
        self.columns: Int64 = np.full((n_users, k), -1, np.int64)
        # What has no group, -1, counts in a last column, which is never full.
        self.counts = [np.zeros((n_users, n_groups(g) + 1), np.int32) for _, g in caps]
        for counts in self.counts:
            counts[:, -1] = _NEVER_FULL

    def fits(self, items: Int32, users: Int64 | slice = slice(None)) -> Bool:
        """bool[n_users, n], whether each of the users' lists may have each of the items, too."""
        fits: Bool = (items >= 0) & (self.n[users] < self.k)[:, None]
        rows = np.arange(len(self.n))[users][:, None, None]
        for (most, groups), counts in zip(self.caps, self.counts, strict=True):
            fits &= (counts[rows, groups[items]] < most).all(axis=2)
        return fits

    def offer(self, items: Int32, columns: int | Int64, wanted: Bool) -> None:
        """Put items, one of each user, at the ends of the lists that may have them."""
        who = np.flatnonzero(wanted & (self.n < self.k))
        who = who[self.fits(items[who, None], who)[:, 0]]
        self.columns[who, self.n[who]] = columns if isinstance(columns, int) else columns[who]
        for (_, groups), counts in zip(self.caps, self.counts, strict=True):
            counts[who[:, None], groups[items[who]]] += 1
        self.n[who] += 1


def n_groups(groups: Int32) -> int:
    """How many groups there are."""
    return 1 + int(groups.max(initial=-1))
