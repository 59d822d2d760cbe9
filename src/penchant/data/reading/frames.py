"""Read the records of Polars, pandas and Arrow frames."""

from __future__ import annotations

import uuid
from typing import Any

import polars as pl

from penchant.data.reading.column_names import is_known_name
from penchant.data.reading.records import RawRecords, distinct_names, series_of
from penchant.errors import DataError


def read_frame(source: Any) -> RawRecords:
    """The records of a frame.

    Raises:
        DataError: it is no frame, or a pandas frame has data in its index.
    """
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame):
        return RawRecords(frame=source, source="a Polars frame")
    package = type(source).__module__.partition(".")[0]
    kind = type(source).__name__
    if package == "pandas" and kind == "DataFrame":
        return RawRecords(frame=_from_pandas(source), source="a pandas frame")
    if package == "pandas" and kind == "Series":
        name = "" if source.name is not None else "name='rating'"
        raise DataError(
            f"A log cannot be read from a pandas Series, which is one column with an index: make "
            f"the index columns with reset_index({name})."
        )
    if package == "pyarrow":
        frame = pl.from_arrow(source)
        if isinstance(frame, pl.DataFrame):
            return RawRecords(frame=frame, source="an Arrow table")
    raise DataError(
        f"A log cannot be read from {kind}: give a file, a database URL, or a Polars, pandas or "
        f"Arrow frame."
    )


def _from_pandas(source: Any) -> pl.DataFrame:
    _check_index(source.index, [str(name) for name in source.columns])
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


def _check_index(index: Any, columns: list[str]) -> None:
    """Refuse a frame whose index has values that belong into columns.

    Raises:
        DataError: the index has several levels, the name of a log's column, or times.
    """
    names = [str(name) for name in index.names if name is not None]
    has_times = type(index).__name__ in ("DatetimeIndex", "PeriodIndex")
    is_data = any(is_known_name(name) or has_times for name in names if name not in columns)
    if index.nlevels > 1 or is_data or (has_times and not names):
        listed = ", ".join(repr(name) for name in names)
        listed = listed or ("times" if has_times else "several levels")
        raise DataError(
            f"The index of the pandas frame has {listed}, and an index is not read: make it "
            f"columns with frame.reset_index()."
        )
