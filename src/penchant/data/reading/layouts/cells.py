"""The cells of a table of users and items: which are numbers, and which say `not rated`."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from penchant.data.missing_texts import MISSING
from penchant.data.reading.column_contents import has_long_tail
from penchant.typing import Float64

_SAMPLE_ROWS = 2000
_SAMPLE_COLUMNS = 300
_MOST_LEVELS = 12  # of a scale of ratings, 0 to 10, with one value that says that nobody rated
_WIDEST_SCALE = 10.0
_SENTINEL = re.compile(r"-?9{2,}\.0")  # such as 99 and -999
_MIN_SENTINEL = 0.01  # of the cells have it
_MIN_REPEATED = 3  # cells to a level of a scale
_MIN_EMPTY = 0.5  # of the cells of a table of counts are empty or 0


def cleaned(cells: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    """Cells that are null where a text is blank or means `missing`; texts stay texts."""
    texts = pl.col(pl.String)
    cells = cells.with_columns(
        texts.str.strip_chars(), pl.col(pl.Float32, pl.Float64).fill_nan(None)
    )
    is_missing = texts.str.to_lowercase().is_in(["", *MISSING])
    cells = cells.with_columns(pl.when(~is_missing).then(texts))
    if decimal_comma:
        cells = cells.with_columns(texts.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}"))
    return cells


def numbers_of(cells: pl.DataFrame) -> Float64:
    """float64[n_rows, n_columns], the cells as numbers; NaN where they are none."""
    return cells.select(pl.all().cast(pl.Float64, strict=False)).to_numpy()


class Cells:
    """The numbers in a sample of a table's cells.

    Attributes:
        numbers: float64, of all columns.
        n_empty: how many cells are empty.
        n_text: how many cells have other texts than numbers.
    """

    def __init__(self, columns: pl.DataFrame, *, decimal_comma: bool) -> None:
        step = max(1, columns.width // _SAMPLE_COLUMNS)
        sample = columns[:_SAMPLE_ROWS, ::step]
        numbers = numbers_of(cells := cleaned(sample, decimal_comma=decimal_comma))
        is_number = ~np.isnan(numbers)
        self.n_empty = int(cells.null_count().sum_horizontal().sum())
        self.n_text = is_number.size - int(is_number.sum()) - self.n_empty
        self.numbers = pl.Series(numbers[is_number])

    def empty_value(self) -> float | None:
        """The number that stands for `not rated`, such as 99, -1 or 0; None where there is none.

        It is a number such as 99, far from all others; and where no cell is empty, -1 below
        numbers from 0, or 0 below others, since not everybody has rated everything.
        """
        levels = self.numbers.unique().sort()
        if len(levels) < 2:
            return 0.0 if len(levels) and levels[0] == 0 else None
        for value, others in ((levels[-1], levels[:-1]), (levels[0], levels[1:])):
            gap = min(abs(value - others[0]), abs(value - others[-1]))
            spread = max(others[-1] - others[0], 1.0)
            share = float((self.numbers == value).mean() or 0)
            is_sentinel = _SENTINEL.fullmatch(str(float(value))) and share >= _MIN_SENTINEL
            if is_sentinel and gap > spread / 2:
                return float(value)
        if self.n_empty:
            return None
        return float(levels[0]) if levels[0] in (-1, 0) else None

    def without(self, empty: float | None) -> pl.Series:
        """The numbers but for those that stand for `not rated`."""
        return self.numbers if empty is None else self.numbers.filter(self.numbers != empty)

    def are_of_one_scale(self) -> bool:
        """Whether the columns may be items: ratings of one scale, or counts most of which are 0."""
        empty = self.empty_value()
        values = self.without(empty)
        if self.n_text or not len(values):
            return False
        n_levels = values.n_unique()
        is_scale = n_levels < _MOST_LEVELS and len(values) >= _MIN_REPEATED * n_levels
        if is_scale or (values.abs() <= _WIDEST_SCALE).all():
            return True
        n_cells = len(self.numbers) + self.n_empty
        return n_cells - len(values) >= _MIN_EMPTY * n_cells

    def are_counts(self, empty: float | None) -> bool:
        """Whether the numbers look like counts, such as plays, and not like ratings."""
        return has_long_tail(self.without(empty))
