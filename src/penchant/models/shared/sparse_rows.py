"""Products of sparse matrices, and the largest entries of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import sparse

from penchant.compiled import AVAILABLE
from penchant.models.shared.compiled_products import largest_of_lists, list_products
from penchant.models.shared.largest import mark_largest
from penchant.models.shared.row_products import LEAST_SECONDS, RATE, add_row_products
from penchant.typing import AnyArray, AnyInt, Bool, Csr, Float32, Float64, Int32, Int64

Weigh = Callable[[Float32, AnyInt, AnyInt], Float32]
"""What becomes of products, given their rows and columns, which broadcast."""

DENSE_RATE, SPARSE_RATE = 5e10, 1.5e8
"""Multiply-adds a second of dense and sparse products, to choose the cheaper one."""
_FILL_RATE = 1e9  # numbers a second that a sparse matrix is made dense with
_DENSE_CELLS = 2**27  # the largest matrix that is made dense for a product, 512 MB
_BLOCK_CELLS = 2**23  # entries of a block of a dense product
_WEIGHED_CELLS = 2**20  # entries of it that are weighed at once
SPARSE_SHARE = 0.05
"""Share of all pairs of rows with something in common, below which only those are computed."""
DENSE_SHARE = 4.0
"""Products of entries for each pair of rows, from which dense rows take no more time than lists."""
_PRODUCTS = 2**21  # products of entries that make such pairs, at once


@dataclass(frozen=True, eq=False)
class Factor:
    """A matrix that many others are multiplied with, and what each product needs of it.

    Attributes:
        matrix: csr[n, m].
    """

    matrix: Csr

    @cached_property
    def transposed(self) -> Csr:
        """csr[m, n]."""
        found: Csr = self.matrix.T.tocsr()
        return found

    @cached_property
    def counts(self) -> Float64:
        """float64[m], the number of entries of each column."""
        return column_counts(self.matrix)


def product(a: Csr, b: Csr | Factor) -> Float32:
    """float32[len(a), len(b)] = a b', by the cheapest of dense and sparse products and loops.

    Sums are taken in another order, and may differ in their last digits.
    """
    b = b if isinstance(b, Factor) else Factor(b)
    n_rows, n = int(a.shape[0]), int(b.matrix.shape[0])
    sparse_work = float(b.counts[a.indices].sum())
    dense_seconds, sparse_seconds = _seconds(n_rows, b, sparse_work)
    if compiled_pays(sparse_work, min(dense_seconds, sparse_seconds)):
        found = np.zeros((n_rows, n), np.float32)
        add_row_products(a, b.transposed, found)
        return found
    if dense_seconds < sparse_seconds:
        left, right = torch.from_numpy(a.toarray()), torch.from_numpy(b.matrix.toarray())
        return np.asarray((left @ right.T).numpy())
    return np.asarray((a @ b.transposed).toarray(), np.float32)


def _seconds(n_rows: int, b: Factor, sparse_work: float) -> tuple[float, float]:
    """Seconds of a dense product of so many rows with a factor, and of a sparse one."""
    n, columns = b.matrix.shape
    sparse_seconds = sparse_work / SPARSE_RATE
    if max(n_rows, n) * columns > _DENSE_CELLS:
        return np.inf, sparse_seconds
    dense = float(n_rows) * n * columns / DENSE_RATE + (n_rows + n) * columns / _FILL_RATE
    return dense, sparse_seconds


def compiled_pays(multiply_adds: float, seconds: float) -> bool:
    """Whether compiled loops with so many products of entries are quicker than another way.

    Args:
        multiply_adds: products of entries.
        seconds: that the other way takes.
    """
    return AVAILABLE and seconds > LEAST_SECONDS and multiply_adds < seconds * RATE


def strongest_products(a: Csr, b: Csr, k: int, weigh: Weigh | None = None) -> Csr:
    """csr[n, n] of the `k` largest entries above 0 of each row of a b', without the diagonal.

    Of equal ones the first are kept, where the product is not a dense one.

    Args:
        a: csr[n, m].
        b: csr[n, m].
        k: entries of a row.
        weigh: what becomes of the entries before the largest are taken; 0 must stay 0.
    """
    n, factor = int(b.shape[0]), Factor(b)
    ones = sparse.csr_array((np.ones(len(a.data), bool), a.indices, a.indptr), shape=a.shape)
    work = np.asarray(ones @ factor.counts)
    total = float(work.sum())
    if total < DENSE_SHARE * n * n and compiled_pays(total, min(_seconds(n, factor, total))):
        return _compiled_strongest(a, factor.transposed, k, weigh, work)
    if total < SPARSE_SHARE * n * n:
        spans, few = even_blocks(work), True
    else:
        spans, few = row_blocks(n), False
    step = max(1, _WEIGHED_CELLS // max(n, 1))
    parts: list[Csr] = []
    for start, stop in spans:
        if few:
            found: Csr = (a[start:stop] @ factor.transposed).tocsr()
            rows = np.repeat(np.arange(start, stop), np.diff(found.indptr))
            diagonal = rows == found.indices
            if weigh is not None:
                found.data = weigh(found.data, rows, found.indices)
            found.data[diagonal] = 0
            parts.append(strongest_entries(found, k))
        else:
            full = product(a[start:stop], factor)
            if weigh is not None:
                for first in range(0, stop - start, step):
                    some = full[first : first + step]
                    rows = np.arange(start + first, start + first + len(some))
                    some[:] = weigh(some, rows[:, None], np.arange(n))
            full[np.arange(stop - start), np.arange(start, stop)] = 0
            parts.append(strongest(full, k))
    stacked: Csr = sparse.vstack(parts or [(a[:0] @ b.T).tocsr()], format="csr")
    return stacked


def _compiled_strongest(a: Csr, b: Csr, k: int, weigh: Weigh | None, work: Float64) -> Csr:
    """See `strongest_products`; b is csr[m, n] and `work` the products of entries of each row."""
    n = int(a.shape[0])
    room = np.minimum(work, n).astype(np.int64)
    spans = list(blocks_of_work(room, _WEIGHED_CELLS))
    most = max((int(room[start:stop].sum()) for start, stop in spans), default=0)
    columns, values, keys = np.empty(most, np.int32), np.empty(most, np.float32), np.empty(n, int)
    totals, seen, counts = np.zeros(n, np.float32), np.zeros(n, np.uint8), np.zeros(n, np.int64)
    of_a, of_b = _compiled_arrays(a), _compiled_arrays(b)
    parts: list[tuple[Int32, Float32]] = [(np.empty(0, np.int32), np.empty(0, np.float32))]
    for start, stop in spans:
        own = counts[start:stop]
        total = list_products(start, stop, *of_a, *of_b, totals, seen, own, columns, values)
        others, found = columns[:total], values[:total]
        if weigh is not None:
            found = np.asarray(weigh(found, np.repeat(np.arange(start, stop), own), others))
        size = int(np.minimum(own, k).sum())
        part = np.empty(size, np.int32), np.empty(size, np.float32)
        kept = largest_of_lists(own, others, found.astype(np.float32, copy=False), k, keys, *part)
        parts.append((part[0][:kept].copy(), part[1][:kept].copy()))
    offsets = np.append(0, np.cumsum(counts))
    data, indices = (np.concatenate([part[at] for part in parts]) for at in (1, 0))
    strongest: Csr = sparse.csr_array((data, indices, offsets), shape=(n, n))
    strongest.has_canonical_format = True
    return strongest


def _compiled_arrays(matrix: Csr) -> tuple[Int64, Int32, Float32]:
    """Offsets, columns and values as compiled loops take them."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )


def strongest(values: Float32, k: int) -> Csr:
    """Csr of the same shape with only the `k` largest entries above 0 of each row."""
    n_rows, n = values.shape
    found = torch.topk(torch.from_numpy(values), min(k, n), sorted=False)
    value, column = found.values.numpy(), found.indices.numpy()
    positive = value > 0
    offsets = np.concatenate([[0], np.cumsum(positive.sum(axis=1))])
    matrix = sparse.csr_array((value[positive], column[positive], offsets), shape=(n_rows, n))
    matrix.sort_indices()
    return matrix


def strongest_entries(matrix: Csr, k: int) -> Csr:
    """Csr of the same shape with only the `k` largest entries above 0 of each row.

    Of equal ones the first are kept.
    """
    keep = largest_of_rows(matrix.indptr, matrix.data, k)
    offsets = np.append(0, np.cumsum(keep))[matrix.indptr]
    return sparse.csr_array((matrix.data[keep], matrix.indices[keep], offsets), shape=matrix.shape)


def largest_of_rows(offsets: AnyInt, values: Float32, k: int) -> Bool:
    """bool[n], which are among the `k` largest values above 0 of their row, the first of equals.

    Args:
        offsets: int[n_rows + 1], where the values of each row are.
        values: float32[n].
        k: how many of a row.
    """
    keep = np.zeros(len(values), bool)
    if AVAILABLE:
        mark_largest(offsets, values, k, keep)
        return keep
    row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.lexsort((-values, row))
    keep[order[np.arange(len(values)) - offsets[row] < k]] = True
    return keep & (values > 0)


def kept_bytes(k: int, n_rows: int) -> float:
    """Memory of the `k` largest entries of each row of a square matrix, twice while joined."""
    return 16.0 * min(k, n_rows) * n_rows


def column_counts(matrix: Csr) -> Float64:
    """float64[n_columns], the number of entries of each column."""
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)


def even_blocks(work: AnyArray) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of rows of a bounded amount of work, one row at least."""
    yield from blocks_of_work(work, _PRODUCTS)


def blocks_of_work(work: AnyArray, most: float) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of rows of at most so much work, one row at least."""
    total = np.append(0, np.cumsum(work))
    start = 0
    while start < len(work):
        stop = int(np.searchsorted(total, total[start] + most, side="right")) - 1
        stop = max(stop, start + 1)
        yield start, stop
        start = stop


def row_blocks(width: int, n: int | None = None) -> Iterator[tuple[int, int]]:
    """Start and stop of blocks of the `n` rows (`width` by default) of a dense product."""
    n = width if n is None else n
    size = max(64, _BLOCK_CELLS // max(width, 1))
    for start in range(0, n, size):
        yield start, min(start + size, n)
