"""What the records of one basket say of one another."""

from __future__ import annotations

import polars as pl


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
    known = frame.drop_nulls().unique().group_by("basket").agg(pl.col("value"))
    one = known.filter(pl.col("value").list.len() == 1)
    of_basket = one.select("basket", other=pl.col("value").list.first())
    joined = frame.join(of_basket, on="basket", how="left", maintain_order="left")
    return joined.select(pl.coalesce("value", "other")).to_series().alias(values.name)
