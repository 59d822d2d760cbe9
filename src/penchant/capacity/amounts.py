"""Amounts of work and memory, by the size of a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_FEWEST_FACTORS, _MOST_FACTORS = 48, 192  # of `ials` at its defaults
_DENSE_ITEMS = 12_000  # of `slim`, up to which it keeps a dense matrix


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


def model_bytes(
    events: float = 0,
    *,
    users: float = 0,
    items: float = 0,
    cells: float = 0,
    gram_bytes: float = 0,
) -> Amount:
    """The log, and what a model's arrays take beside it.

    Args:
        events: bytes of each event.
        users: of each user.
        items: of each item.
        cells: of each pair of a user and an item.
        gram_bytes: of each pair of items, as long as these are few enough for a dense matrix.
    """

    def amount(size: LogSize) -> float:
        of_items = items + gram_bytes * min(size.items, _DENSE_ITEMS)
        return (
            log_bytes(size)
            + events * size.events
            + users * size.users
            + of_items * size.items
            + cells * size.users * size.items
        )

    return amount


def factor_bytes(size: LogSize) -> float:
    """The log, its matrix in both orders, and the vectors of users and items."""
    vectors = 4 * (size.users + size.items) * _n_factors(size.items)
    return log_bytes(size) + 28 * size.events + vectors


def singular_vector_bytes(size: LogSize) -> float:
    """The log, its matrix, and the vectors of `graph-filter` at its defaults."""
    vectors = 8 * _n_singular_vectors(size) * (size.users + size.items)
    return log_bytes(size) + 20 * size.events + vectors


def _n_singular_vectors(size: LogSize) -> float:
    return min(min(size.users, size.items) / 16, 512) + 32


def _singular_vectors(size: LogSize) -> float:
    """Products of the matrix with all vectors, and their orthogonalisation."""
    n = _n_singular_vectors(size)
    return size.events * n + (size.users + size.items) * n**2


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
ITEM_PAIRS = Work("items²", lambda size: size.items**2)
CELLS = Work("users × items", lambda size: size.users * size.items)
SINGULAR_VECTORS = Work("events × vectors + (users + items) × vectors²", _singular_vectors)
