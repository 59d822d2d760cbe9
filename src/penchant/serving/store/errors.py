"""What can go wrong with a store, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from penchant.errors import ParameterError, PenchantError


class StoreError(PenchantError):
    """The database of a store cannot be used as it is asked to."""


class ConflictError(ParameterError):
    """A key is used again for something else."""


_REMEDIES = {
    "database or disk is full": "the disk is full: make room",
    "could not extend file": "the disk of the database is full: make room there",
    "readonly database": "it can be read and not written: give this user the right to write the "
    "file and its folder",
    "read-only": "it can be read and not written: name a server that takes writes",
    "unable to open database file": "it cannot be opened: see that its folder exists and may be "
    "written",
    "lock timeout": "another program keeps it locked: end that program, and try again",
    "database is locked": "another program keeps it locked: end that program, and try again",
    "disk i/o error": "the disk fails or is full: see to it",
    "file is not a database": "the file is no SQLite database: name another one",
    "database disk image is malformed": "the file is damaged: put a copy of it in its place",
    "connection refused": "no server answers there: start it, or correct the URL",
    "password authentication failed": "the server does not take the password: correct the URL",
    "permission denied": "the server does not allow it: give this user rights on the tables",
}


@contextmanager
def store_errors(name: str) -> Iterator[None]:
    """Say in one sentence what a database reports.

    Args:
        name: of the store, without a password.

    Raises:
        StoreError: the database reports an error.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise store_error(name, error) from None


def store_error(name: str, error: Exception) -> StoreError:
    """What a database reports, in one sentence that says what to do where that is known."""
    if isinstance(error, PoolTimeoutError):
        return StoreError(f"The store {name} is busy: too many ask at once; try again.")
    cause = str(error.orig if isinstance(error, DBAPIError) else error).strip()
    for part, remedy in _REMEDIES.items():
        if part in cause.lower():
            return StoreError(f"The store {name} cannot be used, for {remedy}.")
    first = cause.splitlines()[0].rstrip(".") if cause else type(error).__name__
    return StoreError(f"The store {name} cannot be used: the database says: {first}.")
