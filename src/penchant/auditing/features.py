"""A table of features with the rows' targets and sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.typing import Bool, Float64, Int64


@dataclass(frozen=True, eq=False, kw_only=True)
class KeyedEvents:
    """Events that a feature may be an aggregate of.

    Attributes:
        target: float64[n_rows], what is to be predicted; NaN where it is not known.
        test: bool[n_rows], whether a row is held out.
        keys: the keys that a feature may be an aggregate of: `user` and `item`, int64[n_rows].
        times: int64[n_rows], microseconds since 1970; None where they are not known.
    """

    target: Float64
    test: Bool
    keys: Mapping[str, Int64]
    times: Int64 | None = None

    @property
    def has_both_sides(self) -> bool:
        """Whether there are training and test rows."""
        return bool(self.test.any() and not self.test.all())


@dataclass(frozen=True, eq=False, kw_only=True)
class Features(KeyedEvents):
    """Features of events, users or items, one row an event.

    Attributes:
        frame: the feature columns.
        rows: int64[n_rows], the rows' numbers in their source.
        split_events: the events of the split that the table belongs to, by the same keys: all of
            them, and those without validation events where there are any. A table may hold some
            of them only, such as the test events.
    """

    frame: pl.DataFrame
    rows: Int64
    split_events: tuple[KeyedEvents, ...] = ()

    def numeric_columns(self) -> Iterator[tuple[str, Float64]]:
        """The numeric columns that are not constant, as float64[n_rows] with NaN for nulls."""
        for name in self.frame.columns:
            column = self.frame[name]
            if column.dtype.is_numeric() or column.dtype == pl.Boolean:
                values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
                finite = values[np.isfinite(values)]
                if len(finite) and np.ptp(finite) > 0:
                    yield name, values

    def pair_codes(self) -> Int64 | None:
        """int64[n_rows], one number for each user and item; None where one of them is missing."""
        if "user" not in self.keys or "item" not in self.keys:
            return None
        items = self.keys["item"]
        return self.keys["user"] * np.int64(items.max(initial=0) + 1) + items

    @property
    def sources(self) -> tuple[KeyedEvents, ...]:
        """Every set of training and test rows that a column may be computed from."""
        return tuple(s for s in (*self.split_events, self) if s.has_both_sides)
