"""Write a log's ratings and items into two tables of a database, both or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penchant.atomic_write import atomic_path
from penchant.data.attributes.sql import sql_tables
from penchant.data.dataset import Dataset
from penchant.data.reading.database import connect, database_error, display_name
from penchant.errors import DataError, require

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_CHUNK = 20_000  # rows written at a time
_FILE_URL = "sqlite:///"


def write_sql(
    log: Dataset,
    target: str | Path | Engine,
    column: str = "genres",
    *,
    separator: str = "|",
    replace: bool = False,
) -> None:
    """Write the tables `ratings` and `items` that the SQL of attributes reads.

    A failure leaves neither table, nor a new file. Other tables of the database stay.

    Args:
        log: a log with ratings and an item table.
        target: an SQLite file, which is created where there is none, any SQLAlchemy URL such as
            `postgresql+psycopg://user@host/name`, or an engine.
        column: which column of the item table has the attributes.
        separator: what stands between the values of a text.
        replace: whether tables of these names may be replaced.

    Raises:
        DataError: see `sql_tables`; or the database cannot be opened, or has such a table.
        MissingExtraError: SQLAlchemy or the database's driver is not installed.

    Example:
        >>> from penchant.testing import planted_attributes
        >>> pn.write_sql(planted_attributes(n_users=5), "log.sqlite")
    """
    tables = sql_tables(log, column, separator=separator)
    if isinstance(target, str) and "://" not in target:
        target = Path(target)
    elif isinstance(target, str) and target.startswith(_FILE_URL) and target != _FILE_URL:
        target = Path(target.removeprefix(_FILE_URL))
    if not isinstance(target, Path) or target.exists():
        _write(target, tables, replace)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as draft:
        _write(draft, tables, replace)


def _write(target: str | Path | Engine, tables: Mapping[str, pl.DataFrame], replace: bool) -> None:
    alchemy = require("sqlalchemy", "sql")
    with connect(target) as connection:
        try:
            with connection.begin():
                if connection.dialect.name == "sqlite":
                    # Python's driver begins its transaction too late to roll CREATE TABLE back.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                for name, frame in tables.items():
                    _write_table(connection, name, frame, replace)
        except alchemy.exc.SQLAlchemyError as error:
            raise database_error(display_name(connection), error) from None


def _write_table(connection: Connection, name: str, frame: pl.DataFrame, replace: bool) -> None:
    alchemy = require("sqlalchemy", "sql")
    if alchemy.inspect(connection).has_table(name):
        if not replace:
            raise DataError(
                f"{display_name(connection)} has a table {name!r} already: take another database, "
                "or let it be replaced with replace=True (--overwrite)."
            )
        alchemy.Table(name, alchemy.MetaData()).drop(connection)
    columns = [
        alchemy.Column(column, _column_type(dtype), quote=True, autoincrement=False)
        for column, dtype in frame.schema.items()
    ]
    table: Any = alchemy.Table(name, alchemy.MetaData(), *columns)
    table.create(connection)
    for chunk in frame.iter_slices(_CHUNK):
        connection.execute(table.insert(), chunk.to_dicts())


def _column_type(dtype: pl.DataType) -> Any:
    alchemy = require("sqlalchemy", "sql")
    if dtype == pl.String:
        return alchemy.Text()
    return alchemy.Double() if dtype.is_float() else alchemy.BigInteger()
