"""Means of residuals over the most similar rows of those that have one, in compiled loops."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.neighbours.compiled_rows import (
    ROOM,
    Comparison,
    SparseRows,
    forget,
    new_sums,
    similarities_of_row,
)
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE
from penchant.models.shared.largest import keep_largest
from penchant.typing import Float32, Int32, Int64

_BINS = 256  # in which similarities are counted


@compiled_in_order
def mean_residuals_of_rows(
    first: int,
    last: int,
    of: Comparison,
    residuals: SparseRows,
    asked_indptr: Int64,
    asked: Int32,
    found: Float32,
) -> None:
    """Write the mean residual of what is asked of each row from `first` to `last` into `found`.

    Row n is asked for the rows `asked[asked_indptr[n]:asked_indptr[n + 1]]` of the residuals,
    whose columns are the others: the k most similar of them count.
    """
    sums = new_sums(len(of.scale_b), of.kind)
    places, weights = np.empty(ROOM * of.k, np.int32), np.empty(ROOM * of.k, np.float32)
    above = np.zeros(_BINS, np.int64)
    for row in range(first, last):
        if asked_indptr[row] == asked_indptr[row + 1]:
            continue
        n_touched = similarities_of_row(row, of, sums)
        highest = count_above(sums.alike, above) if n_touched < 0 else np.float32(0)
        for n in range(asked_indptr[row], asked_indptr[row + 1]):
            start, stop = residuals.indptr[asked[n]], residuals.indptr[asked[n] + 1]
            others, values = residuals.indices[start:stop], residuals.values[start:stop]
            edge = likely_edge(above, highest, len(others) / len(sums.alike), of.k)
            kept = largest_of_some(sums.alike, others, edge, of.k, places, weights)
            if kept < of.k and edge > 0:
                kept = largest_of_some(sums.alike, others, np.float32(0), of.k, places, weights)
            weight, total = 0.0, 0.0
            for place in range(kept):
                weight += weights[place]
                total += np.float64(weights[place]) * values[places[place]]
            if weight > NEGLIGIBLE:
                found[n] = total / (weight + of.damping)
        forget(sums, n_touched)


@compiled_in_order
def largest_of_some(
    alike: Float32, some: Int32, edge: np.float32, k: int, places: Int32, weights: Float32
) -> int:
    """The k largest numbers above `edge` at some positions, by place among these; how many.

    As in `largest_of_row`.
    """
    kept = 0
    for place in range(len(some)):
        weight = alike[np.uint64(some[place])]
        if weight > edge:
            places[kept], weights[kept] = place, weight
            kept += 1
            if kept == len(places):
                kept, edge = keep_largest(places, weights, kept, k)
    if kept > k:
        kept, _ = keep_largest(places, weights, kept, k)
    return kept


@compiled_in_order
def count_above(alike: Float32, above: Int64) -> np.float32:
    """Count numbers in equal bins from 0 to their largest, and sum up from the top; the largest."""
    above[:] = 0
    highest = np.float32(alike.max())
    if highest <= 0:
        return np.float32(0)
    scale = np.float32(len(above) - 1) / highest
    for b in range(len(alike)):
        above[np.int64(max(alike[b], np.float32(0)) * scale)] += 1
    for bin in range(len(above) - 2, -1, -1):
        above[bin] += above[bin + 1]
    return highest


@compiled_in_order
def likely_edge(above: Int64, highest: np.float32, share: float, k: int) -> np.float32:
    """A number that more than k of a share of all are likely to lie above, 0 for none such.

    It spares those below: whoever finds fewer than k above it asks again without.
    """
    wanted = k + 3 * np.sqrt(k)
    low, high = 0, len(above)  # bins below `low` have as many above them as are wanted
    while low < high:
        middle = (low + high) // 2
        if share * above[middle] >= wanted:
            low = middle + 1
        else:
            high = middle
    return highest * np.float32(max(low - 1, 0)) / np.float32(len(above) - 1)
