"""Baskets: what a user took at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.typing import AnyInt, Bool, Int32, Int64

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
    first_place = pl.col("place").min().over("user", BASKET, alone.then(instant))
    first = frame.select(first_place).to_series().to_numpy()
    n_begun = np.cumsum(first == np.arange(len(first)), dtype=np.int32)
    of_user = np.where(changes(frame["user"].to_numpy()), n_begun, 0)
    return np.asarray(n_begun[first] - np.maximum.accumulate(of_user), np.int32)


def basket_numbers(
    baskets: Int32 | None, times: Int64 | None, rows: Int32, offsets: Int64
) -> Int32:
    """int32[n_events], which of the user's baskets each event belongs to, from 0 for the first.

    Args:
        baskets: int32[n_events], numbers that rise with time, of which some may be left out; None
            where events of one instant are a basket, or each event is where there are no times.
        times: int64[n_events], or None.
        rows: int32[n_events], the user of each event, ascending.
        offsets: int64[n_users + 1], where each user's events start and end.
    """
    if not len(rows):
        return np.zeros(0, np.int32)
    keys: AnyInt = np.arange(len(rows)) if times is None else times
    order: slice | Int64 = slice(None)
    if baskets is not None:  # some may have been left out, and some be mixed
        keys, order = baskets, np.lexsort((baskets, rows))
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = np.cumsum(changes(keys[order], rows[order]))
    starts = np.minimum(offsets[:-1], len(rows) - 1)
    first = numbers[order][starts]
    return (numbers - np.repeat(first, np.diff(offsets))).astype(np.int32)


def of_last_basket(baskets: Int32, offsets: Int64) -> Bool:
    """bool[n_events], whether an event is in the same basket as the last event of its user.

    Args:
        baskets: int32[n_events], the number of each event's basket.
        offsets: int64[n_users + 1], where each user's events start and end, in time order.
    """
    lengths = np.diff(offsets)
    last = baskets[offsets[1:][lengths > 0] - 1]
    mine: Bool = baskets == np.repeat(last, lengths[lengths > 0])
    return mine
