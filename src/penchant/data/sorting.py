"""The stable order of whole numbers, faster than an indirect sort."""

from __future__ import annotations

import numpy as np

from penchant.typing import AnyInt, Int32, Int64

_AT_ONCE = 2**23  # indices that are counted
_WORD = 63  # bits of a number that is not negative
_UNITS = (1_000_000, 1_000)  # of times in microseconds, which are mostly whole seconds


def position_type(n: int) -> np.dtype[np.integer]:
    """The smallest type of numbers that holds positions among n values, and n itself."""
    return np.dtype(np.int32 if n < 2**31 else np.int64)


def sorted_with_order(values: Int64) -> tuple[Int64, AnyInt]:
    """The values in ascending order, and int[n], where each of them stood; equal ones as they do.

    Plain numbers are sorted several times faster than positions are by them, so that each value
    has its position for its last bits where both fit into one number.
    """
    small = position_type(len(values))
    low, span = (int(values.min()), int(np.ptp(values))) if len(values) else (0, 0)
    bits = len(values).bit_length()
    unit = 1
    if span.bit_length() + bits > _WORD:
        unit = next((u for u in _UNITS if not ((values - low) % u).any()), 1)
    if (span // unit).bit_length() + bits > _WORD:
        order = np.argsort(values, kind="stable").astype(small)
        return values[order], order
    keys = values - low
    if unit > 1:
        keys //= unit
    keys <<= bits
    keys |= np.arange(len(values))
    keys.sort()
    order = (keys & ((1 << bits) - 1)).astype(small)
    keys >>= bits
    if unit > 1:
        keys *= unit
    keys += low
    return keys, order


def counts_of(indices: Int32, n: int) -> Int64:
    """int64[n], how often each index occurs, without a copy of all as numbers of 64 bits."""
    counts = np.zeros(n, np.int64)
    for start in range(0, len(indices), _AT_ONCE):
        counts += np.bincount(indices[start : start + _AT_ONCE], minlength=n)
    return counts


def ranges(starts: AnyInt, counts: AnyInt) -> Int64:
    """int64[sum of counts], the integers from each start on, so many of each."""
    counts = np.asarray(counts, np.int64)
    shift: Int64 = np.asarray(starts, np.int64) - (np.cumsum(counts) - counts)
    return np.arange(int(counts.sum())) + np.repeat(shift, counts)


def order_by_pair(pairs: Int64, offsets: Int64, above: int) -> AnyInt:
    """int[n], positions of events by the number of their user and item, equal ones as they stand.

    Those of user `n` stay at `offsets[n]:offsets[n + 1]`.

    Args:
        pairs: int64[n], a number for each pair, which rises with its user; written to.
        offsets: int64[n_users + 1], where each user's events start and end.
        above: above all pairs.
    """
    n = len(pairs)
    small = position_type(n)
    lengths = np.diff(offsets)
    bits = int(lengths.max(initial=0)).bit_length()
    if above.bit_length() + bits > _WORD:
        return np.argsort(pairs, kind="stable").astype(small)
    # Plain numbers are sorted several times faster than positions are by them, so that each
    # number has the event's place in its history for its last bits.
    starts = np.repeat(offsets[:-1], lengths)
    pairs <<= bits
    pairs += np.arange(n)
    pairs -= starts
    pairs.sort()
    pairs &= (1 << bits) - 1
    pairs += starts
    return pairs.astype(small)
