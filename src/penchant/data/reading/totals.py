"""Find users and items that are lines or columns of totals and means of a table."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.typing import Int64

_NAMES = (
    "total", "totals", "grandtotal", "subtotal", "sum", "mean", "average", "avg", "median",
    "gesamt", "gesamtergebnis", "summe", "mittelwert", "durchschnitt",
)  # fmt: skip
TOTALS = (
    "as totals and means of tables are ({names}): if that is so, delete that line or column of the "
    "table, and read it again"
)
"""What is said of users and items that `totals` finds; `names` are their ids."""


def totals(log: Dataset, noun: str) -> Int64:
    """The indices of users or items that are called as totals are, and stand at the end.

    Of a log as columns these are the last rows; of a wide table, whose columns are items, those
    that are called so may stand anywhere.
    """
    nothing = np.zeros(0, dtype=np.int64)
    ids = log.side(noun)[0].ids
    if ids.dtype != pl.String or not len(log):
        return nothing
    plain = ids.str.to_lowercase().str.replace_all(r"[\W_]", "")
    index = np.flatnonzero(plain.is_in(_NAMES).to_numpy())
    if not len(index) or (noun == "item" and log.origin.layout == "wide"):
        return index
    found = pl.col(noun).is_in(index.tolist())
    last = log.events.select(pl.col("row").filter(~found).max()).item()
    rows = log.events.filter(found).group_by(noun).agg(pl.col("row").min())
    ends = rows.filter(pl.col("row") > (-1 if last is None else last))
    return np.sort(ends[noun].to_numpy().astype(np.int64))


def names_of(log: Dataset, noun: str, index: Int64) -> str:
    """The ids of some users or items as messages list them."""
    return ", ".join(repr(name) for name in log.side(noun)[0].ids.gather(index))
