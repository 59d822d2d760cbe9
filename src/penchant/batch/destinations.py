"""Where lists go: a file, or a table of a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import polars as pl

from penchant.batch.database import TableDestination
from penchant.batch.files import FileDestination
from penchant.run import Run


class Destination(Protocol):
    """Where lists go."""

    @property
    def parts(self) -> Path:
        """The folder for parts of a run."""

    def check(self, schema: pl.Schema, most_rows: int, *, overwrite: bool) -> None:
        """Refuse, before long work, rows that could not be written there, or so many."""

    def write(self, parts: Sequence[Path], run: Run) -> None:
        """Write the rows of Parquet files without their column `position`, all or none."""


def destination_of(place: str | Path) -> Destination:
    """The destination that a path or the URL of a database names.

    Raises:
        ParameterError: no file can be written there, or its ending is not known.
        DataError: the URL is none.
        MissingExtraError: XlsxWriter, SQLAlchemy or the database's driver is not installed.
    """
    if isinstance(place, str) and "://" in place:
        return TableDestination.of(place)
    return FileDestination.of(Path(place))
