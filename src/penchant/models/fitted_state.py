"""What a fitted model holds: how many numbers of it were learned, and the table of items."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import polars as pl

_BOOKKEEPING = frozenset(
    {
        "users_",
        "items_",
        "histories_",
        "item_table_",
        "log_fingerprint_",
        "log_name_",
        "fit_seconds_",
        "curve_",
    }
)


def n_learned(state: Mapping[str, Any], bookkeeping: Collection[str]) -> int:
    """How many numbers of a fitted state were learned.

    Args:
        state: by attribute name.
        bookkeeping: attributes that were not learned, beside those of every model.
    """
    left_out = _BOOKKEEPING | set(bookkeeping)
    return sum(_size(value) for name, value in state.items() if name not in left_out)


def without_vectors(table: pl.DataFrame | None) -> pl.DataFrame | None:
    """A table of items without its columns of vectors, which a model has learned of."""
    if table is None:
        return None
    vectors = [name for name, dtype in table.schema.items() if isinstance(dtype, pl.Array)]
    return table.drop(vectors) if vectors else table


def _size(value: object) -> int:
    if isinstance(value, bool | str) or value is None:
        return 0
    if isinstance(value, int | float | np.number):
        return 1
    if hasattr(value, "nnz"):
        return int(value.nnz)
    if hasattr(value, "numel"):
        return int(value.numel())
    return int(getattr(value, "size", 0))
