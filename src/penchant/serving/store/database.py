"""Connections to the database of a store: durable commits, and waiting instead of failing."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penchant.errors import MissingExtraError, ParameterError
from penchant.serving.store.errors import StoreError, store_errors

_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_NAMED = 5  # files in a message
_PATIENCE = 30  # seconds to wait for others that write
_CONNECTING = 10  # seconds to wait for a server
_FROZEN = 60  # seconds after which a program that stands still loses what it holds
_READERS = 200  # milliseconds to wait for readers before SQLite's log is emptied another time


class Database:
    """An SQLite file or a PostgreSQL database.

    A commit returns when it is on disk: SQLite writes ahead to a log that every commit flushes
    (`synchronous=FULL`), and PostgreSQL is asked for `synchronous_commit` where it is off.
    What SQLite removes is overwritten (`secure_delete`).

    Args:
        url: such as `sqlite:///feedback.db` or `postgresql://user@host/name`.
        create: whether an SQLite file may be made.

    Raises:
        ParameterError: this is no such URL.
        StoreError: there is no such file.
        MissingExtraError: the driver is not installed.
    """

    def __init__(self, url: str, *, create: bool) -> None:
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.name = parsed.render_as_string(hide_password=True)
        self._writing = threading.Lock()
        self._has_remains = False
        options: dict[str, Any] = {"pool_size": 5, "max_overflow": 15, "pool_timeout": _PATIENCE}
        if self.is_sqlite:
            file = Path(str(parsed.database))
            self.name = file.name
            if not create and not file.is_file():
                raise StoreError(_missing(file))
            options["connect_args"] = {"timeout": _PATIENCE, "check_same_thread": False}
        else:
            options |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
            if "connect_timeout" not in parsed.query:
                options["connect_args"] = {"connect_timeout": _CONNECTING}
        try:
            self.engine = sa.create_engine(parsed, **options)
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"PostgreSQL needs the package {error.name!r}: install it with "
                "pip install 'penchant[postgresql]'."
            ) from error
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _set_up_sqlite)
            sa.event.listen(self.engine, "begin", _begin)
        else:
            sa.event.listen(self.engine, "connect", _set_up_postgresql)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that sees one state of the database.

        Raises:
            StoreError: the database fails.
        """
        with store_errors(self.name):
            connection = self.engine.connect()
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection, connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes: all of it is on disk when this ends, or nothing happens.

        Raises:
            StoreError: the database fails.
        """
        with store_errors(self.name):
            if not self.is_sqlite:
                with self.engine.begin() as connection:
                    yield connection
                return
            with self._writing:  # SQLite lets one write, and others sleep longer than they need
                connection = self.engine.connect().execution_options(penchant_writes=True)
                with connection, connection.begin():
                    yield connection
                if self._has_remains:
                    self._empty_log()

    def flush_folder(self) -> None:
        """Make sure that the name of an SQLite file is on disk, as its content is."""
        if self.is_sqlite:
            with suppress(OSError):  # not every system can open folders
                descriptor = os.open(Path(str(self.engine.url.database)).parent, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def empty_log(self) -> None:
        """Let nothing of what was removed stay in SQLite's log; where others read, later."""
        if self.is_sqlite:
            with store_errors(self.name), self._writing:
                self._empty_log()

    def _empty_log(self) -> None:
        with self.engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute(f"PRAGMA busy_timeout={_READERS}")
            try:
                ((busy, _, _),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                raw.execute(f"PRAGMA busy_timeout={_PATIENCE * 1000}")
        self._has_remains = bool(busy)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def without_password(url: str) -> str:
    """The URL of a store as anybody may see it.

    Raises:
        ParameterError: this is no such URL.
    """
    _parsed(url)
    return sa.make_url(url).render_as_string(hide_password=True)


def _missing(file: Path) -> str:
    """That there is no file of a store, and which there are beside its place."""
    beside = [str(path) for path in sorted(file.parent.glob("*.db"))[:_NAMED]]
    there = f", but {' and '.join(map(repr, beside))}" if beside else ""
    default = "" if beside else ", by default DIR.feedback.db beside the bundle DIR"
    return (
        f"There is no store {str(file)!r}{there}: name the one that the service was started "
        f"with{default}."
    )


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # the latter of a port that is no number
        raise ParameterError(
            "A store is named by a URL such as sqlite:///feedback.db or "
            "postgresql://user@host/name."
        ) from None
    if parsed.drivername in _DRIVERS:
        parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ParameterError(
            f"{parsed.drivername}:// cannot hold a store: give sqlite:///feedback.db or "
            "postgresql://user@host/name."
        )
    if parsed.get_backend_name() == "sqlite":
        if parsed.host or parsed.database in (None, "", ":memory:"):
            raise ParameterError(
                "This URL names no file for the store: write sqlite:///feedback.db, or with four "
                "slashes sqlite:////srv/feedback.db."
            )
        if parsed.query or str(parsed.database).startswith("file:"):
            raise ParameterError("The URL of an SQLite store has a file's path and nothing else.")
    return parsed


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions begin in `_begin`
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("penchant_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.execute(f"SET lock_timeout = '{_PATIENCE}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_FROZEN}s'")
    connection.commit()
