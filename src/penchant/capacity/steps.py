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


def _events(size: LogSize) -> float:
    return size.events


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done with a log.

    Attributes:
        title: what it is, as tables say it.
        work: what its time is proportional to, at its largest.
        grows_with: the same in words.
        array_bytes: what its arrays take, as far as they grow with the log; None where that is
            not known beforehand.
        memory: what its memory is proportional to, at its largest, where the bytes are not known.
        of_lists: whether it is measured for so many users' lists, and done for all users.
        shared_by: what several machines share in it; None where one machine does it.
        remedy: what to do where one machine does not do, an imperative.
    """

    title: str
    work: Amount
    grows_with: str
    array_bytes: Amount | None = None
    memory: Amount = _events
    of_lists: int | None = None
    shared_by: str | None = None
    remedy: str


def _pairs(size: LogSize) -> float:
    """Pairs of items in histories, if these are as unequally long as those measured."""
    return size.events * (size.events / size.users)


def _log_bytes(size: LogSize) -> float:
    """The log's columns, its order by users and times, histories, and ids of users and items."""
    return 44 * size.events + 100 * (size.users + size.items)


def _parts_bytes(size: LogSize) -> float:
    """The log, and as much again as its histories and their order take."""
    return _log_bytes(size) + 20 * size.events


def _neighbour_bytes(size: LogSize) -> float:
    """The log, its matrix in both orders, and some hundred neighbours of each item."""
    return _log_bytes(size) + 24 * size.events + 3200 * size.items


def _factors(items: float) -> float:
    return min(max(math.sqrt(items), _FEWEST_FACTORS), _MOST_FACTORS)


def _least_squares(size: LogSize) -> float:
    """A pass of conjugate gradients over events, and the Gram matrices of both sides."""
    factors = _factors(size.items)
    return size.events * factors + (size.users + size.items) * factors**2


def _factor_bytes(size: LogSize) -> float:
    """The log, its matrix in both orders, and vectors with those of the round before."""
    vectors = 8 * (size.users + size.items) * _factors(size.items)
    return _log_bytes(size) + 40 * size.events + vectors


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
        title="read CSV", work=_events, grows_with="events", array_bytes=_log_bytes, remedy=_PARTS
    ),
    "read-parquet": Step(
        title="read Parquet",
        work=_events,
        grows_with="events",
        array_bytes=_log_bytes,
        remedy=_PARTS,
    ),
    "check": Step(
        title="check",
        work=_events,
        grows_with="events",
        array_bytes=_parts_bytes,
        remedy=_WITHOUT_OLD,
    ),
    "split-time": Step(
        title="split by time",
        work=_events,
        grows_with="events",
        array_bytes=_parts_bytes,
        remedy=_WITHOUT_OLD,
    ),
    "popular": Step(
        title="popular",
        work=_events,
        grows_with="events",
        array_bytes=_log_bytes,
        remedy=_WITHOUT_OLD,
    ),
    "item-knn": Step(
        title="item-knn",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        array_bytes=_neighbour_bytes,
        remedy=_WITHOUT_OLD,
    ),
    "rp3beta": Step(
        title="rp3beta",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        array_bytes=_neighbour_bytes,
        remedy=_WITHOUT_OLD,
    ),
    "ials": Step(
        title="ials",
        work=_least_squares,
        grows_with="events × dim + (users + items) × dim²",
        array_bytes=_factor_bytes,
        remedy="lower `dim`, or " + _WITHOUT_OLD,
    ),
    "bpr": Step(
        title="bpr",
        work=_events,
        grows_with="events",
        array_bytes=_log_bytes,
        remedy="lower `epochs`, or " + _WITHOUT_OLD,
    ),
    "sparse-ease": Step(
        title="sparse-ease",
        work=_pairs,
        grows_with="pairs of items in histories: events² / users",
        memory=_events,
        remedy="lower `neighbours`, or " + _WITHOUT_OLD,
    ),
    "ease": Step(title="ease", work=_dense, grows_with="items³", memory=_gram, remedy=_SPARSE),
    "lists": Step(
        title="lists of all users, exact",
        work=_products,
        grows_with="users × items",
        array_bytes=_factor_bytes,
        of_lists=1000,
        shared_by="users",
        remedy="add an index of items (`penchant index`), or more machines "
        "(`penchant recommend --ray`)",
    ),
}
"""By the names that measurements have."""
