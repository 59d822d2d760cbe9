"""Which numbers are among others, by hashing and not by sorting: logs have millions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Longs = npt.NDArray[np.int64]


def inside(keys: Longs, among: Longs) -> npt.NDArray[np.bool_]:
    """bool[n_keys], whether each key is among others; the table is built of the fewer ones."""
    if len(among) > len(keys):
        among = among[_in(among, keys)]
    return _in(keys, among)


def _in(keys: Longs, among: Longs) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pl.Series(keys).is_in(pl.Series(among).implode()).to_numpy()
    return found


def distinct(keys: Longs) -> int:
    """How many different numbers there are."""
    return pl.Series(keys).n_unique()
