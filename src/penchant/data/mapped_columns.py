"""Columns of numbers in files, as arrays and series in the memory of these files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.errors import require
from penchant.typing import UInt8

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TYPES: Final = (*_INTEGERS, "float32", "float64", "datetime")
"""What a column may have: numbers, or times in microseconds since 1970."""


def type_of(dtype: pl.DataType) -> str | None:
    """The one of `TYPES` for a column of events, None where there is none."""
    if dtype == pl.Datetime("us"):
        return "datetime"
    name = str(dtype).lower()
    return name if name in TYPES else None


def numpy_type(kind: str) -> np.dtype[Any]:
    """How one of `TYPES` is stored."""
    return np.dtype("int64" if kind == "datetime" else kind)


def packed(known: npt.NDArray[np.bool_]) -> UInt8:
    """uint8[ceil(n / 8)], a bit for each of bool[n], as Arrow has them."""
    return np.packbits(known, bitorder="little")


def mapped_series(
    name: str, kind: str, values: npt.NDArray[Any], known: UInt8 | None = None
) -> pl.Series:
    """A column in the memory of an array, such as one that is a file's.

    Args:
        name: of the column.
        kind: one of `TYPES`.
        values: of the type that this is stored in.
        known: which are not null, as of `packed`; None where all are known.

    Raises:
        MissingExtraError: PyArrow is not installed.
    """
    arrow = require("pyarrow", "arrow")
    arrow_type = arrow.timestamp("us") if kind == "datetime" else getattr(arrow, kind)()
    buffers = [None if x is None else arrow.py_buffer(x) for x in (known, values)]
    series = pl.from_arrow(arrow.Array.from_buffers(arrow_type, len(values), buffers))
    assert isinstance(series, pl.Series)
    return series.alias(name)


def mapped_array(path: Path, dtype: np.dtype[Any], n: int) -> npt.NDArray[Any]:
    """An array in the memory of an .npy file, which is not changed by what is written to it.

    Raises:
        OSError: there is no such file.
        ValueError: it is damaged, or has another type or length.
    """
    values = np.load(path, mmap_mode="c", allow_pickle=False)
    if values.dtype != dtype or values.shape != (n,):
        raise ValueError(f"{path.name} has {values.dtype}{values.shape}")
    return np.asarray(values)
