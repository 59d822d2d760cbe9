"""Tables taken apart into arrays, so that their memory is just that of the arrays.

Parquet would be the obvious file for tables, but its readers believe what a file says: a few
altered bytes can make them ask for any amount of memory, which ends the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from penchant.bundle.damage import DamageError
from penchant.bundle.entries import NUMBERS, ColumnEntry
from penchant.typing import AnyArray

_TEXTS = {"String": pl.String(), "Categorical": pl.Categorical()}


def take_apart(series: pl.Series, key: str) -> tuple[ColumnEntry, dict[str, AnyArray]]:
    """A column's description and its arrays, whose names begin with `key`.

    Raises:
        DamageError: the column has a type that a bundle cannot keep.
    """
    base = series.dtype.base_type().__name__
    arrays: dict[str, AnyArray] = {}
    facts: dict[str, Any] = {"name": series.name, "dtype": base, "size": len(series)}
    nulls = bool(series.null_count()) or base == "Null"
    if nulls:
        arrays[f"{key}.valid"] = series.is_not_null().to_numpy()
    if base == "List":
        lengths = series.list.len().fill_null(0)
        arrays[f"{key}.offsets"] = _offsets(lengths)
        inner = series.filter(lengths > 0).explode()
        facts["inner"], further = take_apart(inner, f"{key}.inner")
        arrays |= further
    elif base in _TEXTS:
        texts = series.cast(pl.String).fill_null("")
        arrays[f"{key}.offsets"] = _offsets(texts.str.len_bytes())
        data = "".join(texts.to_list()).encode()
        arrays[f"{key}.text"] = np.frombuffer(data, np.uint8)
        facts["bytes"] = len(data)
    elif base in NUMBERS:
        if isinstance(series.dtype, pl.Datetime | pl.Duration):
            facts["unit"] = series.dtype.time_unit
        if isinstance(series.dtype, pl.Datetime):
            facts["zone"] = series.dtype.time_zone
        physical = series.to_physical()
        filled = physical.fill_null(False if base == "Boolean" else 0)
        arrays[f"{key}.values"] = np.ascontiguousarray(filled.to_numpy())
    elif base != "Null":
        raise DamageError(f"its column {series.name!r} is a {series.dtype}; cast it to String")
    return ColumnEntry(nulls=nulls, **facts), arrays


def put_together(column: ColumnEntry, key: str, arrays: Mapping[str, AnyArray]) -> pl.Series:
    """The column that `take_apart` was given.

    Raises:
        DamageError: the arrays do not make such a column.
    """
    try:
        series = _put_together(column, key, arrays)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
        raise DamageError(f"its column {column.name[:100]!r} cannot be read") from None
    if column.nulls:
        valid = pl.Series(arrays[f"{key}.valid"])
        table = pl.DataFrame({"values": series, "valid": valid})
        series = table.select(pl.when("valid").then("values")).to_series()
    return series.alias(column.name)


def _put_together(column: ColumnEntry, key: str, arrays: Mapping[str, AnyArray]) -> pl.Series:
    if column.inner is not None:
        inner = put_together(column.inner, f"{key}.inner", arrays)
        return _lists(inner, checked_offsets(arrays[f"{key}.offsets"], len(inner)))
    if column.bytes is not None:
        data = arrays[f"{key}.text"].tobytes()
        offsets = checked_offsets(arrays[f"{key}.offsets"], len(data)).tolist()
        texts = [data[start:stop].decode() for start, stop in pairwise(offsets)]
        return pl.Series(texts, dtype=pl.String).cast(_TEXTS[column.dtype])
    if column.dtype == "Null":
        return pl.Series([None]).new_from_index(0, column.size)
    series = pl.Series(arrays[f"{key}.values"])
    if column.dtype == "Datetime":
        return series.cast(pl.Datetime(column.unit or "us", column.zone))
    if column.dtype == "Duration":
        return series.cast(pl.Duration(column.unit or "us"))
    return series.cast(pl.Date) if column.dtype == "Date" else series


def _lists(inner: pl.Series, offsets: AnyArray) -> pl.Series:
    """A list for each two neighbouring offsets."""
    lengths = np.diff(offsets)
    rows = np.arange(len(lengths))
    values = pl.DataFrame({"row": np.repeat(rows, lengths), "values": inner})
    grouped = values.group_by("row", maintain_order=True).agg("values")
    joined = pl.DataFrame({"row": rows}).join(grouped, on="row", how="left", maintain_order="left")
    empty = pl.Series([[]], dtype=pl.List(inner.dtype))
    return joined.select(pl.col("values").fill_null(empty)).to_series()


def checked_offsets(offsets: AnyArray, end: int) -> AnyArray:
    """The offsets themselves, if they start at 0, never decrease and stop at `end`.

    Raises:
        DamageError: they do not.
    """
    if not (offsets[0] == 0 and offsets[-1] == end and (offsets[1:] >= offsets[:-1]).all()):
        raise DamageError("its parts do not follow each other")
    return offsets


def _offsets(lengths: pl.Series) -> AnyArray:
    return np.concatenate([[0], np.cumsum(lengths.to_numpy(), dtype=np.int64)]).astype(np.int64)
