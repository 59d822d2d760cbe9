"""Read a table or a query's result from a database, in chunks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penchant.data.polars_frames import distinct_names, series_of
from penchant.data.reading.database import connect, database_error, display_name
from penchant.data.reading.records import RawRecords, concat_chunks
from penchant.errors import DataError, require

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_CHUNK = 50_000  # rows fetched at a time
_STREAMING = {"stream_results": True, "max_row_buffer": _CHUNK}


def read_sql(
    source: str | Path | Engine | Connection,
    *,
    table: str | None = None,
    query: str | None = None,
    limit: int | None = None,
) -> RawRecords:
    """Read a table or a query's result from a URL, an SQLite file, an Engine or a Connection.

    Without `table` and `query` the database must have exactly one table.

    Raises:
        DataError: the database cannot be opened, or has no such table.
        MissingExtraError: SQLAlchemy or the database's driver is not installed.
    """
    alchemy = require("sqlalchemy", "sql")
    if table is not None and query is not None:
        raise DataError("Give a table or a query, not both.")
    with connect(source) as connection:
        name = display_name(connection)
        try:
            if query is None:
                table = _one_table(connection, table, name)
                schema, _, bare = table.rpartition(".")
                from_table = alchemy.table(bare, schema=schema or None)
                selection = alchemy.select(alchemy.text("*")).select_from(from_table)
                if limit is not None:
                    selection = selection.limit(limit)
                result = connection.execute(selection, execution_options=_STREAMING)
            else:
                # Without parameters % and : in the query have no special meaning.
                options = {**_STREAMING, "no_parameters": True}
                result = connection.exec_driver_sql(query, execution_options=options)
                if not result.returns_rows:
                    raise DataError(f"{name}: the query returns no rows; use a SELECT.")
            frame = _collect(result, limit)
        except alchemy.exc.SQLAlchemyError as error:
            raise database_error(name, error) from None
        except UnicodeDecodeError as error:  # of a name; SQLAlchemy leaves it as it is
            raise DataError(f"{name} has a name that is no text: {error}.") from None
    label = f"{name}, table {table}" if table else f"{name}, query"
    return RawRecords(frame=frame, source=label)


def _collect(result: Any, limit: int | None) -> pl.DataFrame:
    names = distinct_names(result.keys())
    chunks = []
    count = 0
    for rows in result.partitions(_CHUNK):
        columns = zip(names, zip(*rows, strict=True), strict=True)
        chunks.append(pl.DataFrame([series_of(name, list(values)) for name, values in columns]))
        count += len(rows)
        if limit is not None and count >= limit:
            result.close()
            break
    if not chunks:
        return pl.DataFrame({name: pl.Series([], dtype=pl.Null) for name in names})
    return concat_chunks(chunks)


def _one_table(connection: Connection, table: str | None, name: str) -> str:
    inspector = require("sqlalchemy", "sql").inspect(connection)
    known = [*inspector.get_table_names(), *inspector.get_view_names()]
    listed = ", ".join(sorted(known)) or "none"
    if table is None:
        if len(known) == 1:
            return str(known[0])
        raise DataError(
            f"{name}: say which table to read with table='…' (--table …); there are: {listed}."
        )
    schema, _, bare = table.rpartition(".")
    exists = (
        inspector.has_table(bare, schema=schema) or bare in inspector.get_view_names(schema=schema)
        if schema
        else table in known or inspector.has_table(table)
    )
    if not exists:
        raise DataError(f"{name} has no table {table!r}; there are: {listed}.")
    return table
