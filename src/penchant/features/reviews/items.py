"""What training ratings and the item table say of each item of a review log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.features.biases import Groups
from penchant.features.labels import Labels, labels_of
from penchant.typing import AnyInt, Float32, Float64

STATISTICS = ("item's mean", "item's median", "item's ratings")
NUMBERS = ("price", "rank", "buy_count", "view_count")
PUBLISHED = ("overall_mean", "overall_median", "overall_count")
"""Columns of an item table that hold statistics somebody has counted before."""
BRAND = "brand"
DAMPING = 5.0


@dataclass(frozen=True, eq=False)
class ItemColumns:
    """The columns of the item table that reviews are usually published with.

    Attributes:
        numbers: float64[n_items + 1, 4], see `NUMBERS`; the last row is of unknown items.
        brand: the brand of each item, or None.
        counted: float64[n_items + 1, 3], see `PUBLISHED`.
    """

    numbers: Float64
    brand: Labels | None
    counted: Float64

    @classmethod
    def of(cls, log: Dataset) -> ItemColumns:
        """Those of a log's item table, NaN where it does not have them."""
        table, n = log.item_table, log.n_items
        brands: tuple[Labels, ...] = ()
        if table is not None and BRAND in table.columns:
            brands = labels_of(table.select(BRAND), log.items.noun)
        return cls(
            _numbers(table, NUMBERS, n),
            brands[0] if brands else None,
            _numbers(table, PUBLISHED, n),
        )

    def plain(self, *, logs: bool) -> Float32:
        """float32[n_items + 1, 5], the numbers, and how many items have the brand."""
        found = np.column_stack([self.numbers, self._brand_sizes()])
        return np.asarray(np.log1p(np.maximum(found, 0)) if logs else found, np.float32)

    def _brand_sizes(self) -> Float64:
        n = len(self.numbers)
        if self.brand is None:
            return np.full(n, np.nan)
        only = self.brand.only()
        sizes = np.bincount(only[only >= 0], minlength=self.brand.size + 1)
        return np.where(only >= 0, sizes[only], np.nan)

    def rated(self, items: AnyInt, ratings: Float32, mean: float) -> Float32:
        """float32[n_items + 1, 4], `STATISTICS` of these events, and the brand's deviation.

        Args:
            items: int[n_events].
            ratings: float32[n_events].
            mean: of all ratings.
        """
        n = len(self.numbers)
        groups = Groups(items, n)
        counts = groups.counts()
        rest = ratings.astype(np.float64) - mean
        means = np.where(counts > 0, mean + groups.shrunken(rest, DAMPING), np.nan)
        brand = np.full(n, np.nan)
        if self.brand is not None:
            event, label = self.brand.of(items)
            effects = Groups(label, self.brand.size).shrunken(rest[event], DAMPING)
            only = self.brand.only()
            brand[only >= 0] = effects[only[only >= 0]]
        found = np.column_stack([means, _medians(items, ratings, n), np.log1p(counts), brand])
        return found.astype(np.float32)

    def given(self) -> Float32:
        """float32[n_items + 1, 4], the statistics that the table itself holds, and no brand's."""
        nothing = np.full(len(self.counted), np.nan)
        return np.column_stack([self.counted, nothing]).astype(np.float32)


def _medians(items: AnyInt, ratings: Float32, n: int) -> Float64:
    """float64[n], the median rating of each item, NaN without any."""
    order = np.lexsort((ratings, items))
    counts = np.bincount(items, minlength=n)
    first = np.cumsum(counts) - counts
    found = np.full(n, np.nan)
    some = counts > 0
    low, high = first + (counts - 1) // 2, first + counts // 2
    values = ratings[order].astype(np.float64)
    found[some] = (values[low[some]] + values[high[some]]) / 2
    return found


def _numbers(table: pl.DataFrame | None, names: tuple[str, ...], n: int) -> Float64:
    found = np.full((n + 1, len(names)), np.nan)
    for place, name in enumerate(names):
        if table is not None and name in table.columns and table[name].dtype.is_numeric():
            found[:-1, place] = table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return found
