"""The order of rows as that of events, for logs without times."""

from __future__ import annotations

from typing import Literal

import polars as pl

from penchant.data.event_order import POSITION
from penchant.errors import DataError, ParameterError

RowOrder = Literal["rows"]


def check_order(order: str | None) -> None:
    """Refuse other orders than that of rows.

    Raises:
        ParameterError: it is another.
    """
    if order not in (None, "rows"):
        raise ParameterError(f"order is 'rows' or left out, not {order!r}.")


def in_order_of_rows(frame: pl.DataFrame, source: str) -> tuple[pl.DataFrame, str]:
    """Events with their place among their user's, as their rows stand, and a remark on it.

    Raises:
        DataError: the events have times, which say the order.
    """
    if "time" in frame.columns:
        raise DataError(
            f"{source}: times say in which order events came; leave out --order rows "
            "(order='rows'), or read no times with --time none (time=False)."
        )
    place = pl.int_range(pl.len(), dtype=pl.UInt32).over("user").alias(POSITION)
    return frame.with_columns(place), "each user's events came in the order of their rows"
