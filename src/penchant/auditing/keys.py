"""Which numbers are among others, by hashing and not by sorting: logs have millions."""

from __future__ import annotations

import polars as pl

from penchant.typing import Bool, Int64


def inside(keys: Int64, among: Int64) -> Bool:
    """bool[n_keys], whether each key is among others; the table is built of the fewer ones."""
    if len(among) > len(keys):
        among = among[_in(among, keys)]
    return _in(keys, among)


def _in(keys: Int64, among: Int64) -> Bool:
    found: Bool = pl.Series(keys).is_in(pl.Series(among).implode()).to_numpy()
    return found


def distinct(keys: Int64) -> int:
    """How many different numbers there are."""
    return pl.Series(keys).n_unique()
