"""Tables and queries of any database that SQLAlchemy knows, read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penchant.data.reading.raw import Raw, distinct_names, series_of, stack
from penchant.errors import DataError, MissingExtraError, require

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_CHUNK = 50_000  # rows fetched at a time
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}


def read_sql(
    source: str | Path | Engine | Connection,
    *,
    table: str | None = None,
    query: str | None = None,
    limit: int | None = None,
) -> Raw:
    """Read a table or a query's result from a URL, an SQLite file, an Engine or a Connection.

    Without `table` and `query` the database must have exactly one table.

    Raises:
        DataError: the database cannot be opened, or has no such table.
        MissingExtraError: SQLAlchemy or the database's driver is not installed.
    """
    alchemy = require("sqlalchemy", "sql")
    if table is not None and query is not None:
        raise DataError("Give a table or a query, not both.")
    with _connection(source) as connection:
        name = _shown(connection)
        try:
            if query is None:
                table = _one_table(connection, table, name)
                schema, _, bare = table.rpartition(".")
                from_table = alchemy.table(bare, schema=schema or None)
                chosen = alchemy.select(alchemy.text("*")).select_from(from_table)
                if limit is not None:
                    chosen = chosen.limit(limit)
                result = connection.execute(chosen, execution_options=_options())
            else:
                # No parameters, so that % and : in the query stay what they are.
                options = {**_options(), "no_parameters": True}
                result = connection.exec_driver_sql(query, execution_options=options)
                if not result.returns_rows:
                    raise DataError(f"{name}: the query returns no rows; use a SELECT.")
            frame = _collect(result, limit)
        except alchemy.exc.SQLAlchemyError as error:
            raise _failed(name, error) from None
    return Raw(frame=frame, source=f"{name}, table {table}" if table else f"{name}, query")


def _options() -> dict[str, Any]:
    return {"stream_results": True, "max_row_buffer": _CHUNK}


def _collect(result: Any, limit: int | None) -> pl.DataFrame:
    names = distinct_names(result.keys())
    parts = []
    count = 0
    for rows in result.partitions(_CHUNK):
        columns = zip(*rows, strict=True)
        parts.append(
            pl.DataFrame([series_of(n, list(c)) for n, c in zip(names, columns, strict=True)])
        )
        count += len(rows)
        if limit is not None and count >= limit:
            result.close()
            break
    if not parts:
        return pl.DataFrame({n: pl.Series([], dtype=pl.Null) for n in names})
    return stack(parts)


@contextmanager
def _connection(source: str | Path | Engine | Connection) -> Iterator[Connection]:
    alchemy = require("sqlalchemy", "sql")
    if isinstance(source, alchemy.Connection):
        yield source
        return
    own = not isinstance(source, alchemy.Engine)
    engine: Any = _engine(source) if isinstance(source, str | Path) else source
    try:
        try:
            connection = engine.connect()
        except alchemy.exc.SQLAlchemyError as error:
            raise _failed(engine.url.render_as_string(hide_password=True), error) from None
        with connection:
            yield connection
    finally:
        if own:
            engine.dispose()


def _engine(source: str | Path) -> Any:
    alchemy = require("sqlalchemy", "sql")
    if isinstance(source, Path):
        url = alchemy.URL.create("sqlite", database=str(source))
    else:
        try:
            url = alchemy.make_url(source)
        except alchemy.exc.ArgumentError:
            raise DataError("A database URL has the form driver://user@host/name.") from None
    if url.drivername in _DRIVERS:
        url = url.set(drivername=_DRIVERS[url.drivername])
    file = url.database
    on_disk = url.get_backend_name() == "sqlite" and file and not file.startswith((":", "file:"))
    if on_disk and not Path(file).is_file():
        raise DataError(f"There is no file {file!r}.")  # SQLite would create it
    try:
        return alchemy.create_engine(url)
    except alchemy.exc.NoSuchModuleError:
        raise DataError(
            f"{url.drivername}:// is no database that is known here; use for example "
            f"sqlite:///file.db or postgresql+psycopg://user@host/name."
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{url.drivername}:// needs the package {error.name!r}: install it "
            f"(for PostgreSQL: pip install 'penchant[postgresql]')."
        ) from error


def _one_table(connection: Connection, table: str | None, name: str) -> str:
    names = require("sqlalchemy", "sql").inspect(connection)
    known = [*names.get_table_names(), *names.get_view_names()]
    listed = ", ".join(sorted(known)) or "none"
    if table is None:
        if len(known) == 1:
            return str(known[0])
        raise DataError(
            f"{name}: say which table to read with table='…' (--table …); there are: {listed}."
        )
    schema, _, bare = table.rpartition(".")
    exists = (
        names.has_table(bare, schema=schema) or bare in names.get_view_names(schema=schema)
        if schema
        else table in known or names.has_table(table)
    )
    if not exists:
        raise DataError(f"{name} has no table {table!r}; there are: {listed}.")
    return table


def _shown(connection: Connection) -> str:
    url = connection.engine.url
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).name
    return url.render_as_string(hide_password=True)


def _failed(name: str, error: Any) -> DataError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return DataError(f"{name}: the database says: {cause[0] if cause else type(error).__name__}")
