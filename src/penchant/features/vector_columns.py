"""Names of the columns of vectors that encoders add to an item table."""

from __future__ import annotations

import polars as pl

from penchant.data.dataset import Dataset
from penchant.errors import DataError


def refuse_taken(log: Dataset, name: str) -> None:
    """Refuse a name that a column of the item table has, unless that is vectors, too.

    Raises:
        DataError: the name is taken by something else, which would be lost.
    """
    table = log.item_table
    if table is None or name not in table.columns or isinstance(table.schema[name], pl.Array):
        return
    raise DataError(
        f"The item table of {log.name!r} has a column {name!r} already, which vectors would "
        "replace: rename it."
    )
