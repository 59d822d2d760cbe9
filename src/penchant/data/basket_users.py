"""A log in which each basket stands for a user, for what compares items alone."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penchant.data.dataset import Dataset
from penchant.errors import DataError


def baskets_as_users(log: Dataset) -> Dataset:
    """The log of all baskets, those without a user too, each of which takes the place of a user.

    Events without a basket are left out; the items and their table stay as they are.

    Raises:
        DataError: no event has a basket.
    """
    parts = [log.frame().drop("user")] if len(log) else []
    unknown = log.anonymous_frame()
    parts += [] if unknown is None else [unknown]
    known = [part.drop_nulls("basket") for part in parts if "basket" in part.columns]
    if not sum(map(len, known)):
        raise DataError(f"The log {log.name!r} has no baskets.")
    events = pl.concat(known, how="diagonal").rename({"basket": "user"})
    table = log.item_table
    if table is None:
        table = log.items.ids.alias("item").to_frame()
    baskets = Dataset.from_frame(events, item_table=table, name=log.name, origin=log.origin)
    return replace(baskets, item_table=log.item_table)
