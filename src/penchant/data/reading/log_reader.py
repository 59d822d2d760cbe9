"""Read a log from files, databases and frames."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import polars as pl

from penchant.data.dataset import Dataset, Origin
from penchant.data.reading.column_guessing import Wish, choose
from penchant.data.reading.files import decode, decompress, load_bytes
from penchant.data.reading.id_tables import IdTable, id_table, same_type
from penchant.data.reading.json_lines import read_json_lines
from penchant.data.reading.raw import Raw, distinct_names, series_of
from penchant.data.reading.sql import read_sql
from penchant.data.reading.text import read_text
from penchant.data.reading.typed_columns import Malformed, clean
from penchant.errors import DataError, ParameterError
from penchant.run import say

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa  # type: ignore[import-untyped]
    from sqlalchemy import Connection, Engine

Source: TypeAlias = (
    "str | Path | BinaryIO | pl.DataFrame | pl.LazyFrame | pd.DataFrame | pa.Table | "
    "Engine | Connection"
)
_SAMPLE = 200
_TABLE_IDS = ("id", "Id", "ID")  # tell a header where all that follows is text
_URL = re.compile(r"[a-z][a-z0-9+._-]+://", re.IGNORECASE)


def read(
    source: Source,
    *,
    user: str | int | None = None,
    item: str | int | None = None,
    rating: Wish = None,
    time: Wish = None,
    text: Wish = None,
    name: str | None = None,
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    table: str | None = None,
    query: str | None = None,
    user_table: Source | None = None,
    item_table: Source | None = None,
    scale: tuple[float, float] | None = None,
    malformed: Malformed = "skip",
    limit: int | None = None,
    quiet: bool = False,
) -> Dataset:
    """Read a log of who rated what.

    The source is a text file with any separator (CSV, TSV, `::` …), Parquet or JSON lines, each
    also compressed as .gz or .zst, an SQLite file, a database URL such as
    `postgresql+psycopg://user@host/name`, a SQLAlchemy engine or connection, an open binary
    file, or a Polars, pandas or Arrow frame. The kind is told by the content, not the name.

    Text ids that are all written as integers become integers; `007` and `038550120X` keep their
    column a text. Further columns are kept. Records without user, item or a finite rating, or
    with an unreadable time, are left out and listed in `origin.skipped`; a missing time is kept
    as null.

    Args:
        source: where the log is.
        user: the user column's name, or its position from 0; guessed where not given, like the
            other four.
        item: the item column.
        rating: the rating column; False reads none.
        time: the column of times: dates, or numbers since 1970 in s, ms, µs or ns; False
            reads none.
        text: the column of review texts; False reads none.
        name: what reports call the log; by default the file's or table's name.
        separator: what stands between the columns of a text file.
        header: whether a text file's first line names the columns.
        encoding: a text file's encoding, UTF-8 by default.
        table: the table of a database, `schema.table` where needed.
        query: a SELECT to read instead of a table.
        user_table: a frame or file with a row per user.
        item_table: a frame or file with a row per item.
        scale: the lowest and highest possible rating.
        malformed: "skip" leaves out malformed records, "raise" refuses the first.
        limit: read no more than this many records.
        quiet: say nothing of guesses and malformed records on standard error.

    Raises:
        DataError: the source cannot be read, a column cannot be told, or most records are
            malformed.
        ParameterError: a parameter has an impossible value.
        MissingExtraError: an optional package is needed and not installed.
    """
    if malformed not in ("skip", "raise"):
        raise ParameterError(f"malformed is 'skip' or 'raise', not {malformed!r}.")
    if limit is not None and limit < 1:
        raise ParameterError(f"limit must be 1 or more, not {limit}.")
    wishes: dict[str, Wish] = {
        "user": user, "item": item, "rating": rating, "time": time, "text": text,
    }  # fmt: skip
    raw, sample = _open(
        source,
        named=[w for w in wishes.values() if isinstance(w, str)],
        separator=separator,
        header=header,
        encoding=encoding,
        table=table,
        query=query,
        limit=limit,
    )
    if limit is not None:
        raw = _first(raw, limit)
    columns, guessed = choose(
        raw.frame.columns, wishes, sample, headed=raw.headed, source=raw.source
    )
    guessed_text = wishes["text"] is None and "text" in columns
    if guessed_text and not _is_prose(raw, columns["text"]):
        columns = {r: c for r, c in columns.items() if r != "text"}
        guessed = tuple(r for r in guessed if r != "text")
    cleaned = clean(raw, columns, malformed)
    if not quiet:
        _tell(raw, columns, guessed, cleaned.skipped, cleaned.remarks)
    frame = cleaned.frame
    tables: dict[str, pl.DataFrame] = {}
    for noun, given in (("user", user_table), ("item", item_table)):
        if given is not None:
            table_of = _table_of(given, noun, frame[noun], columns[noun], encoding)
            frame, tables[noun] = same_type(frame, table_of.frame, noun)
    return Dataset.from_frame(
        frame,
        user_table=tables.get("user"),
        item_table=tables.get("item"),
        name=name or _name_of(raw.source),
        scale=scale,
        origin=Origin(
            source=raw.source,
            columns=dict(columns),
            guessed=guessed,
            skipped=cleaned.skipped,
        ),
    )


def read_table(source: Source, noun: str, log: Dataset, *, encoding: str | None = None) -> IdTable:
    """Read what is known of a log's users or items, for `with_table`.

    Args:
        source: whatever `read` takes as a table.
        noun: `user` or `item`.
        log: the log, whose ids say which column has the table's.
        encoding: a text file's encoding, UTF-8 by default.

    Raises:
        DataError: the source cannot be read.
        MissingExtraError: an optional package is needed and not installed.
    """
    if isinstance(source, str | Path) and Path(source).is_dir():
        raise DataError(f"{source} is a folder: name a file in it that has a row per {noun}.")
    ids = (log.items if noun == "item" else log.users).ids
    return _table_of(source, noun, ids, log.origin.columns.get(noun), encoding)


def _table_of(
    source: Source, noun: str, ids: pl.Series, called: str | None, encoding: str | None
) -> IdTable:
    usual = [*_TABLE_IDS, *([] if called is None else [called])]
    records, _ = _open(source, named=usual, encoding=encoding)
    return id_table(records, noun, ids, called)


def _open(
    source: Source,
    *,
    named: Iterable[str] = (),
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    table: str | None = None,
    query: str | None = None,
    limit: int | None = None,
) -> tuple[Raw, list[list[str]]]:
    """The records of any source and a sample of them as text."""
    if isinstance(source, str) and _URL.match(source):
        if source.lower().startswith(("http://", "https://", "ftp://", "s3://")):
            raise DataError(f"{source} is on the network: download it and name the file.")
        return _sampled(read_sql(source, table=table, query=query, limit=limit))
    if type(source).__module__.partition(".")[0] == "sqlalchemy":
        engine: Any = source
        return _sampled(read_sql(engine, table=table, query=query, limit=limit))
    if isinstance(source, str | Path) or hasattr(source, "read"):
        if isinstance(source, str | Path):
            path = Path(source)
            if path.is_file():
                with path.open("rb") as file:
                    start = file.read(16)
                if start == b"SQLite format 3\0":
                    return _sampled(read_sql(path, table=table, query=query, limit=limit))
            data, label = load_bytes(path), path.name
        else:
            stream: Any = source
            label = Path(str(getattr(stream, "name", "the open file"))).name
            data = decompress(stream.read(), label)
        if table is not None or query is not None:
            raise DataError(f"{label} is no database, so that it has no table or query.")
        if data[:4] == b"PAR1":
            return _sampled(_parquet(data, label))
        data = decode(data, label, encoding)
        if data.lstrip()[:1] in (b"{", b"[") and separator is None:
            return _sampled(read_json_lines(data, label))
        return read_text(data, label, separator=separator, header=header, named=list(named))
    return _sampled(_frame(source))


def _parquet(data: bytes, label: str) -> Raw:
    try:
        return Raw(frame=pl.read_parquet(data), source=label)
    except (pl.exceptions.PolarsError, OSError) as error:
        cause = str(error).strip().splitlines()[0]
        raise DataError(f"{label} is a damaged or unfinished Parquet file: {cause}.") from None


def _frame(source: Any) -> Raw:
    """A frame of Polars, pandas or Arrow."""
    if isinstance(source, pl.LazyFrame):
        source = source.collect()
    if isinstance(source, pl.DataFrame):
        return Raw(frame=source, source="a Polars frame")
    package = type(source).__module__.partition(".")[0]
    if package == "pandas":
        return Raw(frame=_from_pandas(source), source="a pandas frame")
    if package == "pyarrow":
        frame = pl.from_arrow(source)
        if isinstance(frame, pl.DataFrame):
            return Raw(frame=frame, source="an Arrow table")
    raise DataError(
        f"A log cannot be read from {type(source).__name__}: give a file, a database URL, or a "
        f"Polars, pandas or Arrow frame."
    )


def _from_pandas(source: Any) -> pl.DataFrame:
    names = distinct_names(source.columns)
    frame: pl.DataFrame
    try:
        frame = pl.from_pandas(source.set_axis(names, axis=1))
    except (ImportError, TypeError, ValueError):  # no pyarrow, or columns of several types
        columns = [source.iloc[:, n] for n in range(len(names))]
        frame = pl.DataFrame(
            [
                series_of(name, [None if gone else v for v, gone in zip(c, c.isna(), strict=True)])
                for name, c in zip(names, columns, strict=True)
            ]
        )
    return frame


def _sampled(raw: Raw) -> tuple[Raw, list[list[str]]]:
    if raw.frame.width == 0:
        raise DataError(f"{raw.source} has no columns.")
    return raw, []


def _first(raw: Raw, limit: int) -> Raw:
    """The first `limit` records, those skipped among them."""
    if raw.rows is None:
        return replace(raw, frame=raw.frame.head(limit))
    keep = int((raw.rows <= limit).sum())
    return replace(
        raw,
        frame=raw.frame.head(keep),
        rows=raw.rows.head(keep),
        lines=None if raw.lines is None else raw.lines.head(keep),
        skipped=tuple(s for s in raw.skipped if s.row <= limit),
    )


def _is_prose(raw: Raw, column: str) -> bool:
    """Whether a guessed text column is text and not, say, a number of stars named `review`."""
    values = raw.frame[column].head(_SAMPLE)
    if values.dtype != pl.String:
        return False
    return not raw.is_text or values.cast(pl.Float64, strict=False).null_count() > len(values) / 2


def _tell(
    raw: Raw,
    columns: Mapping[str, str],
    guessed: tuple[str, ...],
    skipped: pl.DataFrame | None,
    remarks: tuple[str, ...],
) -> None:
    if guessed:
        found = ", ".join(f"{role}={columns[role]!r}" for role in guessed)
        how = "names" if raw.headed else "contents (there are no column names)"
        say(
            f"{raw.source}: guessed from {how}: {found}; override with "
            f"{guessed[0]}=… (--{guessed[0]} …)."
        )
    for remark in remarks:
        say(f"{raw.source}: {remark}.")
    if skipped is not None:
        row, problem, _ = skipped.row(0)
        total = raw.frame.height + len(raw.skipped)
        say(
            f"{raw.source}: left out {len(skipped):,} of {total:,} records as malformed, "
            f"first record {row} ({problem}); check() lists them."
        )


def _name_of(source: str) -> str:
    """`ratings` of `ratings.csv.gz`; the table of a database."""
    if ", table " in source:
        return source.rpartition(", table ")[2]
    return source.partition(".")[0] if re.fullmatch(r"[^/ ]+\.[\w.]+", source) else source
