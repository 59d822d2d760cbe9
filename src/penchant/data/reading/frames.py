"""Read the records of Polars, pandas and Arrow frames."""

from __future__ import annotations

from typing import Any

import polars as pl

from penchant.data.polars_frames import from_pandas
from penchant.data.reading.column_names import is_known_name
from penchant.data.reading.records import RawRecords
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
        _check_index(source.index, [str(name) for name in source.columns])
        return RawRecords(frame=from_pandas(source), source="a pandas frame")
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
