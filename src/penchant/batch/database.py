"""Lists in a table of a database."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penchant.data.reading.database import connect, database_error, display_name
from penchant.errors import DataError, require
from penchant.run import Run

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)

TABLE = "lists"
"""The table where the URL names none."""
_ROWS = 20_000  # sent at a time
_TESTED = ("sqlite", "postgresql", "mysql", "mariadb")
_MYSQL = ("mysql", "mariadb")
_KEY_LETTERS = 191  # of ids that are texts, in an index of MySQL, whose keys are short


@dataclass(frozen=True)
class TableDestination:
    """A table whose readers see the old rows or the new ones, all of them.

    Rows go into a table beside it first. In one transaction they then take the place of the old
    ones, so that indexes, views and permissions stay; where there is no such table yet, or it is
    to be replaced because it has other columns, the table beside it gets its name. SQLite,
    PostgreSQL, MySQL and MariaDB are tested; others are written to with a warning.

    Attributes:
        url: of the database.
        table: its name, behind that of a schema and a dot where there is one.
    """

    url: Any
    table: str

    @classmethod
    def of(cls, text: str) -> TableDestination:
        """The table that a URL names: `lists`, or that of `?table=`.

        Raises:
            DataError: it is no URL of a database, or of one without a file.
            MissingExtraError: SQLAlchemy is not installed.
        """
        alchemy = require("sqlalchemy", "sql")
        try:
            url = alchemy.make_url(text)
        except (alchemy.exc.ArgumentError, ValueError):  # the latter of a port that is no number
            raise DataError("A database URL has the form driver://user@host/name.") from None
        table = url.query.get("table", TABLE)
        if not isinstance(table, str) or not table.strip("."):
            raise DataError("The URL of a database names one table: ?table=lists.")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise DataError("This URL names no file for the lists: write sqlite:///lists.db.")
        return cls(url.difference_update_query(["table"]), table)

    @property
    def parts(self) -> Path:
        """The folder for parts of a run: beside SQLite's file, else in the current folder."""
        file = self._file
        if file is not None:
            return file.with_name(f"{file.name}.{self.table}.parts")
        name = re.sub(r"[^\w.-]", "_", f"{self.url.database or ''}.{self.table}")
        return Path(f"{name.lstrip('.')}.parts")

    def check(self, schema: pl.Schema, most_rows: int, *, overwrite: bool) -> None:
        """Refuse, before long work, a table of other columns.

        Raises:
            DataError: the database cannot be opened, or the table has other columns.
        """
        file = self._file
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            if connection.dialect.name not in _TESTED:
                logger.warning(
                    "Writing to %s goes through SQLAlchemy and is not tested there: look at the "
                    "table before you rely on it.",
                    connection.dialect.name,
                )
            columns = self._columns(connection)
            if columns is not None and set(columns) != set(schema) and not overwrite:
                raise DataError(
                    f"The table {self.table} has the columns {', '.join(columns)}, and lists have "
                    f"{', '.join(schema)}: name another table (?table=…), or replace it with "
                    "--overwrite."
                )

    def write(self, parts: Sequence[Path], run: Run) -> None:
        """Replace the rows of the table by those of all parts.

        Raises:
            DataError: the database does not take them.
        """
        alchemy = require("sqlalchemy", "sql")
        schema, _, bare = self.table.rpartition(".")
        rows = pl.scan_parquet(parts[0]).drop("position").collect_schema()
        columns = [alchemy.Column(name, _type(kind)) for name, kind in rows.items()]
        # Ids that differ in case are different, and titles may have any letter.
        options = {
            f"{dialect}_{name}": value
            for dialect in _MYSQL
            for name, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
        }
        staging = alchemy.Table(
            f"{bare}_staging_of_penchant",
            alchemy.MetaData(),
            *columns,
            schema=schema or None,
            **options,
        )
        with self._connected() as connection:
            with _transaction(connection):
                staging.drop(connection, checkfirst=True)
                staging.create(connection)
            for part in run.track(parts, "rows to the database"):
                frame = pl.read_parquet(part).drop("position")
                with _transaction(connection):
                    for some in frame.iter_slices(_ROWS):
                        if len(some):
                            connection.execute(staging.insert(), some.to_dicts())
            with _transaction(connection):
                self._swap(connection, staging, columns)

    def _swap(self, connection: Connection, staging: Any, columns: Sequence[Any]) -> None:
        """Let the new rows take the place of the old ones, within a transaction."""
        alchemy = require("sqlalchemy", "sql")
        target = alchemy.Table(
            staging.name.removesuffix("_staging_of_penchant"),
            alchemy.MetaData(),
            *(alchemy.Column(column.name, column.type) for column in columns),
            schema=staging.schema,
        )
        names, before = [column.name for column in columns], self._columns(connection)
        if before is not None and set(before) == set(names):
            connection.execute(target.delete())
            connection.execute(target.insert().from_select(names, alchemy.select(*staging.c)))
            staging.drop(connection)
            return
        quote = connection.dialect.identifier_preparer
        old, new = quote.format_table(staging), quote.quote(target.name)
        if connection.dialect.name in _MYSQL:
            self._rename_in_mysql(connection, staging, target, replaces=before is not None)
        else:
            if before is not None:
                target.drop(connection)
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        if "user" in target.c:
            is_text = isinstance(target.c.user.type, alchemy.Text)
            lengths = {"user": _KEY_LETTERS} if is_text else {}
            options = {f"{dialect}_length": lengths for dialect in _MYSQL}
            alchemy.Index(f"{target.name}_by_user", target.c.user, **options).create(connection)

    def _rename_in_mysql(
        self, connection: Connection, staging: Any, target: Any, *, replaces: bool
    ) -> None:
        """The same where making and dropping of tables ends a transaction: two names at once."""
        alchemy = require("sqlalchemy", "sql")
        old = alchemy.Table(
            f"{target.name}_old_of_penchant", alchemy.MetaData(), schema=target.schema
        )
        name = connection.dialect.identifier_preparer.format_table
        moves = [f"{name(staging)} TO {name(target)}"]
        if replaces:
            old.drop(connection, checkfirst=True)
            moves.insert(0, f"{name(target)} TO {name(old)}")
        connection.exec_driver_sql(f"RENAME TABLE {', '.join(moves)}")
        if replaces:
            old.drop(connection)

    @property
    def _file(self) -> Path | None:
        """The file of an SQLite database."""
        return Path(self.url.database) if self.url.get_backend_name() == "sqlite" else None

    def _columns(self, connection: Connection) -> list[str] | None:
        """The table's columns; None where there is no such table."""
        alchemy = require("sqlalchemy", "sql")
        schema, _, bare = self.table.rpartition(".")
        inspector = alchemy.inspect(connection)
        if not inspector.has_table(bare, schema=schema or None):
            return None
        return [str(column["name"]) for column in inspector.get_columns(bare, schema or None)]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        alchemy = require("sqlalchemy", "sql")
        url = self.url.render_as_string(hide_password=False)
        with connect(url, create=True) as connection:
            if connection.dialect.name == "sqlite":  # the driver's own transactions lack tables
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                yield connection
            except alchemy.exc.SQLAlchemyError as error:
                raise database_error(display_name(connection), error) from None

    def __str__(self) -> str:
        return f"{self.url.render_as_string(hide_password=True)}, table {self.table}"


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    """All of what is done within, or nothing, the making and dropping of tables included."""
    if connection.dialect.name != "sqlite":
        if connection.in_transaction():  # which a look at the tables has begun
            connection.commit()
        with connection.begin():
            yield
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _type(kind: pl.DataType) -> Any:
    """The type of a database's column."""
    alchemy = require("sqlalchemy", "sql")
    if kind.is_nested():
        return alchemy.JSON()
    if kind == pl.Boolean:
        return alchemy.Boolean()
    if kind == pl.Int64:
        return alchemy.BigInteger()
    if kind.is_integer():
        return alchemy.Integer()
    return alchemy.Float(53) if kind.is_float() else alchemy.Text()
