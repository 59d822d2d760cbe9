"""Compute the mean, median and number of ratings of each item over chosen rows."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.typing import AnyInt, Bool

RowSelection: TypeAlias = "Literal['all'] | Bool | AnyInt"


def item_statistics(log: Dataset, rows: RowSelection) -> pl.DataFrame:
    """Mean, median and number of ratings of each item.

    A statistic over all rows has seen the ratings of the test rows. The caller therefore chooses
    the rows; `"all"` is the usual published form.

    Args:
        log: with ratings.
        rows: the events that may be used: a mask or positions, such as those of the training
            part; or `"all"`.

    Returns:
        One row for each item of the vocabulary, in its order: `item`, `overall_mean`,
        `overall_median` (Float64, null where no row may be used) and `overall_count` (UInt32).

    Raises:
        DataError: the log has no ratings.
        ParameterError: `rows` is neither of these.
    """
    if not log.has_ratings:
        raise DataError(f"The log {log.name!r} has no ratings to take statistics of.")
    events = log.events.lazy().select("item", pl.col("rating").cast(pl.Float64))
    if isinstance(rows, str):
        if rows != "all":
            raise ParameterError(f"rows is a mask, positions or 'all', not {rows!r}.")
    else:
        events = events.filter(pl.Series(row_mask(rows, len(log))))
    by_item = events.group_by("item").agg(
        pl.col("rating").mean().alias("overall_mean"),
        pl.col("rating").median().alias("overall_median"),
        pl.len().cast(pl.UInt32).alias("overall_count"),
    )
    everything = pl.LazyFrame({"item": np.arange(log.n_items, dtype=np.int32)})
    joined = everything.join(by_item, on="item", how="left", maintain_order="left").collect()
    return joined.with_columns(
        log.items.ids.alias("item"), pl.col("overall_count").fill_null(0).cast(pl.UInt32)
    )


def row_mask(rows: Bool | AnyInt, n: int) -> Bool:
    """Return a mask over `n` events from a mask or positions.

    Raises:
        ParameterError: it does not fit the events.
    """
    array = np.asarray(rows)
    if array.dtype == np.bool_:
        if array.shape != (n,):
            raise ParameterError(f"The mask has {array.size:,} places, but there are {n:,} events.")
        return array.astype(np.bool_)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise ParameterError("rows is a mask, positions or 'all'.")
    if array.size and (array.min() < 0 or array.max() >= n):
        raise ParameterError(f"Positions of rows go from 0 to {n - 1:,}.")
    mask = np.zeros(n, np.bool_)
    mask[array.astype(np.int64)] = True
    return mask
