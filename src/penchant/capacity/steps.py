"""The steps from a log to lists, and what their time and memory grow with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_FEWEST_FACTORS, _MOST_FACTORS = 48, 192  # of `ials` at its defaults


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


@dataclass(frozen=True)
class Work:
    """What the time of a step is proportional to, at its largest.

    Attributes:
        name: what it is, as tables say it.
        amount: of it, by the size of the log.
    """

    name: str
    amount: Amount


def _events(size: LogSize) -> float:
    return size.events


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done with a log.

    Attributes:
        title: what it is, as tables say it.
        work: what its time grows with.
        array_bytes: what its arrays take, as far as they grow with the log; None where that is
            not known beforehand.
        memory: what its memory is proportional to, at its largest, where the bytes are not known.
        of_lists: the number of lists for which it is measured, where it is done for all users.
        is_shared: whether several machines can share it.
        remedy: what to do where one machine does not do, an imperative.
    """

    title: str
    work: Work
    array_bytes: Amount | None = None
    memory: Amount = _events
    of_lists: int | None = None
    is_shared: bool = False
    remedy: str


def log_bytes(size: LogSize) -> float:
    """The log's columns, its order by users and times, histories, and ids of users and items."""
    return 44 * size.events + 100 * (size.users + size.items)


def parts_bytes(size: LogSize) -> float:
    """The log, and as much again as its histories and their order take."""
    return log_bytes(size) + 20 * size.events


def neighbour_bytes(kept: int, *, ratings: bool = False) -> Amount:
    """The log, its matrix in both orders, and the neighbours of each item.

    Args:
        kept: neighbours of an item.
        ratings: whether there are others from whom ratings are predicted.
    """
    of_event, of_neighbour = (32, 24) if ratings else (24, 16)
    return lambda size: log_bytes(size) + of_event * size.events + of_neighbour * kept * size.items


def factor_bytes(size: LogSize) -> float:
    """The log, its matrix in both orders, and the vectors of users and items."""
    vectors = 8 * (size.users + size.items) * _n_factors(size.items)
    return log_bytes(size) + 40 * size.events + vectors


def _n_factors(items: float) -> float:
    return min(max(items / 50, _FEWEST_FACTORS), _MOST_FACTORS)


def _pairs(size: LogSize) -> float:
    """Pairs of items in histories, if these are as unequally long as those measured."""
    return size.events * (size.events / size.users)


def _least_squares(size: LogSize) -> float:
    """A pass of conjugate gradients over events, and the Gram matrices of both sides."""
    factors = _n_factors(size.items)
    return size.events * factors + (size.users + size.items) * factors**2


_EVENTS = Work("events", _events)
_PAIRS = Work("pairs of items in histories: events² / users", _pairs)
_LEAST_SQUARES = Work("events × dim + (users + items) × dim²", _least_squares)
_INVERSE = Work("items³", lambda size: size.items * size.items * size.items)
_SCORES = Work("users × items", lambda size: size.items)  # of a number of lists that is fixed

_PARTS = "divide the log, by country or by department, and learn each part by itself"
_WITHOUT_OLD = "leave out old events (`--since`), or users and items with few (`--k-core`)"
_SPARSE = "take `sparse-ease`, which keeps only what items have in common"
_SHARE = "add an index of items (`penchant index`), or more machines (`penchant recommend --ray`)"

STEPS: dict[str, Step] = {
    "read-csv": Step(title="read CSV", work=_EVENTS, array_bytes=log_bytes, remedy=_PARTS),
    "read-parquet": Step(title="read Parquet", work=_EVENTS, array_bytes=log_bytes, remedy=_PARTS),
    "check": Step(title="check", work=_EVENTS, array_bytes=parts_bytes, remedy=_WITHOUT_OLD),
    "split-time": Step(
        title="split by time", work=_EVENTS, array_bytes=parts_bytes, remedy=_WITHOUT_OLD
    ),
    "popular": Step(title="popular", work=_EVENTS, array_bytes=log_bytes, remedy=_WITHOUT_OLD),
    "item-knn": Step(
        title="item-knn",
        work=_PAIRS,
        array_bytes=neighbour_bytes(500, ratings=True),
        remedy=_WITHOUT_OLD,
    ),
    "rp3beta": Step(
        title="rp3beta", work=_PAIRS, array_bytes=neighbour_bytes(200), remedy=_WITHOUT_OLD
    ),
    "ials": Step(
        title="ials",
        work=_LEAST_SQUARES,
        array_bytes=factor_bytes,
        is_shared=True,
        remedy=f"lower `dim`, {_WITHOUT_OLD}, or add machines (`penchant train --ray`)",
    ),
    "bpr": Step(
        title="bpr",
        work=_EVENTS,
        array_bytes=log_bytes,
        remedy=f"lower `epochs`, or {_WITHOUT_OLD}",
    ),
    "sparse-ease": Step(
        title="sparse-ease", work=_PAIRS, remedy=f"lower `neighbours`, or {_WITHOUT_OLD}"
    ),
    "ease": Step(title="ease", work=_INVERSE, memory=lambda size: size.items**2, remedy=_SPARSE),
    "lists": Step(
        title="lists of all users, exact",
        work=_SCORES,
        array_bytes=factor_bytes,
        of_lists=1000,
        is_shared=True,
        remedy=_SHARE,
    ),
}
"""By the names that measurements have."""
