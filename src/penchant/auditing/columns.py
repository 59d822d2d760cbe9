"""The columns of a feature table as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.material import Features
from penchant.typing import Float64, Int64


def numeric(frame: pl.DataFrame) -> Iterator[tuple[str, Float64]]:
    """The numeric columns that are not constant, as float64[n_rows] with NaN for nulls."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
            known = values[np.isfinite(values)]
            if len(known) and np.ptp(known) > 0:
                yield name, values


def pair_codes(features: Features) -> Int64 | None:
    """int64[n_rows], one number for each user and item; None where the table lacks one of them."""
    if "user" not in features.keys or "item" not in features.keys:
        return None
    items = features.keys["item"]
    return features.keys["user"] * np.int64(items.max(initial=0) + 1) + items
