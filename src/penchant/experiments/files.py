"""Shown lists and outcomes from files."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.data.reading.contents import TextForm, read_content
from penchant.data.reading.files import decompress, load_bytes
from penchant.errors import DataError

_NAMED = ("list", "user", "item", "time", "position", "kind", "arm")


def read_rows(path: str | Path) -> pl.DataFrame:
    """The rows of a CSV, Parquet, JSON or Excel file, packed or not.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.")
    data = decompress(load_bytes(path), path.name)
    return read_content(data, path.name, TextForm(header=True, named=_NAMED)).frame
