"""Count how the values of a table's columns are distributed: ages, years, countries, genres."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_WHOLE_STEPS = (1.0, 2.0, 5.0, 10.0)
_TAIL = 0.001  # of the values on either side belong to the outermost bins


def column_distributions(table: pl.DataFrame, *, most: int = 20) -> dict[str, pl.DataFrame]:
    """A small table of counts for every column whose values repeat, or are numbers.

    Columns that mainly hold distinct texts, such as ids, titles and addresses, are left out, and
    so are empty ones. Missing values are not counted.

    Args:
        table: such as the user or item table of a log, with its ids in the first column.
        most: the number of bins or values at most.

    Returns:
        For numbers of more than `most` values a histogram: `low`, `high` and `count`, in which
        values from `low` to below `high` are counted (in the last bin `high` too). Otherwise
        the values: `value` and `count`, in ascending order for numbers, the most frequent first
        for others; lists are counted by their elements.
    """
    tables = {}
    for column in table.get_columns()[1:]:
        values = column.explode() if isinstance(column.dtype, pl.List) else column
        values = values.drop_nulls()
        if values.dtype.is_nested() or values.dtype.is_temporal() or not len(values):
            continue
        if values.dtype.is_float():
            values = values.filter(values.is_finite())
        counts = values.value_counts(name="count").rename({values.name: "value"})
        if values.dtype.is_numeric():
            few = len(counts) <= most
            tables[column.name] = counts.sort("value") if few else _histogram(values, most)
        elif 2 * len(counts) <= len(values) or len(counts) <= 2:
            frequent = counts.sort("count", "value", descending=[True, False])
            tables[column.name] = frequent.head(most)
    return tables


def _histogram(values: pl.Series, most: int) -> pl.DataFrame:
    """Bins of one round width; the outermost include far outliers."""
    numbers = values.cast(pl.Float64).to_numpy()
    low, high = np.quantile(numbers, [_TAIL, 1 - _TAIL], method="nearest")
    steps, least = (_WHOLE_STEPS, 1.0) if values.dtype.is_integer() else (_STEPS, 1e-12)
    # One bin fewer than allowed, since round edges may begin below the lowest value.
    rough = max((high - low) / max(most - 1, 1), least)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in steps if s * power >= rough * (1 - 1e-9))
    first = math.floor(low / step)
    last = max(math.floor(high / step) + 1, first + 1)
    edges = np.arange(first, last + 1) * step
    inside = np.clip(np.floor(numbers / step) - first, 0, last - first - 1).astype(np.int64)
    counts = np.bincount(inside, minlength=last - first)
    lows, highs = edges[:-1].copy(), edges[1:].copy()
    lows[0], highs[-1] = min(lows[0], numbers.min()), max(highs[-1], numbers.max())
    return pl.DataFrame({"low": lows, "high": highs, "count": counts})
