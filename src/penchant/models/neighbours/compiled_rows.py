"""Similarities of one row to all others, a row at a time, in compiled loops.

A product of sparse matrices writes every pair with something in common before the largest are
taken. Here the sums of a row stand in an array of one number (or six) for each other row, which
stays in the processor's cache; they become similarities and are looked through there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE
from penchant.models.shared.largest import keep_largest
from penchant.typing import Float32, Float64, Int32, Int64

COSINE, JACCARD, WEIGHTED, CORRELATION, ADJUSTED, PEARSON = range(6)
"""What is compared; from `WEIGHTED` on, values are multiplied."""
CROSS, SQUARE_A, SQUARE_B, SUM_A, SUM_B = range(5)
_FEW = 0.25  # of the others, as many products at most: those that a row meets are listed
_ROOM = 4  # times as many as are wanted are collected before the smaller ones are dropped


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
        products: float32[n, 5], sums of products of values; none where none are needed.
        alike: float32[n], similarities.
        touched: int32[n], the others that the row meets, if these are few.
    """

    common: Float32
    products: Float32
    alike: Float32
    touched: Int32


@compiled_in_order
def new_sums(n: int, kind: int) -> Sums:
    """Zeros for so many others."""
    products = np.zeros((n if kind >= WEIGHTED else 0, 5), np.float32)
    return Sums(np.zeros(n, np.float32), products, np.zeros(n, np.float32), np.empty(n, np.int32))


@compiled_in_order
def add_products(row: int, of: Comparison, sums: Sums) -> int:
    """Add up what a row has in common with each other; how many it meets, or -1 for "look at all".

    `touched` gets the others that it meets, ascending, where these are few.
    """
    first, last, other = of.a.indptr[row], of.a.indptr[row + 1], of.columns_of_b
    common, products, touched = sums.common, sums.products, sums.touched
    work = 0
    for place in range(first, last):
        column = of.a.indices[place]
        work += other.indptr[column + 1] - other.indptr[column]
    few = work < _FEW * len(common)
    n_touched = 0
    for place in range(first, last):
        column = of.a.indices[place]
        start, stop = other.indptr[column], other.indptr[column + 1]
        if few:
            for p in range(start, stop):
                if common[other.indices[p]] == 0:
                    touched[n_touched] = other.indices[p]
                    n_touched += 1
                common[other.indices[p]] += np.float32(1)
        else:
            for p in range(start, stop):
                common[other.indices[p]] += np.float32(1)
        if of.kind >= ADJUSTED:
            x = of.a.values[place]
            square = x * x
            for p in range(start, stop):
                y, sums_of_b = other.values[p], products[other.indices[p]]
                sums_of_b[CROSS] += x * y
                sums_of_b[SQUARE_A] += square
                sums_of_b[SQUARE_B] += y * y
                sums_of_b[SUM_A] += x
                sums_of_b[SUM_B] += y
        elif of.kind >= WEIGHTED:
            x = of.a.values[place]
            for p in range(start, stop):
                products[other.indices[p], CROSS] += x * other.values[p]
    if not few:
        return -1
    touched[:n_touched].sort()
    return n_touched


@compiled_in_order
def of_products(
    kind: int, n: np.float32, products: Float32, scale: float, expected: float
) -> np.float32:
    """The similarity of one pair of rows of values."""
    if kind == WEIGHTED:
        return np.float32(products[CROSS] / max(scale, 1e-12))
    if kind == CORRELATION:
        if scale <= 1e-9:
            return np.float32(0)
        return np.float32(min(1.0, max(-1.0, (products[CROSS] - expected) / scale)))
    cross, square_a, square_b = products[CROSS], products[SQUARE_A], products[SQUARE_B]
    if kind == PEARSON:
        cross -= products[SUM_A] * products[SUM_B] / n
        of_a, of_b = products[SUM_A] * products[SUM_A] / n, products[SUM_B] * products[SUM_B] / n
        square_a, square_b = square_a - of_a, square_b - of_b
        # Where all ratings in common are equal, nothing but rounding error is left.
        if square_a < np.float32(4e-6) * of_a or square_b < np.float32(4e-6) * of_b:
            return np.float32(0)
    root = np.sqrt(square_a * square_b)
    if root <= np.float32(1e-4):
        return np.float32(0)
    alike = min(np.float32(1), max(np.float32(-1), cross / root))
    # Rounding error must not decide between equal ones.
    return np.float32(np.rint(alike * np.float32(1e4)) / np.float32(1e4))


@compiled_in_order
def similarities_of_row(row: int, of: Comparison, sums: Sums) -> int:
    """Write how alike a row is to each other into `alike`; how many are `touched`, -1 for all."""
    n_touched = add_products(row, of, sums)
    common, alike, shrinkage = sums.common, sums.alike, of.shrinkage
    least, tiny, one = np.float32(of.min_common), np.float32(1e-6), np.float32(1)
    n_a = np.float32(of.scale_a[row])
    if n_touched < 0 and of.kind < WEIGHTED:  # without a branch, so that vectors can be used
        for b in range(len(common)):
            n, n_b = common[b], np.float32(of.scale_b[b])
            if of.kind == COSINE:
                found = n / np.sqrt(max(n_a * n_b, one))
            else:
                found = n / max(n_a + n_b - n, one)
            found *= n / max(n + shrinkage, tiny)
            alike[b] = found if n >= least else np.float32(0)
            common[b] = 0
    else:
        for place in range(len(common) if n_touched < 0 else n_touched):
            b = place if n_touched < 0 else sums.touched[place]
            n, n_b = common[b], np.float32(of.scale_b[b])
            if n == 0:
                continue
            if n < least:
                found = np.float32(0)
            elif of.kind == COSINE:
                found = n / np.sqrt(max(n_a * n_b, one))
            elif of.kind == JACCARD:
                found = n / max(n_a + n_b - n, one)
            else:
                scale, expected = of.scale_a[row] * of.scale_b[b], of.total_a[row] * of.total_b[b]
                found = of_products(of.kind, n, sums.products[b], scale, expected)
            alike[b] = found * (n / max(n + shrinkage, tiny))
            if of.kind >= WEIGHTED:
                sums.products[b] = 0
            common[b] = 0
    if of.own[row] >= 0:
        alike[of.own[row]] = 0
    return n_touched


@compiled_in_order
def forget(sums: Sums, n_touched: int) -> None:
    """Make `alike` zeros again."""
    if n_touched < 0:
        sums.alike[:] = 0
    for place in range(n_touched):
        sums.alike[sums.touched[place]] = 0


@compiled_in_order
def largest_of_row(sums: Sums, n_touched: int, k: int, columns: Int32, weights: Float32) -> int:
    """The k largest similarities above 0 of a row, by column; how many there are.

    Whatever is above the smallest of the largest so far joins them; when there is no room left, the
    smaller ones are dropped.
    """
    kept, edge = 0, np.float32(0)
    for place in range(len(sums.alike) if n_touched < 0 else n_touched):
        column = place if n_touched < 0 else sums.touched[place]
        weight = sums.alike[column]
        if weight > edge:
            columns[kept], weights[kept] = column, weight
            kept += 1
            if kept == len(columns):
                kept, edge = keep_largest(columns, weights, kept, k)
    if kept > k:
        kept, edge = keep_largest(columns, weights, kept, k)
    return kept


@compiled_in_order
def nearest_of_rows(
    first: int, last: int, of: Comparison, counts: Int64, columns: Int32, weights: Float32
) -> int:
    """Write the k most similar of each row from `first` to `last` one behind the other; the sum.

    `counts` gets how many each row has.
    """
    sums = new_sums(len(of.scale_b), of.kind)
    room = _ROOM * of.k
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
    places, weights = (
        np.empty(len(of.scale_b), np.int32),
        np.empty(len(of.scale_b), np.float32),
    )
    for row in range(first, last):
        if asked_indptr[row] == asked_indptr[row + 1]:
            continue
        n_touched = similarities_of_row(row, of, sums)
        for n in range(asked_indptr[row], asked_indptr[row + 1]):
            kept, start = 0, residuals.indptr[asked[n]]
            for place in range(start, residuals.indptr[asked[n] + 1]):
                alike = sums.alike[residuals.indices[place]]
                places[kept], weights[kept] = place - start, alike
                kept += alike > 0
            if kept > of.k:
                kept, _ = keep_largest(places, weights, kept, of.k)
            weight, total = 0.0, 0.0
            for place in range(kept):
                weight += weights[place]
                value = residuals.values[start + places[place]]
                total += np.float64(weights[place]) * value
            if weight > NEGLIGIBLE:
                found[n] = total / (weight + of.damping)
        forget(sums, n_touched)
