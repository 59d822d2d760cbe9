"""Read the records of any source: text, JSON, Parquet, databases and frames."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import polars as pl

from penchant.data.origin import Layout
from penchant.data.reading.contents import TextForm, read_content
from penchant.data.reading.files import decompress, is_there, load_bytes, refuse_large
from penchant.data.reading.frames import read_frame
from penchant.data.reading.large.parquet_pieces import ParquetPieces, parquet_pieces
from penchant.data.reading.large.text_pieces import TextPieces, text_pieces
from penchant.data.reading.layouts.wide import EmptyValue, is_wide, read_wide
from penchant.data.reading.parts.part_files import find_parts
from penchant.data.reading.parts.pieces import PIECE, NotInPiecesError, Pieces
from penchant.data.reading.parts.reader import records_of_files
from penchant.data.reading.records import RawRecords
from penchant.data.reading.sql import read_sql
from penchant.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]
    from sqlalchemy import Connection, Engine

Source: TypeAlias = (
    "str | Path | Sequence[str | Path] | BinaryIO | pl.DataFrame | pl.LazyFrame | pd.DataFrame | "
    "pa.Table | Engine | Connection"
)
_URL = re.compile(r"[a-z][a-z0-9+._-]+://", re.IGNORECASE)
_FEWEST_RECORDS = 200  # of the first piece: as many are looked at to guess what columns are
_NETWORK = ("http://", "https://", "ftp://", "s3://")


def read_pieces(
    source: Source,
    *,
    named: Sequence[str] = (),
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    has_encoding_option: bool = True,
    table: str | None = None,
    query: str | None = None,
    limit: int | None = None,
    max_bytes: int | None = None,
    layout: Layout | None = None,
    sheet: str | int | None = None,
    leading: tuple[str, ...] | None = None,
    empty: EmptyValue = None,
    may_be_wide: bool = False,
    at_once: bool = False,
) -> Pieces:
    """The records of a source, whose format is recognised by its content, in pieces.

    All arguments are those of `penchant.read`, but for `named`, column names by which the header
    of a text file is recognised, `has_encoding_option`: whether messages may advise to give an
    encoding, `leading`, the roles of ids that stand before items of a line, `may_be_wide`:
    whether a row per user is looked for, which a table of items may be taken for, and `at_once`:
    whether all records are to be one piece.

    Raises:
        DataError: the source cannot be read, or has no columns.
        MissingExtraError: an optional package is needed and not installed.
    """
    database, files = _database(source), find_parts(source)
    has_query = table is not None or query is not None
    if database is not None:
        pieces = Pieces.of(read_sql(database, table=table, query=query, limit=limit))
    elif files is not None or isinstance(source, str | Path) or hasattr(source, "read"):
        form = TextForm(
            separator, header, encoding, tuple(named), layout, sheet, leading, has_encoding_option
        )
        if has_query:
            label = source if files is None else files.source
            raise DataError(f"{label} is no database, so that it has no table or query.")
        if files is None:
            pieces = _pieces_of_file(source, form, max_bytes, math.inf if at_once else PIECE)
        else:
            read = partial(records_of_files, files, form, max_bytes, limit)
            size = math.inf if at_once or limit is not None else None
            pieces = Pieces.of_files(read, files.source, files.remarks, size, files.n_bytes)
    else:
        pieces = Pieces.of(read_frame(source))
    records = pieces.first
    if records.frame.width == 0:
        raise DataError(f"{records.source} has no columns.")
    finds_wide = may_be_wide and layout is None and not named
    if layout == "wide" or (finds_wide and is_wide(records)):
        records = pieces.whole()
        if layout == "wide" or is_wide(records):
            user = next((name for name in named if name in records.frame.columns), None)
            records = read_wide(records, user, empty)
        pieces = Pieces.of(records)
    if limit is None:
        return pieces
    first = pieces.first  # records of JSON further on may add columns
    is_enough = limit <= first.n_total and not first.may_lack_columns
    return Pieces.of((first if is_enough else pieces.whole()).head(limit))


def read_records(
    source: Source,
    *,
    named: Sequence[str] = (),
    encoding: str | None = None,
    has_encoding_option: bool = False,
) -> RawRecords:
    """All records of a source at once; the arguments are those of `read_pieces`.

    Raises:
        DataError: the source cannot be read, or has no columns.
        MissingExtraError: an optional package is needed and not installed.
    """
    return read_pieces(
        source, named=named, encoding=encoding, has_encoding_option=has_encoding_option,
        at_once=True,
    ).whole()  # fmt: skip


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


def _pieces_of_file(source: Any, form: TextForm, max_bytes: int | None, size: float) -> Pieces:
    """The records of a file or an open file, in pieces of a size where it is large."""

    def whole() -> RawRecords:
        data, label = _content(source, max_bytes)
        return read_content(data, label, form, max_bytes)

    found: ParquetPieces | TextPieces | None = None
    if isinstance(source, str | Path):
        path = Path(source)
        found = parquet_pieces(path, max_bytes, size) or text_pieces(path, form, max_bytes, size)
    if found is None:
        return Pieces.of(whole())
    try:
        pieces = Pieces(found.read, whole, found.source, found.n_bytes, is_single=False)
    except NotInPiecesError:
        return Pieces.of(whole())
    if pieces.first.frame.height < _FEWEST_RECORDS:
        return Pieces.of(pieces.whole())
    return pieces


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
