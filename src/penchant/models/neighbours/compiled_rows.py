"""Similarities of one row to all others, a row at a time, in compiled loops.

A product of sparse matrices writes every pair with something in common before the largest are
taken. Here the sums of a row stand in an array of one number (or six) for each other row. Those
others that it meets are listed in no order, some hundreds at a time become similarities, and of
these the largest are put in order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.neighbours.compiled_similarities import (
    ADJUSTED,
    CORRELATION,
    PEARSON,
    WEIGHTED,
    of_counts,
    of_ratings_in_common,
    of_rows,
    of_values_in_common,
    shrunk,
)
from penchant.models.shared.largest import largest_by_column
from penchant.typing import Float32, Float64, Int32, Int64

COUNT, CROSS, SQUARE_A, SQUARE_B, SUM_A, SUM_B = (np.uint64(n) for n in range(6))

AT_ONCE = 512
"""Others whose similarities are computed at once, from sums that are in the fastest cache."""


class SparseRows(NamedTuple):
    """A matrix of rows, or its transpose, as compiled loops take it.

    Attributes:
        indptr: int64[n + 1].
        indices: int32[n_entries].
        values: float32[n_entries].
    """

    indptr: Int64
    indices: Int32
    values: Float32


class Comparison(NamedTuple):
    """Rows `a` that are compared with rows `b`, and how; see `similarity`.

    Attributes:
        a: the rows.
        columns_of_b: the transpose of the others.
        own: int64[len(a)], which of the others each row is itself, or -1.
        scale_a: float32[len(a)], counts, lengths or spreads, whatever the kind divides by.
        scale_b: float32[len(b)].
        total_a: float64[len(a)], sums of values over all columns, for correlations.
        total_b: float64[len(b)], the same over the number of columns.
        kind: what is compared.
        shrinkage: events at which a similarity counts half.
        min_common: the fewest events in common, 1 at least.
        k: how many others count.
        damping: similarity that says 0, in means of residuals.
    """

    a: SparseRows
    columns_of_b: SparseRows
    own: Int64
    scale_a: Float32
    scale_b: Float32
    total_a: Float64
    total_b: Float64
    kind: int
    shrinkage: np.float32
    min_common: int
    k: int
    damping: float


class Sums(NamedTuple):
    """Where a row's sums and similarities stand.

    Attributes:
        totals: float32[n * width], for each other side by side what is summed up: zeros between
            rows.
        width: sums of each other that the kind of comparison needs, in the order of `COUNT` and
            the names behind it.
        touched: int32[n], others, in any order.
        alike: float32[n + AT_ONCE], similarities to these, in their order.
        taken: float32[width, AT_ONCE], the sums of some others.
        scales: float32[AT_ONCE], what their similarities are divided by.
        means: float64[AT_ONCE], `total_b` of theirs, for correlations.
    """

    totals: Float32
    width: np.uint64
    touched: Int32
    alike: Float32
    taken: Float32
    scales: Float32
    means: Float64


@compiled_in_order
def new_sums(n: int, kind: int) -> Sums:
    """Zeros for so many others."""
    width = 6 if kind == PEARSON else 4 if kind == ADJUSTED else 2 if kind >= WEIGHTED else 1
    return Sums(
        np.zeros(n * width, np.float32),
        np.uint64(width),
        np.empty(n, np.int32),
        np.empty(n + AT_ONCE, np.float32),
        np.zeros((width, AT_ONCE), np.float32),
        np.zeros(AT_ONCE, np.float32),
        np.zeros(AT_ONCE, np.float64),
    )


@compiled_in_order
def add_products(row: int, of: Comparison, sums: Sums) -> np.int64:
    """Add up what a row has in common with each other; how many are `touched`.

    These are the others that it meets, or all of them in their order where it meets many.
    """
    first, last = of.a.indptr[row], of.a.indptr[row + 1]
    indptr, indices, values = of.columns_of_b
    totals, touched, width = sums.totals, sums.touched, sums.width
    work = 0
    for place in range(first, last):
        column = of.a.indices[place]
        work += indptr[column + 1] - indptr[column]
    few = work < len(touched)  # listed as the row meets them, which takes less than to look at all
    one, met = np.float32(1), np.uint64(0)
    # Unsigned places: nothing asks whether they count from the end. That another one is met for
    # the first time is added up and not branched on, as no processor foresees it.
    for place in range(first, last):
        column = of.a.indices[place]
        start, stop = indptr[column], indptr[column + 1]
        if of.kind < WEIGHTED:
            for p in range(start, stop):
                at = np.uint64(indices[p])
                if few:
                    touched[met] = indices[p]
                    met += np.uint64(totals[at] == 0)
                totals[at] += one
            continue
        x = of.a.values[place]
        square = x * x
        if of.kind < ADJUSTED:
            for p in range(start, stop):
                at = np.uint64(indices[p]) * np.uint64(2)
                if few:
                    touched[met] = indices[p]
                    met += np.uint64(totals[at] == 0)
                totals[at] += one
                totals[at + CROSS] += x * values[p]
            continue
        for p in range(start, stop):
            y, at = values[p], np.uint64(indices[p]) * width
            if few:
                touched[met] = indices[p]
                met += np.uint64(totals[at] == 0)
            totals[at] += one
            totals[at + CROSS] += x * y
            totals[at + SQUARE_A] += square
            totals[at + SQUARE_B] += y * y
            if of.kind == PEARSON:
                totals[at + SUM_A] += x
                totals[at + SUM_B] += y
    if few:
        return np.int64(met)
    for b in range(len(touched)):
        touched[b] = b
    return np.int64(len(touched))


@compiled_in_order
def similarities_of_row(row: int, of: Comparison, sums: Sums) -> np.int64:
    """Write how alike a row is to each of the `touched` into `alike`; how many these are."""
    met = add_products(row, of, sums)
    if of.own[row] >= 0:  # nothing in common makes no similarity
        sums.totals[np.uint64(of.own[row]) * sums.width] = 0
    for start in range(0, met, AT_ONCE):
        take_totals(sums.touched[start : min(met, start + AT_ONCE)], of, sums)
        similarities_to(row, of, sums, sums.alike[start:])
    return met


@compiled_in_order
def take_totals(others: Int32, of: Comparison, sums: Sums) -> None:
    """Write what was summed up of some others into `taken`, and zeros in its place."""
    totals, width, taken = sums.totals, sums.width, sums.taken
    for place in range(len(others)):
        b = np.uint64(others[place])
        sums.scales[place] = of.scale_b[b]
        if of.kind == CORRELATION:
            sums.means[place] = of.total_b[b]
        for n in range(width):
            taken[n, place] = totals[b * width + n]
            totals[b * width + n] = 0


@compiled_in_order
def similarities_to(row: int, of: Comparison, sums: Sums, alike: Float32) -> None:
    """Write how alike a row is to the `taken`, in loops that use vectors: they do not branch.

    All are as long as vectors are filled: what is left over would be rounded otherwise.
    """
    kind, scale, scales, taken = of.kind, of.scale_a[row], sums.scales, sums.taken
    common, least, shrinkage = taken[0], np.float32(of.min_common), of.shrinkage
    if kind < WEIGHTED:
        for b in range(AT_ONCE):
            alike[b] = of_counts(kind, common[b], scale, scales[b])
    elif kind < ADJUSTED:
        cross, means, total, scale_64 = taken[1], sums.means, of.total_a[row], np.float64(scale)
        for b in range(AT_ONCE):
            alike[b] = of_rows(kind, cross[b], scale_64 * scales[b], total * means[b])
    elif kind == ADJUSTED:
        for b in range(AT_ONCE):
            alike[b] = of_values_in_common(taken[1, b], taken[2, b], taken[3, b], True)
    else:
        for b in range(AT_ONCE):
            alike[b] = of_ratings_in_common(
                common[b], taken[1, b], taken[2, b], taken[3, b], taken[4, b], taken[5, b]
            )
    for b in range(AT_ONCE):
        alike[b] = shrunk(alike[b], common[b], shrinkage, least)


@compiled_in_order
def nearest_of_rows(
    first: int, last: int, of: Comparison, counts: Int64, columns: Int32, weights: Float32
) -> int:
    """Write the k most similar of each row from `first` to `last` one behind the other; the sum.

    Those of a row are in the order of columns. `counts` gets how many each row has.
    """
    sums = new_sums(len(of.scale_b), of.kind)
    keys = np.empty(len(of.scale_b), np.int64)
    total = 0
    for row in range(first, last):
        met = similarities_of_row(row, of, sums)
        kept = largest_by_column(
            sums.touched[:met], sums.alike[:met], of.k, keys, columns[total:], weights[total:]
        )
        counts[row - first] = kept
        total += kept
    return total
