"""Means of residuals over the most similar rows of those that have one, in compiled loops."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.neighbours.compiled_rows import (
    Comparison,
    SparseRows,
    new_sums,
    similarities_of_row,
)
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE
from penchant.models.shared.largest import keep_largest
from penchant.typing import Float32, Int32, Int64

_ROOM = 4  # times as many as count are collected before the smaller ones are dropped
_BINS = 256  # in which similarities are counted
_COUNTED = 1024  # of them, or up to twice as many, are enough


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
    n_others = len(of.scale_b)
    by_column = np.zeros(n_others, np.float32)
    places, weights = np.empty(_ROOM * of.k, np.int32), np.empty(_ROOM * of.k, np.float32)
    from_top = np.zeros(_BINS, np.int64)
    for row in range(first, last):
        if asked_indptr[row] == asked_indptr[row + 1]:
            continue
        met = similarities_of_row(row, of, sums)
        highest = count_from_top(sums.alike[:met], from_top)
        alike = sums.alike[:n_others]
        if met < n_others:
            alike = by_column
            for place in range(met):
                alike[np.uint64(sums.touched[place])] = sums.alike[place]
        for n in range(asked_indptr[row], asked_indptr[row + 1]):
            start, stop = residuals.indptr[asked[n]], residuals.indptr[asked[n] + 1]
            others, values = residuals.indices[start:stop], residuals.values[start:stop]
            share = max(len(others), 1) / len(alike)
            edge = likely_edge(from_top, highest, share, of.k)
            kept = largest_of_some(alike, others, edge, of.k, places, weights)
            if kept < of.k and edge > 0:
                kept = largest_of_some(alike, others, np.float32(0), of.k, places, weights)
            weight, total = 0.0, 0.0
            for place in range(kept):
                weight += weights[place]
                total += np.float64(weights[place]) * values[places[place]]
            if weight > NEGLIGIBLE:
                found[n] = total / (weight + of.damping)
        if met < n_others:
            for place in range(met):
                alike[np.uint64(sums.touched[place])] = 0


@compiled_in_order
def largest_of_some(
    alike: Float32, some: Int32, edge: np.float32, k: int, places: Int32, weights: Float32
) -> int:
    """The k largest numbers above `edge` at some positions, by place among these; how many."""
    kept, place = 0, 0
    while place < len(some):
        stop = min(len(some), place + len(weights) - kept)
        for n in range(place, stop):  # All are written: no processor foresees which are above.
            weight = alike[np.uint64(some[n])]
            places[kept], weights[kept] = n, weight
            kept += weight > edge
        if kept == len(weights):
            kept, edge = keep_largest(places, weights, kept, k)
        place = stop
    return keep_largest(places, weights, kept, k)[0] if kept > k else kept


@compiled_in_order
def count_from_top(alike: Float32, from_top: Int64) -> np.float32:
    """Count numbers in equal bins from their largest to 0, each with those before it; the largest.

    Those below 0 are in the last bin, with 0. Of many, one in so many is counted for all.
    """
    from_top[:] = 0
    if not len(alike):
        return np.float32(0)
    highest = np.float32(alike.max())
    if highest <= 0:
        return np.float32(0)
    last = len(from_top) - 1
    scale = np.float32(last) / highest
    step = max(1, len(alike) // _COUNTED)
    for b in range(0, len(alike), step):
        from_top[last - np.int64(max(alike[b], np.float32(0)) * scale)] += step
    for bin in range(1, len(from_top)):
        from_top[bin] += from_top[bin - 1]
    return highest


@compiled_in_order
def likely_edge(from_top: Int64, highest: np.float32, share: float, k: int) -> np.float32:
    """A number that more than k of a share of all are likely to lie above, 0 for none such.

    It spares those below: whoever finds fewer than k above it asks again without.
    """
    last = len(from_top) - 1
    bin = np.searchsorted(from_top, (k + 3 * np.sqrt(k)) / share)
    return highest * np.float32(max(last - bin, 0)) / np.float32(last)
