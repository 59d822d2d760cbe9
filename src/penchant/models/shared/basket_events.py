"""What users had, weighed by basket, and a log's baskets as rows."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.baskets import BASKET, changes
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.typing import Bool, Csr, Float32, Float64, Int32, Int64


def once_a_basket(users: Histories) -> Bool:
    """bool[n_events], the first positive event of each item in a basket alone."""
    return users.is_first_in_basket & users.is_positive


def basket_ages(users: Histories) -> Int64:
    """int64[n_events], how many of the user's baskets came after that of each event.

    Baskets without a positive event do not count; the ages of other events than positive ones say
    nothing.
    """
    positive = np.flatnonzero(users.is_positive)
    rows, numbers = users.rows[positive], users.basket_numbers[positive]
    order = np.lexsort((numbers, rows))
    ordinal = np.cumsum(changes(rows[order], numbers[order]))  # over all users
    newest = np.zeros(len(users), np.int64)
    newest[rows[order]] = ordinal  # the last one is written last
    ages = np.zeros(users.n_events, np.int64)
    ages[positive[order]] = newest[rows[order]] - ordinal
    return ages


def decayed_baskets(users: Histories, decay: float) -> Float32:
    """float32[n_events], `decay` to the power of how many of the user's baskets came after.

    Above 0 for the first positive event of each item in a basket, however old, and 0 for others.
    """
    weights = np.power(decay, basket_ages(users).astype(np.float64))
    return counted_once(users, weights)


def counted_once(users: Histories, weights: Float64) -> Float32:
    """float32[n_events], weights of the first positive event of each item in a basket alone.

    However little they are: what was had stays above what was not.
    """
    weights = np.maximum(weights, np.finfo(np.float32).tiny)
    return np.where(once_a_basket(users), weights, 0).astype(np.float32)


def weighted_items(users: Histories, weights: Float32 | Float64) -> Csr:
    """csr[n_users, n_items], the sum of the weights of each user's events with each item."""
    keep = weights != 0
    matrix: Csr = sparse.csr_array(
        (weights[keep].astype(np.float32), (users.rows[keep], users.items[keep])),
        shape=(len(users), users.n_items),
    )
    matrix.sum_duplicates()
    return matrix


def basket_rows(log: Dataset) -> Csr:
    """csr[n_baskets, n_items] of ones, the positive items of each basket of a log.

    Events without a user belong together by their basket, or without one by their time; those that
    have neither say nothing of what goes together and are left out.
    """
    return basket_rows_of(log.histories, log.anonymous)


def basket_rows_of(users: Histories, anonymous: pl.DataFrame | None = None) -> Csr:
    """csr[n_baskets, n_items] of ones, see `basket_rows`, those without a user last."""
    kept = np.flatnonzero(users.is_positive)
    rows, numbers, items = users.rows[kept], users.basket_numbers[kept], users.items[kept]
    order = np.lexsort((numbers, rows))
    basket = np.empty(len(kept), np.int64)
    basket[order] = np.cumsum(changes(rows[order], numbers[order])) - 1
    n_known = int(basket.max(initial=-1)) + 1
    more, more_items = _anonymous_baskets(anonymous)
    n_baskets = n_known + int(more.max(initial=-1)) + 1
    index = np.concatenate([basket, n_known + more]), np.concatenate([items, more_items])
    ones = np.ones(len(index[0]), np.float32)
    matrix: Csr = sparse.csr_array((ones, index), shape=(n_baskets, users.n_items))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _anonymous_baskets(events: pl.DataFrame | None) -> tuple[Int64, Int32]:
    """A number for the basket of each event without a user that is in one, and its item."""
    keys = [c for c in (BASKET, "time") if events is not None and c in events.columns]
    if events is None or not keys:
        return np.empty(0, np.int64), np.empty(0, np.int32)
    if BASKET in keys and "time" in keys:  # the time counts where there is no basket
        time = pl.when(pl.col(BASKET).is_null()).then("time")
        events = events.with_columns(time.alias("time"))
    events = events.filter(~pl.all_horizontal(pl.col(keys).is_null()))
    number = events.select(pl.struct(keys).rank("dense").cast(pl.Int64) - 1).to_series()
    return number.to_numpy(), events["item"].to_numpy()
