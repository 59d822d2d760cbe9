"""What the records of one basket say of one another."""

from __future__ import annotations

import numpy as np
import polars as pl

_SPARSE = 4  # times as many ids as there are records are marked in a table


def fill_from_basket(values: pl.Series, baskets: pl.Series) -> pl.Series:
    """Values in which those that are missing are that of the other records of the basket.

    Shops export the customer and the date of an order with its first line alone. Where the other
    records have several values, or the basket is not known, a value stays missing.

    Args:
        values: users or times.
        baskets: the basket of each record.
    """
    if not values.null_count():
        return values
    frame = pl.DataFrame([values.alias("value"), baskets.alias("basket")])
    lacking = frame.filter(pl.col("value").is_null()).select("basket").drop_nulls().unique()
    known = frame.drop_nulls().join(lacking, on="basket", how="semi").unique()
    of_basket = known.group_by("basket").agg(other=pl.col("value").first(), n=pl.len())
    one = of_basket.filter(pl.col("n") == 1).select("basket", "other")
    joined = frame.join(one, on="basket", how="left", maintain_order="left")
    return joined.select(pl.coalesce("value", "other")).to_series().alias(values.name)


def n_with_one_user(baskets: pl.Series, users: pl.Series) -> tuple[int, int]:
    """How many baskets have a user, and how many of them one alone.

    Args:
        baskets: of each record, null where there is none.
        users: of each record, the same.
    """
    pairs = pl.DataFrame([baskets.alias("basket").to_physical(), users.alias("user").to_physical()])
    pairs = pairs.drop_nulls()
    if not len(pairs):
        return 0, 0
    if all(dtype.is_integer() for dtype in pairs.dtypes):
        ids, of_users = pairs["basket"].to_numpy(), pairs["user"].to_numpy()
        first, last = int(ids.min()), int(ids.max())
        if last - first < _SPARSE * len(ids):
            places = ids - ids.dtype.type(first)
            users_of_baskets = np.zeros(last - first + 1, of_users.dtype)
            users_of_baskets[places] = of_users
            is_there, has_several = np.zeros((2, len(users_of_baskets)), np.bool_)
            is_there[places] = True
            has_several[places[users_of_baskets[places] != of_users]] = True
            n = int(is_there.sum())
            return n, n - int(has_several.sum())
    n_users = pairs.unique().group_by("basket").len()["len"]
    return len(n_users), int((n_users == 1).sum())
