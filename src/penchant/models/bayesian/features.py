"""The features of users, items and times, each a block that events refer to by rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from penchant.features.categorical import intervals
from penchant.features.labels import labels_of, numbers_of
from penchant.typing import AnyInt, Csr, Int32, Int64

DAY = 86_400_000_000
"""Microseconds."""


@dataclass(frozen=True, eq=False)
class Group:
    """Features of one kind, which share a prior.

    Attributes:
        start: place of the first one in its block.
        stop: place after the last one.
        disjoint: whether no row has more than one of them.
    """

    start: int
    stop: int
    disjoint: bool


@dataclass(frozen=True, eq=False)
class Block:
    """What rows of one side, such as users, say of themselves.

    Attributes:
        matrix: csr[n_rows, n_features].
        groups: kinds of features, in their order.
    """

    matrix: Csr
    groups: tuple[Group, ...]
    by_feature: Csr = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_feature", self.matrix.T.tocsr())

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self.matrix.shape[0])

    @property
    def n_features(self) -> int:
        """The number of features."""
        return int(self.matrix.shape[1])

    @classmethod
    def of(cls, parts: list[Csr]) -> Block:
        """A block of groups of features, csr[n_rows, n_features of the group] each."""
        edges = np.append(0, np.cumsum([part.shape[1] for part in parts]))
        groups = tuple(
            Group(int(a), int(b), bool((np.diff(part.indptr) <= 1).all()))
            for a, b, part in zip(edges[:-1], edges[1:], parts, strict=True)
        )
        matrix: Csr = sparse.csr_array(sparse.hstack(parts, format="csr"), dtype=np.float32)
        return cls(matrix, groups)


def one_of(values: AnyInt, size: int) -> Csr:
    """csr[n, size] with a 1 in the column that each row's value names, and none below 0."""
    there = np.flatnonzero(values >= 0)
    entries = np.ones(len(there), np.float32), (there, values[there])
    return sparse.csr_array(entries, shape=(len(values), size))


def attributes(table: pl.DataFrame | None, noun: str, n: int, bins: int) -> Iterator[Csr]:
    """What a table says of its rows: a group for each column.

    Several labels of a row share a length of 1.

    Args:
        table: a row for each owner in the order of the vocabulary, or None.
        noun: the column of ids.
        n: the number of owners.
        bins: into how many intervals of like many owners a number's range is divided.
    """
    for labels in labels_of(table, noun):
        owner, value = labels.of(np.arange(n))
        counts = np.bincount(owner, minlength=n)
        values = np.asarray(1 / np.sqrt(counts[owner]), np.float32)
        yield sparse.csr_array((values, (owner, value)), shape=(n, labels.size))
    _, numbers = numbers_of(table, noun, n)
    for column in numbers[:-1].T:
        inside, found = intervals(column, bins)
        yield one_of(inside, found)


@dataclass(frozen=True, eq=False)
class Owners:
    """Users or items: those with events, which the sampler knows, and what tables say of others.

    Attributes:
        n: all of them.
        with_events: int64[n_with], which have events.
        others: int64[n_others], which have none.
        tables: groups of features, csr[n, n_features] each; see `attributes`.
    """

    n: int
    with_events: Int64
    others: Int64
    tables: list[Csr]

    @classmethod
    def of(cls, counts: Int64, tables: Iterable[Csr]) -> Owners:
        """Owners with so many events each."""
        return cls(
            len(counts),
            np.flatnonzero(counts),
            np.flatnonzero(counts == 0),
            [table for table in tables if table[np.flatnonzero(counts)].nnz],
        )

    @cached_property
    def of_others(self) -> Csr:
        """csr[n_others, n_features], of all tables."""
        empty = sparse.csr_array((len(self.others), 0), dtype=np.float32)
        parts = [table[self.others] for table in self.tables]
        found: Csr = sparse.hstack([empty, *parts], format="csr")
        return found


def normalised(seen: Csr) -> Csr:
    """A matrix of the same shape, each entry 1 / sqrt(entries of the row)."""
    counts = np.diff(seen.indptr)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    return sparse.csr_array((values, seen.indices, seen.indptr), shape=seen.shape)


def side(seen: Csr, owners: Owners, *, met: bool) -> Block:
    """The block of owners with events: their ids, whom they met, and what a table says of them.

    Args:
        seen: csr[n_with, n_other], whom each of them met.
        owners: users or items.
        met: whether whom they met are features.
    """
    n = int(seen.shape[0])
    parts = [one_of(np.arange(n), n), *([normalised(seen)] if met else [])]
    return Block.of([*parts, *(table[owners.with_events] for table in owners.tables)])


def time_edges(times: Int64, bins: int) -> Int64:
    """int64[at most bins + 1], where intervals of like many events begin, and where the last ends.

    A day is never divided: where there are fewer days than `bins`, each is an interval.
    """
    days = np.unique(times // DAY)
    if len(days) <= bins:
        starts = days
    else:
        shares = np.linspace(0, 1, bins + 1)[:-1]
        starts = np.unique(np.quantile(times, shares, method="lower") // DAY)
    return np.asarray(np.append(starts, days[-1] + 1) * DAY)


def n_intervals(edges: Int64) -> int:
    """How many intervals there are between edges; one where there are no edges."""
    return max(len(edges) - 1, 1)


def time_rows(edges: Int64, times: Int64 | None, n: int) -> Int32:
    """int32[n], the interval of each time; the one after the last where nothing is known of it.

    That is so where there are no times, and for times before the first interval and after the last.
    """
    unknown = n_intervals(edges)
    if times is None or not len(edges):
        return np.full(n, unknown, np.int32)
    found = np.searchsorted(edges, times, side="right") - 1
    return np.where(found < 0, unknown, found).astype(np.int32)
