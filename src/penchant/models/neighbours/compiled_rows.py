"""Similarities of one row to all others, a row at a time, in compiled loops.

A product of sparse matrices writes every pair with something in common before the largest are
taken. Here the sums of a row stand in an array of one number (or six) for each other row, which
stays in the processor's cache; they become similarities and are looked through there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.neighbours.compiled_similarities import (
    ADJUSTED,
    PEARSON,
    WEIGHTED,
    of_counts,
    of_ratings_in_common,
    of_rows,
    of_values_in_common,
    shrunk,
)
from penchant.models.shared.largest import join_largest, keep_largest
from penchant.typing import Float32, Float64, Int32, Int64

COUNT, CROSS, SQUARE_A, SQUARE_B, SUM_A, SUM_B = (np.uint64(n) for n in range(6))
_FEW = 0.25  # of the others, as many products at most: those that a row meets are listed
ROOM = 4
"""Times as many as are wanted are collected before the smaller ones are dropped."""


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
        scale_a: float64[len(a)], counts, lengths or spreads, whatever the kind divides by.
        scale_b: float64[len(b)].
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
    scale_a: Float64
    scale_b: Float64
    total_a: Float64
    total_b: Float64
    kind: int
    shrinkage: np.float32
    min_common: int
    k: int
    damping: float


class Sums(NamedTuple):
    """Where a row's sums and similarities stand, by the other row: zeros between rows.

    Attributes:
        common: float32[n], events in common.
        products: float32[n * width], for each other side by side what is summed up of values.
        width: sums of each other that the kind of comparison needs, in the order of `COUNT` and
            the names behind it; 0 where it compares no values.
        alike: float32[n], similarities.
        touched: int32[n], the others that the row meets, if these are few.
    """

    common: Float32
    products: Float32
    width: np.uint64
    alike: Float32
    touched: Int32


@compiled_in_order
def new_sums(n: int, kind: int) -> Sums:
    """Zeros for so many others."""
    width = 6 if kind == PEARSON else 4 if kind == ADJUSTED else 2 if kind >= WEIGHTED else 0
    return Sums(
        np.zeros(n, np.float32),
        np.zeros(n * width, np.float32),
        np.uint64(width),
        np.zeros(n, np.float32),
        np.empty(n, np.int32),
    )


@compiled_in_order
def add_products(row: int, of: Comparison, sums: Sums) -> int:
    """Add up what a row has in common with each other; how many it meets, or -1 for "look at all".

    `touched` gets the others that it meets, ascending, where these are few.
    """
    first, last = of.a.indptr[row], of.a.indptr[row + 1]
    indptr, indices, values = of.columns_of_b
    common, products, touched, width = sums.common, sums.products, sums.touched, sums.width
    work = 0
    for place in range(first, last):
        column = of.a.indices[place]
        work += indptr[column + 1] - indptr[column]
    few = work < _FEW * len(common)
    n_touched = 0
    # Unsigned places: nothing asks whether they count from the end.
    for place in range(first, last):
        column = of.a.indices[place]
        start, stop = indptr[column], indptr[column + 1]
        if few:
            for p in range(start, stop):
                other = np.uint64(indices[p])
                if common[other] == 0:
                    touched[n_touched] = indices[p]
                    n_touched += 1
                common[other] += np.float32(1)
        elif of.kind < WEIGHTED:
            for p in range(start, stop):
                common[np.uint64(indices[p])] += np.float32(1)
        if of.kind < WEIGHTED:
            continue
        x = of.a.values[place]
        square = x * x
        if of.kind < ADJUSTED:
            for p in range(start, stop):
                at = np.uint64(indices[p]) * np.uint64(2)
                products[at] += np.float32(1)
                products[at + CROSS] += x * values[p]
            continue
        for p in range(start, stop):
            y, at = values[p], np.uint64(indices[p]) * width
            products[at] += np.float32(1)
            products[at + CROSS] += x * y
            products[at + SQUARE_A] += square
            products[at + SQUARE_B] += y * y
            if of.kind == PEARSON:
                products[at + SUM_A] += x
                products[at + SUM_B] += y
    if not few:
        if of.kind >= WEIGHTED:
            for b in range(len(common)):
                common[b] = products[np.uint64(b) * width]
        return -1
    touched[:n_touched].sort()
    return n_touched


@compiled_in_order
def similarity_to(b: np.uint64, row: int, of: Comparison, sums: Sums) -> np.float32:
    """How alike a row is to one other, before its events in common are counted."""
    kind, n, products, at = of.kind, sums.common[b], sums.products, b * sums.width
    if kind < WEIGHTED:
        return of_counts(kind, n, np.float32(of.scale_a[row]), np.float32(of.scale_b[b]))
    cross = products[at + CROSS]
    if kind < ADJUSTED:
        scale, expected = of.scale_a[row] * of.scale_b[b], of.total_a[row] * of.total_b[b]
        return of_rows(kind, cross, scale, expected)
    square_a, square_b = products[at + SQUARE_A], products[at + SQUARE_B]
    if kind == ADJUSTED:
        return of_values_in_common(cross, square_a, square_b, True)
    sum_a, sum_b = products[at + SUM_A], products[at + SUM_B]
    return of_ratings_in_common(n, cross, square_a, square_b, sum_a, sum_b)


@compiled_in_order
def similarities_of_row(row: int, of: Comparison, sums: Sums) -> int:
    """Write how alike a row is to each other into `alike`; how many are `touched`, -1 for all."""
    n_touched = add_products(row, of, sums)
    common, products, alike, width = sums.common, sums.products, sums.alike, sums.width
    least, shrinkage = np.float32(of.min_common), of.shrinkage
    if n_touched < 0:
        all_similarities(row, of, common, products, alike)
        for b in range(len(common)):
            alike[b] = shrunk(alike[b], common[b], shrinkage, least)
        common[:] = 0
        products[:] = 0
    for place in range(n_touched):
        other = np.uint64(sums.touched[place])
        found = similarity_to(other, row, of, sums)
        alike[other] = shrunk(found, common[other], shrinkage, least)
        common[other] = 0
        products[other * width : (other + np.uint64(1)) * width] = 0
    if of.own[row] >= 0:
        alike[of.own[row]] = 0
    return n_touched


@compiled_in_order
def all_similarities(
    row: int, of: Comparison, common: Float32, products: Float32, alike: Float32
) -> None:
    """`similarity_to` each other, in loops that do not branch, so that vectors can be used."""
    kind, scale_a, scale_b = of.kind, of.scale_a[row], of.scale_b
    if kind < WEIGHTED:
        for b in range(len(common)):
            alike[b] = of_counts(kind, common[b], np.float32(scale_a), np.float32(scale_b[b]))
    elif kind < ADJUSTED:
        total_a, total_b = of.total_a[row], of.total_b
        for b in range(len(common)):
            cross = products[np.uint64(2 * b + 1)]
            alike[b] = of_rows(kind, cross, scale_a * scale_b[b], total_a * total_b[b])
    elif kind == ADJUSTED:
        four = products.reshape(len(common), 4)
        for b in range(len(common)):
            alike[b] = of_values_in_common(four[b, 1], four[b, 2], four[b, 3], True)
    else:
        six = products.reshape(len(common), 6)
        for b in range(len(common)):
            alike[b] = of_ratings_in_common(
                six[b, 0], six[b, 1], six[b, 2], six[b, 3], six[b, 4], six[b, 5]
            )


@compiled_in_order
def forget(sums: Sums, n_touched: int) -> None:
    """Make `alike` zeros again."""
    if n_touched < 0:
        sums.alike[:] = 0
    for place in range(n_touched):
        sums.alike[sums.touched[place]] = 0


@compiled_in_order
def largest_of_row(sums: Sums, n_touched: int, k: int, columns: Int32, weights: Float32) -> int:
    """The k largest similarities above 0 of a row, by column; how many there are."""
    kept, edge = 0, np.float32(0)
    for place in range(len(sums.alike) if n_touched < 0 else n_touched):
        column = place if n_touched < 0 else sums.touched[place]
        weight = sums.alike[column]
        if weight > edge:
            kept, edge = join_largest(columns, weights, kept, edge, column, weight, k)
    return keep_largest(columns, weights, kept, k)[0] if kept > k else kept


@compiled_in_order
def nearest_of_rows(
    first: int, last: int, of: Comparison, counts: Int64, columns: Int32, weights: Float32
) -> int:
    """Write the k most similar of each row from `first` to `last` one behind the other; the sum.

    `counts` gets how many each row has.
    """
    sums = new_sums(len(of.scale_b), of.kind)
    room = ROOM * of.k
    some_columns, some_weights = np.empty(room, np.int32), np.empty(room, np.float32)
    total = 0
    for row in range(first, last):
        n_touched = similarities_of_row(row, of, sums)
        kept = largest_of_row(sums, n_touched, of.k, some_columns, some_weights)
        forget(sums, n_touched)
        columns[total : total + kept] = some_columns[:kept]
        weights[total : total + kept] = some_weights[:kept]
        counts[row - first] = kept
        total += kept
    return total
