"""Amounts of work and memory, by the size of a log."""

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


def events_of(size: LogSize) -> float:
    """As many."""
    return size.events


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
    vectors = 4 * (size.users + size.items) * _n_factors(size.items)
    return log_bytes(size) + 28 * size.events + vectors


def vector_bytes(size: LogSize) -> float:
    """The log, and vectors of 64 numbers with as much again to train them."""
    return log_bytes(size) + 1000 * (size.users + size.items)


def _n_factors(items: float) -> float:
    return min(max(items / 50, _FEWEST_FACTORS), _MOST_FACTORS)


def pairs_of(size: LogSize) -> float:
    """Pairs of items in histories, if these are as unequally long as those measured."""
    return size.events * (size.events / size.users)


def _least_squares(size: LogSize) -> float:
    """A pass of conjugate gradients over events, and the Gram matrices of both sides."""
    factors = _n_factors(size.items)
    return size.events * factors + (size.users + size.items) * factors**2


EVENTS = Work("events", events_of)
PAIRS = Work("pairs of items in histories: events² / users", pairs_of)
LEAST_SQUARES = Work("events × dim + (users + items) × dim²", _least_squares)
INVERSE = Work("items³", lambda size: size.items * size.items * size.items)
SCORES = Work("users × items", lambda size: size.items)  # of a number of lists that is fixed
USER_PAIRS = Work(
    "pairs of users of items: events² / items", lambda size: size.events**2 / size.items
)
ITEM_CELLS = Work("items²", lambda size: size.items**2)
CELLS = Work("users × items", lambda size: size.users * size.items)
