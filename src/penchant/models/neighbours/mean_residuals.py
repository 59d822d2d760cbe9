"""Means of ratings' residuals over the nearest neighbours, a row at a time."""

from __future__ import annotations

import numpy as np

from penchant.compiled import AVAILABLE, compiled, compiled_threads, loop_range
from penchant.models.shared.sparse_rows import even_blocks
from penchant.run import Run
from penchant.typing import AnyInt, Csr, Float32

NEGLIGIBLE = 1e-6
"""Sums of similarities below that are taken for rounding error."""


def mean_residuals(
    alike: Csr,
    alike_rows: AnyInt,
    residuals: Csr,
    residual_rows: AnyInt,
    k: int,
    damping: float,
) -> Float32:
    """float32[n], the mean residual of each row's k most similar, weighted by similarity.

    The mean is that of the sum of similarities and `damping`: of few or hardly similar neighbours
    it is shrunk towards 0.

    A row of `alike` and one of `residuals` are merged, and nothing but the common entries is ever
    written: products of sparse matrices of all rows would take twenty times as long.

    Args:
        alike: csr[n_a, m], similarities above 0, sorted by column.
        alike_rows: int[n], which of its rows.
        residuals: csr[n_b, m], never 0, sorted by column; only columns that both have count.
        residual_rows: int[n], which of its rows.
        k: how many neighbours count; of equal ones those of the first columns.
        damping: similarity that says 0.
    """
    found = np.zeros(len(alike_rows), np.float32)
    if AVAILABLE:
        with compiled_threads(Run()):
            _merge(
                alike.indptr,
                alike.indices,
                alike.data,
                alike_rows,
                residuals.indptr,
                residuals.indices,
                residuals.data,
                residual_rows,
                k,
                damping,
                found,
            )
        return found
    work = np.diff(alike.indptr)[alike_rows] + np.diff(residuals.indptr)[residual_rows]
    for start, stop in even_blocks(work):
        part = slice(start, stop)
        found[part] = _of_products(
            alike[alike_rows[part]], residuals[residual_rows[part]], k, damping
        )
    return found


@compiled
def _merge(
    alike_indptr: AnyInt,
    alike_indices: AnyInt,
    alike_data: Float32,
    alike_rows: AnyInt,
    indptr: AnyInt,
    indices: AnyInt,
    data: Float32,
    rows: AnyInt,
    k: int,
    damping: float,
    found: Float32,
) -> None:
    for n in loop_range(len(found)):
        i, i_end = alike_indptr[alike_rows[n]], alike_indptr[alike_rows[n] + 1]
        j, j_end = indptr[rows[n]], indptr[rows[n] + 1]
        weights = np.empty(min(i_end - i, j_end - j), np.float32)
        values = np.empty(len(weights), np.float32)
        common = 0
        while i < i_end and j < j_end:
            column, other = alike_indices[i], indices[j]
            if column == other:
                weights[common], values[common] = alike_data[i], data[j]
                common += 1
            i += column <= other
            j += other <= column
        edge, at_edge = np.float32(-1), 0
        if common > k:
            edge = np.partition(weights[:common], common - k)[common - k]
            at_edge = k
            for m in range(common):
                at_edge -= weights[m] > edge
        weight, total = 0.0, 0.0
        for m in range(common):
            if weights[m] == edge:
                at_edge -= 1
            if weights[m] > edge or (weights[m] == edge and at_edge >= 0):
                weight += weights[m]
                total += np.float64(weights[m]) * values[m]
        if weight > NEGLIGIBLE:
            found[n] = total / (weight + damping)


def _of_products(alike: Csr, residuals: Csr, k: int, damping: float) -> Float32:
    """The same for each row of both."""
    both = alike.multiply(residuals.astype(bool)).tocsr()
    values = alike.astype(bool).multiply(residuals).tocsr()
    both.sort_indices()
    values.sort_indices()
    n = both.shape[0]
    row = np.repeat(np.arange(n), np.diff(both.indptr))
    order = np.lexsort((-both.data, row))
    place = np.arange(len(row)) - both.indptr[row]  # `order` keeps rows where they are
    best = order[place < k]
    weight = np.bincount(row[best], both.data[best], n)
    total = np.bincount(row[best], both.data[best] * values.data[best], n)
    found = np.divide(total, weight + damping, out=np.zeros(n), where=weight > NEGLIGIBLE)
    return np.asarray(found, np.float32)
