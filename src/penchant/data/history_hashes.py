"""Hashes of histories, by which unchanged ones are known."""

from __future__ import annotations

import numpy as np

from penchant.typing import Float32, Int32, Int64, UInt64


def hashes_of_histories(items: Int32, offsets: Int64, *columns: Float32 | None) -> UInt64:
    """uint64[n_users], of each user's items with what further columns say, whatever their order.

    Args:
        items: int32[n_events].
        offsets: int64[n_users + 1], where each user's events start and end.
        columns: float32[n_events], such as ratings and weights; None is passed over.
    """
    words = items.astype(np.uint64)
    words += np.uint64(1)
    _mix(words)
    for values in columns:
        if values is not None:
            words += np.ascontiguousarray(values, np.float32).view(np.uint32)
            _mix(words)
    total = np.zeros(len(words) + 1, np.uint64)
    np.cumsum(words, out=total[1:])
    signatures: UInt64 = total[offsets[1:]] - total[offsets[:-1]]
    return signatures


def _mix(words: UInt64) -> None:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection, in place."""
    words += np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
