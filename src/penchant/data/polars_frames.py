"""Tables that callers have, whatever library made them, as frames of Polars."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import polars as pl

from penchant.errors import DataError

Frame: TypeAlias = Any
"""A Polars, pandas or Arrow frame; none but Polars is needed, so that its type is not named."""

_SIMPLE = (bool, int, float, str, datetime.datetime, datetime.date, list, dict)


def is_frame(value: object) -> bool:
    """Whether a value is a Polars, pandas or Arrow frame."""
    if isinstance(value, pl.DataFrame | pl.LazyFrame):
        return True
    kind = (type(value).__module__.partition(".")[0], type(value).__name__)
    return kind in (("pandas", "DataFrame"), ("pyarrow", "Table"))


def as_polars(source: Frame, table: str) -> pl.DataFrame:
    """A Polars, pandas or Arrow frame as one of Polars.

    Args:
        source: the frame.
        table: what a message calls it, such as "the table of outcomes".

    Raises:
        DataError: it is no frame, or a pandas frame has data in its index.
    """
    if isinstance(source, pl.DataFrame):
        return source
    if not is_frame(source):
        raise DataError(
            f"{table[:1].upper()}{table[1:]} must be a Polars, pandas or Arrow frame, and not "
            f"{type(source).__name__}."
        )
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    if type(source).__module__.startswith("pyarrow"):
        return pl.DataFrame(pl.from_arrow(source))
    index = source.index
    if index.nlevels > 1 or (index.name is not None and index.name not in source.columns):
        named = ", ".join(repr(name) for name in index.names if name is not None)
        raise DataError(
            f"The index of {table} has {named or 'several levels'}, and an index is not read: make "
            "it columns with frame.reset_index()."
        )
    return from_pandas(source)


def from_pandas(source: Any) -> pl.DataFrame:
    """A pandas frame as one of Polars, without its index; ordered categories keep their order."""
    names = distinct_names(source.columns)
    columns = [_with_known_type(source.iloc[:, n]) for n in range(len(names))]
    try:
        frame = pl.DataFrame(
            [
                pl.from_pandas(column.reset_index(drop=True)).alias(name)
                for name, column in zip(names, columns, strict=True)
            ]
        )
    except (ImportError, TypeError, ValueError, OverflowError, NotImplementedError):
        # There is no pyarrow, or a column has values of several types.
        frame = pl.DataFrame(
            [
                series_of(name, [None if null else v for v, null in zip(c, c.isna(), strict=True)])
                for name, c in zip(names, columns, strict=True)
            ]
        )
    return frame.with_columns(
        frame[name].cast(pl.String).cast(pl.Enum([str(value) for value in c.cat.categories]))
        for name, c in zip(names, columns, strict=True)
        if str(c.dtype) == "category" and c.cat.ordered
    )


def _with_known_type(column: Any) -> Any:
    """A pandas column with periods as their starts, and intervals and UUIDs as text."""
    kind = type(column.dtype).__name__
    if kind == "PeriodDtype":
        return column.dt.to_timestamp()
    if kind == "IntervalDtype" or isinstance(_first(column), uuid.UUID):
        return column.map(str, na_action="ignore").astype(object)
    return column


def _first(column: Any) -> Any:
    """The first value that is there, of a column of objects."""
    if column.dtype != object:
        return None
    position = column.first_valid_index()
    return None if position is None else column.dropna().iloc[0]


def distinct_names(names: Iterable[object]) -> list[str]:
    """Column names without blanks around them; empty and repeated names get a number."""
    last_number: dict[str, int] = {}  # of each name, so that many equal ones take no longer
    for n, name in enumerate(names):
        wanted = unique = str(name).strip() or f"column_{n}"
        k = last_number.get(wanted, 1)
        while unique in last_number:
            k += 1
            unique = f"{wanted}_{k}"
        last_number[wanted] = k
        last_number.setdefault(unique, 1)
    return list(last_number)


def series_of(name: str, values: Sequence[Any]) -> pl.Series:
    """A column from Python values; values of several kinds become text, so that none is lost."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if not kinds or (len(kinds) == 1 and issubclass(next(iter(kinds)), _SIMPLE)):
        try:
            return pl.Series(name, values)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)
