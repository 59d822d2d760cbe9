"""Baskets: what a user took at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.typing import AnyInt, Bool, Int32

BASKET = "basket"
"""The column of events that says which belong to one basket."""


def changes(*columns: npt.NDArray[Any]) -> Bool:
    """bool[n], whether any column has another value than in the row before; true for the first."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for values in columns:
        new[1:] |= values[1:] != values[:-1]
    return new


def numbers_of_baskets(events: pl.DataFrame, order: AnyInt) -> Int32 | None:
    """int32[n], which of the user's baskets each event belongs to, from 0; None without baskets.

    A basket stands where its first event does. Events without a basket are of one if they are of
    one instant, otherwise each is one of its own.

    Args:
        events: with `user` and, where there are baskets, `basket`.
        order: int[n], positions of events by user, then time.
    """
    if BASKET not in events.columns:
        return None
    frame = events.select("user", BASKET)[order].with_row_index("place")
    alone = pl.when(pl.col(BASKET).is_null())
    instant = pl.col("place").cast(pl.Int64)
    if "time" in events.columns:
        times = events["time"].to_physical()[order].alias("instant")
        frame = frame.with_columns(times)
        instant = pl.col("instant").fill_null(pl.col("place").cast(pl.Int64))
    first = pl.col("place").min().over("user", BASKET, alone.then(instant))
    return frame.select(first.rank("dense").over("user").cast(pl.Int32) - 1).to_series().to_numpy()
