"""Connect to any database that SQLAlchemy knows, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from penchant.data.reading.files import is_there
from penchant.data.reading.records import shorten
from penchant.errors import DataError, MissingExtraError, require

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_EXTRAS = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}


@contextmanager
def connect(
    database: str | Path | Engine | Connection, *, create: bool = False
) -> Iterator[Connection]:
    """Open a connection to a URL, an SQLite file or an engine; a connection is passed through.

    Args:
        database: which database.
        create: whether SQLite may make a file that is not there.

    Raises:
        DataError: the database is not known or cannot be opened.
        MissingExtraError: SQLAlchemy or the database's driver is not installed.
    """
    alchemy = require("sqlalchemy", "sql")
    if isinstance(database, alchemy.Connection):
        yield database
        return
    is_ours = not isinstance(database, alchemy.Engine)
    engine: Any = _engine(database, create) if isinstance(database, str | Path) else database
    try:
        try:
            connection = engine.connect()
        except alchemy.exc.SQLAlchemyError as error:
            raise database_error(engine.url.render_as_string(hide_password=True), error) from None
        with connection:
            yield connection
    finally:
        if is_ours:
            engine.dispose()


def display_name(connection: Connection) -> str:
    """A database's name for messages: its file, or its URL without the password."""
    url = connection.engine.url
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        return Path(url.database).name
    return url.render_as_string(hide_password=True)


def database_error(name: str, error: Any) -> DataError:
    """What a database reported, in one line."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return DataError(f"{name}: the database says: {cause[0] if cause else type(error).__name__}")


def _engine(database: str | Path, create: bool) -> Any:
    alchemy = require("sqlalchemy", "sql")
    if isinstance(database, Path):
        url = alchemy.URL.create("sqlite", database=str(database))
    else:
        try:
            url = alchemy.make_url(database)
        except (alchemy.exc.ArgumentError, ValueError):  # the latter of a port that is no number
            raise DataError("A database URL has the form driver://user@host/name.") from None
    if url.drivername in _DRIVERS:
        url = url.set(drivername=_DRIVERS[url.drivername])
    file = _sqlite_file(url)
    if file is not None and not create and not (is_there(path := Path(file)) and path.is_file()):
        raise DataError(f"There is no file {shorten(file)!r}.")  # SQLite would create it
    try:
        return alchemy.create_engine(url)
    except alchemy.exc.NoSuchModuleError:
        raise DataError(
            f"{url.drivername}:// is no database that is known here; use for example "
            f"sqlite:///file.db, postgresql://user@host/name or mysql://user@host/name."
        ) from None
    except alchemy.exc.ArgumentError as error:  # such as sqlite://x
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"{shorten(str(database))} is no database URL: {reason}.") from None
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(url.get_backend_name(), "")
        extra = f" (pip install 'penchant[{extra}]')" if extra else ""
        raise MissingExtraError(
            f"{url.drivername}:// needs the package {error.name!r}: install it{extra}."
        ) from error


def _sqlite_file(url: Any) -> str | None:
    """The file that a URL of SQLite names; None for other databases and those in memory."""
    file = url.database
    if url.get_backend_name() != "sqlite" or not file or file == ":memory:":
        return None
    if not file.startswith("file:") or "uri" not in url.query:
        return str(file)
    path = unquote(str(file).removeprefix("file:").partition("?")[0].partition("#")[0])
    in_memory = path == ":memory:" or url.query.get("mode") == "memory"
    return None if in_memory else path
