"""The steps from a log to lists, and what their time and memory grow with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

_FEWEST_FACTORS, _MOST_FACTORS = 32, 192  # of `ials` at its defaults


@dataclass(frozen=True)
class LogSize:
    """How large a log is.

    Attributes:
        users: who have events.
        items: that have events.
        events: in all.
    """

    users: float
    items: float
    events: float

    def times(self, factor: float) -> LogSize:
        """A log that is as many times as large, with as many events a user and an item.

        Args:
            factor: of all three numbers.
        """
        return LogSize(self.users * factor, self.items * factor, self.events * factor)


Amount = Callable[[LogSize], float]


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done with a log.

    Attributes:
        title: what it is, as tables say it.
        work: what its time is proportional to, at its largest.
        grows_with: the same in words.
        memory: what its memory is proportional to, at its largest.
        of_lists: whether it is measured for so many users' lists, and done for all users.
        shared_by: what several machines share in it; None where one machine does it.
        remedy: what to do where one machine does not do, an imperative.
    """

    title: str
    work: Amount
    grows_with: str
    memory: Amount
    of_lists: int | None = None
    shared_by: str | None = None
    remedy: str


def _events(size: LogSize) -> float:
    return size.events


def _pairs(size: LogSize) -> float:
    """Pairs of items in histories, if these are as unequally long as those measured."""
    return size.events * (size.events / size.users)


def _vectors(size: LogSize) -> float:
    return size.events + size.users + size.items


def _factors(items: float) -> float:
    return min(max(math.sqrt(items), _FEWEST_FACTORS), _MOST_FACTORS)


def _least_squares(size: LogSize) -> float:
    """A pass of conjugate gradients over events, and the Gram matrices of both sides."""
    factors = _factors(size.items)
    return size.events * factors + (size.users + size.items) * factors**2


def _factor_tables(size: LogSize) -> float:
    return 2 * size.events + (size.users + size.items) * _factors(size.items)


def _dense(size: LogSize) -> float:
    return size.items * size.items * size.items


def _gram(size: LogSize) -> float:
    return size.items**2


def _products(size: LogSize) -> float:
    """What is scored for a number of lists that is always the same."""
    return size.items


_PARTS = "divide the log, by country or by department, and learn each part by itself"
_WITHOUT_OLD = "leave out old events (`--since`), or users and items with few (`--k-core`)"
_SPARSE = "take `sparse-ease`, which keeps only what items have in common"

STEPS: dict[str, Step] = {
    "read-csv": Step(
        title="read CSV", work=_events, grows_with="events", memory=_vectors, remedy=_PARTS
    ),
    "read-parquet": Step(
        title="read Parquet", work=_events, grows_with="events", memory=_vectors, remedy=_PARTS
    ),
    "check": Step(
        title="check", work=_events, grows_with="events", memory=_vectors, remedy=_WITHOUT_OLD
    ),
    "split-time": Step(
        title="split by time",
        work=_events,
        grows_with="events",
        memory=_vectors,
        remedy=_WITHOUT_OLD,
    ),
    "popular": Step(
        title="popular", work=_events, grows_with="events", memory=_vectors, remedy=_WITHOUT_OLD
    ),
    "item-knn": Step(
        title="item-knn",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        memory=_vectors,
        remedy=_WITHOUT_OLD,
    ),
    "rp3beta": Step(
        title="rp3beta",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        memory=_vectors,
        remedy=_WITHOUT_OLD,
    ),
    "ials": Step(
        title="ials",
        work=_least_squares,
        grows_with="events × dim + (users + items) × dim²",
        memory=_factor_tables,
        remedy="lower `dim`, or " + _WITHOUT_OLD,
    ),
    "bpr": Step(
        title="bpr",
        work=_events,
        grows_with="events",
        memory=_vectors,
        remedy="lower `epochs`, or " + _WITHOUT_OLD,
    ),
    "sparse-ease": Step(
        title="sparse-ease",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        memory=_vectors,
        remedy="lower `neighbours`, or " + _WITHOUT_OLD,
    ),
    "ease": Step(title="ease", work=_dense, grows_with="items³", memory=_gram, remedy=_SPARSE),
    "lists": Step(
        title="lists of all users, exact",
        work=_products,
        grows_with="users × items",
        memory=_factor_tables,
        of_lists=1000,
        shared_by="users",
        remedy="add an index of items (`penchant index`), or more machines "
        "(`penchant recommend --ray`)",
    ),
}
"""By the names that measurements have."""
