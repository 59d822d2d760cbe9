"""The largest of some numbers, in compiled loops."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.typing import AnyInt, Bool, Float32, Int32


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
def join_largest(
    columns: Int32,
    weights: Float32,
    kept: int,
    edge: np.float32,
    column: int,
    weight: np.float32,
    k: int,
) -> tuple[int, np.float32]:
    """Let a number above `edge` join those that were kept; how many there are, and the edge now.

    When there is no room left, all but the k largest are dropped, and the smallest of these is the
    edge that others must be above.
    """
    columns[kept], weights[kept] = column, weight
    if kept + 1 == len(columns):
        return keep_largest(columns, weights, kept + 1, k)
    return kept + 1, edge


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
