"""The nearest neighbours of items or of users, and the means of what these gave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from scipy import sparse

from penchant.compiled import AVAILABLE
from penchant.models.neighbours.compiled_mean_residuals import mean_residuals_of_rows
from penchant.models.neighbours.compiled_rows import Comparison, SparseRows, nearest_of_rows
from penchant.models.neighbours.compiled_similarities import (
    ADJUSTED,
    CORRELATION,
    COSINE,
    JACCARD,
    PEARSON,
    WEIGHTED,
)
from penchant.models.neighbours.entities import COSINES, Entities, Similarity
from penchant.models.neighbours.mean_residuals import mean_residuals
from penchant.models.neighbours.similarity import CommonPairs, similarity, similarity_of_pairs
from penchant.models.shared.sparse_rows import (
    SPARSE_SHARE,
    blocks_of_work,
    even_blocks,
    row_blocks,
    strongest,
    strongest_entries,
)
from penchant.topk import blocks
from penchant.typing import AnyFloat, AnyInt, Csr, Float32, Float64, Int64

T = TypeVar("T")
_KINDS = {
    "cosine": COSINE,
    "residual-cosine": WEIGHTED,
    "jaccard": JACCARD,
    "correlation": CORRELATION,
    "adjusted-cosine": ADJUSTED,
    "pearson": PEARSON,
}
DENSE_SPEED = 100
"""Multiply-adds that dense products make while compiled loops add up one product of entries."""
LEAST_WORK = 2e10
"""Multiply-adds of dense products, a second or so, below which nobody waits for a compiler."""
_SPAN = 2**22  # products of rows that one thread takes at a time


def neighbours(
    entities: Entities,
    kind: Similarity,
    *,
    shrinkage: float,
    min_common: int,
    k: int,
    threads: int | None = None,
) -> Csr:
    """csr[n, n], for each row its `k` most similar other rows with a similarity above 0.

    Rows without events are like no other one and cost nothing.
    """
    active = np.flatnonzero(np.diff(entities.binary.indptr))
    if len(active) < len(entities):
        some = neighbours(
            entities.take(active),
            kind,
            shrinkage=shrinkage,
            min_common=min_common,
            k=k,
            threads=threads,
        )
        counts = np.zeros(len(entities) + 1, np.int64)
        counts[active + 1] = np.diff(some.indptr)
        return sparse.csr_array(
            (some.data, active[some.indices].astype(np.int32), np.cumsum(counts).astype(np.int32)),
            shape=(len(entities), len(entities)),
        )
    own = np.arange(len(entities))
    return nearest(entities, entities, own, kind, shrinkage, min_common, k, threads)


def nearest(
    a: Entities,
    b: Entities,
    own: AnyInt,
    kind: Similarity,
    shrinkage: float,
    min_common: int,
    k: int,
    threads: int | None = None,
) -> Csr:
    """csr[len(a), len(b)], for each row of a the `k` most similar rows of b, but for its own.

    Args:
        a: what has neighbours.
        b: what may be a neighbour.
        own: int[len(a)], which row of b each of a is itself, or -1.
        kind: see `similarity`.
        shrinkage: likewise.
        min_common: likewise.
        k: how many, of a similarity above 0.
        threads: None takes as many as torch has.
    """
    work = np.asarray(a.binary @ b.factor(b.binary).counts)
    if _compiled_pays(work, a, b):
        of = _comparison(a, b, own, kind, shrinkage, min_common, min(k, max(1, len(b))))
        return _compiled_nearest(of, work, threads)
    parts: list[Csr] = []
    common = float(work.sum()) < SPARSE_SHARE * len(a) * len(b)
    for start, stop in even_blocks(work) if common else row_blocks(len(b), len(a)):
        block, mine = a.block(start, stop), own[start:stop]
        if common:
            pairs = CommonPairs(block, b)
            alike = similarity_of_pairs(pairs, kind, shrinkage, min_common)
            alike[mine[pairs.rows] == pairs.pattern.indices] = 0
            shape = (stop - start, len(b))
            matrix = sparse.csr_array((alike, pairs.pattern.indices, pairs.pattern.indptr), shape)
            parts.append(strongest_entries(matrix, k))
        else:
            full = similarity(block, b, kind, shrinkage, min_common)
            known = np.flatnonzero(mine >= 0)
            full[known, mine[known]] = 0
            parts.append(strongest(full, k))
    if not parts:
        nothing: Csr = (a.binary[:0] @ b.binary.T).tocsr()
        return nothing
    stacked: Csr = sparse.vstack(parts, format="csr")
    return stacked


def mean_residuals_of_neighbours(
    a: Entities,
    b: Entities,
    own: AnyInt,
    kind: Similarity,
    shrinkage: float,
    min_common: int,
    k: int,
    damping: float,
    residuals: Csr,
    asked: AnyInt,
    of_whom: AnyInt,
    threads: int | None = None,
) -> Float32:
    """float32[n_asked], mean residuals over the `k` most similar of those who have one.

    Args:
        a: whose neighbours.
        b: who may be a neighbour.
        own: int[len(a)], which row of b each of a is itself, or -1.
        kind: see `similarity`.
        shrinkage: likewise.
        min_common: likewise.
        k: how many neighbours count, of a similarity above 0; of equal ones the first.
        damping: see `mean_residuals`.
        residuals: csr[m, len(b)], never 0, sorted by column.
        asked: int[n_asked], which of its rows.
        of_whom: int[n_asked], the row of a for each.
        threads: None takes as many as torch has.
    """
    found = np.zeros(len(asked), np.float32)
    work = np.asarray(a.binary @ b.factor(b.binary).counts)
    if _compiled_pays(work, a, b):
        of = _comparison(a, b, own, kind, shrinkage, min_common, k)._replace(damping=damping)
        order = np.argsort(of_whom, kind="stable")
        indptr = np.append(0, np.cumsum(np.bincount(of_whom, minlength=len(a))))
        in_order, sorted_asked = np.zeros(len(asked), np.float32), asked[order].astype(np.int32)
        rows = _sparse_rows(residuals, residuals)
        _in_threads(
            lambda start, stop: mean_residuals_of_rows(
                start, stop, of, rows, indptr, sorted_asked, in_order
            ),
            list(blocks_of_work(work + len(b), _SPAN)),
            threads,
        )
        found[order] = in_order
        return found
    for start, stop in blocks(len(a), len(b)):
        some = np.flatnonzero((of_whom >= start) & (of_whom < stop))
        if len(some):
            alike = similarity(a.block(start, stop), b, kind, shrinkage, min_common)
            known = np.flatnonzero(own[start:stop] >= 0)
            alike[known, own[start:stop][known]] = 0
            positive = sparse.csr_array(np.maximum(alike, 0, out=alike))
            found[some] = mean_residuals(
                positive, of_whom[some] - start, residuals, asked[some], k, damping
            )
    return found


def _compiled_pays(work: Float64, a: Entities, b: Entities) -> bool:
    """Whether compiled loops are quicker than dense products, which few logs are dense enough for.

    Args:
        work: float64[len(a)], products of entries of each row.
        a: the rows.
        b: what they are compared with.
    """
    dense = float(len(a)) * len(b) * a.binary.shape[1]
    if not AVAILABLE or dense < LEAST_WORK:
        return False
    return float(work.sum()) * DENSE_SPEED <= max(dense, DENSE_SPEED)


def _comparison(
    a: Entities,
    b: Entities,
    own: AnyInt,
    kind: Similarity,
    shrinkage: float,
    min_common: int,
    k: int,
) -> Comparison:
    code = _KINDS[kind]
    if kind in COSINES and (a.weights is not None or b.weights is not None):
        code = WEIGHTED
    values_a, values_b = (_values(entities, code) for entities in (a, b))
    (total_a, scale_a), (total_b, scale_b) = (_totals_and_scales(e, code) for e in (a, b))
    positions: Int64 = np.asarray(own, np.int64)
    if len(positions) and positions.max() >= len(b):
        raise IndexError(f"There is no row {positions.max()} among {len(b)}.")
    return Comparison(
        a=_sparse_rows(a.binary, values_a),
        columns_of_b=_sparse_rows(
            b.factor(b.binary).transposed,
            None if values_b is None else b.factor(values_b).transposed,
        ),
        own=positions,
        scale_a=scale_a.astype(np.float32),
        scale_b=scale_b.astype(np.float32),
        total_a=total_a,
        total_b=total_b / max(1, b.binary.shape[1]),
        kind=code,
        shrinkage=np.float32(shrinkage),
        min_common=max(min_common, 1),
        k=k,
        damping=0.0,
    )


def _totals_and_scales(entities: Entities, code: int) -> tuple[Float64, AnyFloat]:
    """float64[n] sums of values, where they are needed, and what similarities are divided by."""
    if code == CORRELATION:
        return entities.spreads
    scale = entities.lengths if code == WEIGHTED else entities.counts
    return np.zeros(len(entities)), scale


def _values(entities: Entities, code: int) -> Csr | None:
    """What is multiplied: nothing, weights or ones, or ratings."""
    if code < WEIGHTED:
        return None
    if code == WEIGHTED:
        return entities.binary if entities.weights is None else entities.weights
    return entities.ratings


def _sparse_rows(matrix: Csr, values: Csr | None) -> SparseRows:
    """The arrays of a matrix, with the values of another one of the same sparsity.

    Raises:
        ValueError: they are not of the same sparsity, or a column is not there.
    """
    indices = matrix.indices.astype(np.int32, copy=False)
    if len(indices) and (indices.min() < 0 or indices.max() >= matrix.shape[1]):
        raise ValueError("A sparse matrix has an entry beyond its columns.")
    data = np.empty(0, np.float32)
    if values is not None:
        data = values.data.astype(np.float32, copy=False)
        if len(data) != len(indices):
            raise ValueError("There are not as many values as entries.")
    return SparseRows(matrix.indptr.astype(np.int64, copy=False), indices, data)


def _compiled_nearest(of: Comparison, work: Float64, threads: int | None) -> Csr:
    n, width = len(of.scale_a), len(of.scale_b)
    room = np.minimum(work, of.k).astype(np.int64)
    counts = np.zeros(n, np.int64)

    def part(start: int, stop: int) -> tuple[AnyInt, Float32]:
        size = int(room[start:stop].sum())
        columns, weights = np.empty(size, np.int32), np.empty(size, np.float32)
        kept = nearest_of_rows(start, stop, of, counts[start:stop], columns, weights)
        return columns[:kept].copy(), weights[:kept].copy()

    parts = _in_threads(part, list(blocks_of_work(work + 1, _SPAN)), threads)
    columns = np.concatenate([np.empty(0, np.int32), *(p[0] for p in parts)])
    weights = np.concatenate([np.empty(0, np.float32), *(p[1] for p in parts)])
    small = np.dtype(np.int32 if len(columns) < 2**31 else np.int64)
    indptr: AnyInt = np.append(0, np.cumsum(counts)).astype(small)
    found: Csr = sparse.csr_array((weights, columns.astype(small, copy=False), indptr), (n, width))
    found.has_canonical_format = True
    return found


def _in_threads(
    work: Callable[[int, int], T], spans: list[tuple[int, int]], threads: int | None
) -> list[T]:
    """What comes of each span; compiled loops let other threads run."""
    n = min(threads or torch.get_num_threads(), len(spans))
    if n < 2:
        return [work(*span) for span in spans]
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda span: work(*span), spans))
