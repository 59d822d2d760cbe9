"""The order of a log's events by user and time."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.sorting import position_type, sorted_with_order
from penchant.typing import AnyInt, Int32, Int64

POSITION = "sequence_position"
"""The column with the place of an event among its user's, where a source has no times."""


def has_positions(events: pl.DataFrame) -> bool:
    """Whether events have places in sequences; a column of that name may be another."""
    return POSITION in events.columns and events[POSITION].dtype.is_integer()


def event_order(events: pl.DataFrame, n_users: int) -> AnyInt:
    """int[n_events], positions of the events by user, then time, then as they stand.

    Without times the places of events in sequences count, where the log has them.

    Linear but for the sort of times, which is of plain numbers: a data frame's sort by two columns
    takes ten times as long.

    Args:
        events: with `user`, and `time` where known; events without a time come first.
        n_users: above all users' indices.
    """
    users: Int32 = events["user"].to_numpy()
    column = "time" if "time" in events.columns else POSITION
    if column == POSITION and not has_positions(events):
        return _grouped(users, n_users)
    lowest = np.iinfo(np.int64).min
    times: Int64 = events[column].to_physical().cast(pl.Int64).fill_null(lowest).to_numpy()
    earlier = times[1:] < times[:-1]
    if not earlier.any():
        return _grouped(users, n_users)
    earlier &= users[1:] <= users[:-1]
    if not (earlier.any() or (users[1:] < users[:-1]).any()):
        return np.arange(len(users), dtype=position_type(len(users)))
    _, by_time = sorted_with_order(times)
    return by_time[_grouped(users[by_time], n_users)]


def order_unlike_rows(users: Int32, positions: pl.Series) -> AnyInt | None:
    """int[n_events], as `event_order`, where places in sequences say else than rows; else None.

    Args:
        users: int32[n_events].
        positions: the place of each event among its user's.
    """
    n_users = 1 + int(users.max(initial=-1))
    order = event_order(pl.DataFrame({"user": users, POSITION: positions}), n_users)
    owners = users[order]
    swapped = (order[1:] < order[:-1]) & (owners[1:] == owners[:-1])
    return order if swapped.any() else None


def _grouped(users: Int32, n_users: int) -> AnyInt:
    """int[n], positions by user, otherwise as they stand: a counting sort, which a transpose is."""
    n = len(users)
    if not (users[1:] < users[:-1]).any():
        return np.arange(n, dtype=position_type(n))
    rows = np.arange(n + 1, dtype=position_type(n))
    one_each = sparse.csr_array((np.ones(n, np.int8), users, rows), shape=(n, n_users))
    order: AnyInt = one_each.tocsc().indices
    return order
