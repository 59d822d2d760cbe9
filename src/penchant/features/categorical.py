"""What tables and ids say of each owner as a bag of features, each with a number of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.features.labels import labels_of, numbers_of
from penchant.typing import AnyArray, Bool, Int64


@dataclass(frozen=True, eq=False)
class CategoricalFeatures:
    """The features that each item, or each user, has.

    The first features are the owners' own ids, one each; then come the labels of the table's
    columns, and the intervals into which its numbers are divided.

    Attributes:
        index: int64[n_owners + 1, width], the features of each owner, filled up with `size`. The
            last owner stands for all unknown ones and has none.
        size: how many features there are.
        widths: columns of `index` of each field: of the ids, and of each column of the table.
    """

    index: Int64
    size: int
    widths: tuple[int, ...] = ()

    @classmethod
    def of(cls, table: pl.DataFrame | None, noun: str, n: int, *, bins: int) -> CategoricalFeatures:
        """The bags of a table's rows.

        Args:
            table: a row for each owner in the order of the vocabulary, or None.
            noun: the column of ids.
            n: the number of owners.
            bins: into how many intervals of like many owners a number's range is divided.
        """
        columns, size = [np.append(np.arange(n), -1)[:, None]], n
        for labels in labels_of(table, noun):
            owner, value = labels.of(np.arange(n + 1))
            counts = np.diff(labels.offsets)
            place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
            many = np.full((n + 1, int(counts.max(initial=0))), -1, np.int64)
            many[owner, place] = value + size
            columns.append(many)
            size += labels.size
        _, numbers = numbers_of(table, noun, n)
        for column in numbers.T:
            inside, found = intervals(column, bins)
            columns.append(np.where(inside >= 0, inside + size, -1)[:, None])
            size += found
        index = np.concatenate(columns, axis=1)
        widths = tuple(column.shape[1] for column in columns)
        return cls(np.where(index < 0, size, index).astype(np.int64), size, widths)

    def only(self, keep: Bool) -> CategoricalFeatures:
        """The same bags with some features alone, bool[size]."""
        kept = np.append(keep, False)[self.index]
        return CategoricalFeatures(np.where(kept, self.index, self.size), self.size, self.widths)


def intervals(column: AnyArray, bins: int) -> tuple[Int64, int]:
    """The interval of each number, -1 where it is not known, and how many intervals there are."""
    known = ~np.isnan(column)
    edges = np.unique(np.quantile(column[known], np.linspace(0, 1, bins + 1)[1:-1]))
    inside = np.where(known, np.searchsorted(edges, column, side="right"), -1)
    return inside.astype(np.int64), len(edges) + 1
