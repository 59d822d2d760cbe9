"""Read the records of any source: text, JSON, Parquet, databases and frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import polars as pl

from penchant.data.reading.files import (
    decode,
    decompress,
    is_there,
    load_bytes,
    most_unpacked,
    refuse_large,
)
from penchant.data.reading.frames import read_frame
from penchant.data.reading.item_lines import Layout, detect_item_lines, read_item_lines
from penchant.data.reading.json_lines import read_json_lines
from penchant.data.reading.parquet import read_parquet
from penchant.data.reading.records import RawRecords
from penchant.data.reading.sql import read_sql
from penchant.data.reading.text import read_text
from penchant.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]
    from sqlalchemy import Connection, Engine

Source: TypeAlias = (
    "str | Path | BinaryIO | pl.DataFrame | pl.LazyFrame | pd.DataFrame | pa.Table | "
    "Engine | Connection"
)
_URL = re.compile(r"[a-z][a-z0-9+._-]+://", re.IGNORECASE)
_HARMLESS_TABLE = 4 * 10**9  # bytes of a Parquet table, which stores equal values once
_NETWORK = ("http://", "https://", "ftp://", "s3://")


def read_records(
    source: Source,
    *,
    named: Sequence[str] = (),
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    table: str | None = None,
    query: str | None = None,
    limit: int | None = None,
    max_bytes: int | None = None,
    layout: Layout | None = None,
) -> RawRecords:
    """The records of a source, whose format is recognised by its content.

    All arguments are those of `penchant.read`, but for `named`: column names by which the header
    of a text file is recognised.

    Raises:
        DataError: the source cannot be read, or has no columns.
        MissingExtraError: an optional package is needed and not installed.
    """
    database = _database(source)
    if database is not None:
        records = read_sql(database, table=table, query=query, limit=limit)
    elif isinstance(source, str | Path) or hasattr(source, "read"):
        data, label = _content(source, max_bytes)
        if table is not None or query is not None:
            raise DataError(f"{label} is no database, so that it has no table or query.")
        if data[:4] == b"PAR1":
            most = most_unpacked(len(data), max_bytes, _HARMLESS_TABLE)
            records = read_parquet(data, label, most)
        else:
            data = decode(data, label, encoding)
            if data.lstrip()[:1] in (b"{", b"[") and separator is None:
                records = read_json_lines(data, label)
            else:
                records = _read_text(data, label, separator, header, named, layout)
    else:
        records = read_frame(source)
    if records.frame.width == 0:
        raise DataError(f"{records.source} has no columns.")
    return records if limit is None else records.head(limit)


def _read_text(
    data: bytes,
    label: str,
    separator: str | None,
    header: bool | None,
    named: Sequence[str],
    layout: Layout | None,
) -> RawRecords:
    """Text in columns, or with several items a line."""
    if layout is None and separator is None and header is None and not named:
        layout = detect_item_lines(data)
    if layout in ("adjacency", "sequences"):
        return read_item_lines(data, label, layout, separator=separator)
    return read_text(data, label, separator=separator, header=header, named=named)


def _database(source: Any) -> str | Path | Engine | Connection | None:
    """The source where it is a database, otherwise None."""
    if isinstance(source, str) and _URL.match(source):
        if source.lower().startswith(_NETWORK):
            raise DataError(f"{source} is on the network: download it and name the file.")
        return source
    if type(source).__module__.partition(".")[0] == "sqlalchemy":
        engine: Engine | Connection = source
        return engine
    if isinstance(source, str | Path) and is_there(path := Path(source)) and path.is_file():
        with path.open("rb") as file:
            if file.read(16) == b"SQLite format 3\0":
                return path
    return None


def _content(source: Any, max_bytes: int | None) -> tuple[bytes, str]:
    """The bytes of a file or an open file, decompressed, and its name."""
    if isinstance(source, str | Path):
        path = Path(source)
        return load_bytes(path, max_bytes), path.name
    name = Path(str(getattr(source, "name", "the open file"))).name
    data = source.read() if max_bytes is None else source.read(max_bytes + 1)
    if not isinstance(data, bytes):
        raise DataError(f"{name} was opened as text: open it with mode 'rb'.")
    if max_bytes is not None:
        refuse_large(len(data), max_bytes, name)
    return decompress(data, name, max_bytes), name
