"""Whether anything has come into a store, asked before each list."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import sqlalchemy as sa

from penchant.serving.store.database import Database
from penchant.serving.store.errors import store_error, store_errors
from penchant.serving.store.schema import counter


class ChangeWatch:
    """Tells cheaply whether a database has changed since it was read.

    SQLite is asked for `PRAGMA data_version` on a connection of its own, some microseconds without
    touching the disk; PostgreSQL for the highest number, one exchange with the server.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: sa.Connection | None = None
        self._raw: Any = None
        self._seen: int | None = None

    def version(self) -> int:
        """A number that differs from that of before where something was written meanwhile.

        Raises:
            StoreError: the database fails.
        """
        with self._lock:
            try:
                return self._ask()
            except (sa.exc.DBAPIError, sqlite3.Error) as error:
                lost = self._connection is not None
                self._forget()
                if not lost or self._database.is_sqlite:
                    raise store_error(self._database.name, error) from None
            with store_errors(self._database.name):  # the server may have been started anew
                return self._ask()

    def changed(self) -> bool:
        """Whether something was written since `mark`."""
        return self.version() != self._seen

    def mark(self, version: int) -> None:
        """Note that everything up to a version has been read."""
        self._seen = version

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._forget()

    def _ask(self) -> int:
        if self._connection is None:
            self._connection = self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
            self._raw = self._connection.connection.dbapi_connection
        if self._database.is_sqlite:
            return int(self._raw.execute("PRAGMA data_version").fetchone()[0])
        return int(self._connection.execute(sa.select(counter.c.last)).scalar_one())

    def _forget(self) -> None:
        connection, self._connection, self._raw = self._connection, None, None
        if connection is not None:
            connection.invalidate()
            connection.close()
