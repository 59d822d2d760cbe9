"""Mean, median and number of the ratings of each item, over rows that may be used."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.typing import AnyInt, Bool

Rows: TypeAlias = "Literal['all'] | Bool | AnyInt"


def item_statistics(log: Dataset, rows: Rows) -> pl.DataFrame:
    """What the ratings of each item come to.

    A statistic over all rows has seen the answers of the test rows; which rows may be used is
    therefore to be said, and `"all"`, the usual published form, is a choice like any other.

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
        events = events.filter(pl.Series(mask_of(rows, len(log))))
    found = events.group_by("item").agg(
        pl.col("rating").mean().alias("overall_mean"),
        pl.col("rating").median().alias("overall_median"),
        pl.len().cast(pl.UInt32).alias("overall_count"),
    )
    everything = pl.LazyFrame({"item": np.arange(log.n_items, dtype=np.int32)})
    joined = everything.join(found, on="item", how="left", maintain_order="left").collect()
    return joined.with_columns(
        log.items.ids.alias("item"), pl.col("overall_count").fill_null(0).cast(pl.UInt32)
    )


def mask_of(rows: Bool | AnyInt, n: int) -> Bool:
    """A mask over `n` events from a mask or positions.

    Raises:
        ParameterError: it does not fit the events.
    """
    given = np.asarray(rows)
    if given.dtype == np.bool_:
        if given.shape != (n,):
            raise ParameterError(f"The mask has {given.size:,} places, but there are {n:,} events.")
        return given.astype(np.bool_)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise ParameterError("rows is a mask, positions or 'all'.")
    if given.size and (given.min() < 0 or given.max() >= n):
        raise ParameterError(f"Positions of rows go from 0 to {n - 1:,}.")
    mask = np.zeros(n, np.bool_)
    mask[given.astype(np.int64)] = True
    return mask
