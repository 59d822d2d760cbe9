"""The largest of some numbers, in compiled loops."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.typing import AnyInt, Bool, Float32, Int32, Int64

_LAST_COLUMN = 2**31 - 1
_SAMPLE = 512  # of many numbers, or up to twice as many, tell about where the largest begin


@compiled_in_order
def edge_of_largest(weights: Float32, k: int) -> tuple[np.float32, int]:
    """The smallest of the k largest of more than k numbers; how many like it are among the k."""
    edge, at_edge = np.partition(weights, len(weights) - k)[len(weights) - k], k
    for place in range(len(weights)):
        at_edge -= weights[place] > edge
    return edge, at_edge


@compiled_in_order
def keep_largest(columns: Int32, weights: Float32, n: int, k: int) -> tuple[int, np.float32]:
    """Leave the k largest of n > k numbers, of equal ones the first; how many, and the smallest."""
    edge, at_edge = edge_of_largest(weights[:n], k)
    kept = 0
    for place in range(n):
        weight = weights[place]
        at_edge -= weight == edge
        if weight > edge or (weight == edge and at_edge >= 0):
            columns[kept], weights[kept] = columns[place], weight
            kept += 1
    return kept, edge


@compiled_in_order
def largest_by_column(
    columns: Int32, weights: Float32, k: int, keys: Int64, to_columns: Int32, to_weights: Float32
) -> int:
    """Write the k largest numbers above 0 in the order of their columns; how many there are.

    Of equal ones those with the first columns are taken.

    Args:
        columns: int32[n], each another one, in any order.
        weights: float32[n].
        k: how many.
        keys: int64[n] at least, changed.
        to_columns: int32, changed.
        to_weights: float32, changed.
    """
    # Positive numbers are in the order of their bits: a key sorts by these, then by column.
    bits, edge, n = weights.view(np.int32), edge_by_sample(weights, k), 0
    for place in range(len(weights)):
        if weights[place] >= edge and weights[place] > 0:
            keys[n] = np.int64(bits[place]) << 32 | (_LAST_COLUMN - columns[place])
            n += 1
    if n < k and edge > 0:
        n = 0
        for place in range(len(weights)):
            if weights[place] > 0:
                keys[n] = np.int64(bits[place]) << 32 | (_LAST_COLUMN - columns[place])
                n += 1
    found = np.partition(keys[:n], n - k)[n - k :] if n > k else keys[:n]
    for place in range(len(found)):
        column = _LAST_COLUMN - (found[place] & _LAST_COLUMN)
        found[place] = column << 32 | found[place] >> 32
    found.sort()
    to_bits = to_weights.view(np.int32)
    for place in range(len(found)):
        to_columns[place], to_bits[place] = found[place] >> 32, found[place] & _LAST_COLUMN
    return len(found)


@compiled_in_order
def edge_by_sample(weights: Float32, k: int) -> np.float32:
    """A number that k of many are likely not to lie below, by a sample; 0 where it is not worth it.

    Whoever finds fewer has to look again.
    """
    if len(weights) < 4 * k:
        return np.float32(0)
    sample = weights[:: max(1, len(weights) // _SAMPLE)]
    expected = k * len(sample) / len(weights)
    rank = int(expected + 3 * np.sqrt(expected)) + 1
    if rank >= len(sample):
        return np.float32(0)
    edge: np.float32 = np.partition(sample, len(sample) - rank)[len(sample) - rank]
    return edge


@compiled_in_order
def mark_largest(indptr: AnyInt, weights: Float32, k: int, keep: Bool) -> None:
    """Mark the k largest numbers above 0 of each row, of equal ones the first."""
    for row in range(len(indptr) - 1):
        start, stop = indptr[row], indptr[row + 1]
        edge, at_edge = np.float32(0), 0
        if stop - start > k:
            edge, at_edge = edge_of_largest(weights[start:stop], k)
        for place in range(start, stop):
            weight = weights[place]
            at_edge -= weight == edge
            keep[place] = weight > 0 and (weight > edge or (weight == edge and at_edge >= 0))
