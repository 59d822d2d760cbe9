"""The columns of events that have a meaning: their types, and their part in a fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import numpy as np
import polars as pl

from penchant.data.event_order import POSITION, order_unlike_rows
from penchant.data.times import event_times
from penchant.data.vocabulary import canonical_ids
from penchant.errors import DataError
from penchant.typing import Float32

EVENT_COLUMNS = (
    *("user", "item", "rating", "weight", "time", "basket", "quantity", "price", "event"),
    *(POSITION, "row"),
)
_HASHED = ("user", "item", "rating", "weight", "time", "basket", "quantity", "price")


class Digest(Protocol):
    """What collects bytes, such as `hashlib.sha256()`."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Collect more of them."""


def float_column(values: pl.Series, owner: str = "") -> pl.Series:
    """Numbers as float32; `owner` is whose they are in messages, such as ` of the test events`.

    Raises:
        DataError: they are of another type.
    """
    try:
        return values.cast(pl.Float32)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"The column {values.name!r}{owner} must have numbers, and is {values.dtype}: make it "
            "numbers first, or read the frame with pn.read, which leaves out what is none."
        ) from None


def with_event_columns(
    frame: pl.DataFrame, columns: Mapping[str, pl.Series], name: str
) -> pl.DataFrame:
    """A frame whose columns with a meaning have the types and the order that events have.

    Quantities that are not above 0 are not known.

    Args:
        frame: all columns.
        columns: those that are known already, and come first.
        name: what messages call the log.

    Raises:
        DataError: a weight is missing, infinite or not above 0, or a time is none.
    """
    typed = dict(columns)
    if "weight" in frame.columns:
        weight = float_column(frame["weight"])
        if not ((weight > 0) & weight.is_finite()).fill_null(False).all():
            raise DataError(
                "Some weights are missing, infinite or not above 0; drop those rows first."
            )
        typed["weight"] = weight
    if "time" in frame.columns:
        typed["time"] = event_times(frame["time"], name)
    if "basket" in frame.columns and _may_be_ids(frame["basket"].dtype):
        typed["basket"] = canonical_ids(frame["basket"], "basket", nulls=True)
    if "quantity" in frame.columns and frame["quantity"].dtype.is_numeric():
        quantity = frame["quantity"].cast(pl.Float32)
        usable = (quantity > 0) & quantity.is_finite()
        typed["quantity"] = quantity.set(~usable.fill_null(False), None)
    if "price" in frame.columns and frame["price"].dtype.is_numeric():
        typed["price"] = frame["price"].cast(pl.Float32)
    if POSITION in frame.columns and frame[POSITION].dtype.is_integer():
        typed[POSITION] = frame[POSITION].cast(pl.UInt32)
    row = frame["row"] if "row" in frame.columns else pl.int_range(1, len(frame) + 1, eager=True)
    typed["row"] = row.cast(pl.UInt32)
    others = [name for name in frame.columns if name not in typed]
    return pl.DataFrame(typed).with_columns(frame.select(others))


def quantities_of(events: pl.DataFrame) -> Float32 | None:
    """float32[n_events], how many pieces each event is of, 1 where unknown; None without any."""
    if "quantity" not in events.columns or not events.schema["quantity"].is_numeric():
        return None
    quantities: Float32 = events["quantity"].cast(pl.Float32).fill_null(1).to_numpy()
    return quantities


def update_digest(
    digest: Digest, column_of: Callable[[str], pl.Series], names: Collection[str]
) -> None:
    """Let a digest collect what decides what can be learned from events.

    Places in sequences do where they order a user's events otherwise than rows do.

    Args:
        digest: what collects.
        column_of: the column of a name.
        names: of all columns.
    """
    for column in _HASHED:
        if column in names:
            values = column_of(column).to_physical()
            digest.update(column.encode() + str(values.null_count()).encode())
            if values.dtype == pl.String:
                texts = values.fill_null("").alias("text").to_frame()
                digest.update(texts.select(pl.col("text").str.join("\0")).item().encode())
            elif not values.dtype.is_nested():
                digest.update(np.ascontiguousarray(values.fill_null(0).to_numpy()).data)
    if {"user", POSITION} <= {*names} and "time" not in names:
        places = column_of(POSITION)
        if places.dtype.is_integer():
            order = order_unlike_rows(column_of("user").to_numpy(), places)
            if order is not None:
                digest.update(POSITION.encode() + order.astype(np.int64).tobytes())


def _may_be_ids(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)
