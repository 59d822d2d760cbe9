"""Similarities of items or of users, of all pairs or of those with something in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from penchant.models.neighbours.entities import COMPARE_RATINGS, COSINES, Entities, Similarity
from penchant.models.shared.sparse_rows import product
from penchant.typing import AnyFloat, Csr, Float32, Float64, Int32, Int64


def similarity(
    a: Entities, b: Entities, kind: Similarity, shrinkage: float, min_common: int = 1
) -> Float32:
    """float32[len(a), len(b)], how alike the rows of a and b are.

    `cosine` is n_ab / sqrt(n_a n_b) and `jaccard` n_ab / (n_a + n_b - n_ab), of events alone, or
    `cosine` that of the events' weights where there are any;
    `correlation` is that of whole rows of values, in which what is not there is 0; `pearson` is
    the correlation of ratings over what both have rated, `adjusted-cosine` the cosine of the
    values over the same (Sarwar et al. 2001), `residual-cosine` that of whole rows of what ratings
    are above their biases. All are multiplied by
    n_ab / (n_ab + shrinkage) (Koren 2008, eq. 2) and are 0 where fewer than `min_common`
    events are common.
    """
    return similarity_of_pairs(AllPairs(a, b), kind, shrinkage, min_common)


@dataclass(frozen=True, eq=False)
class AllPairs:
    """Each row of `a` with each of `b`: values are float32[len(a), len(b)]."""

    a: Entities
    b: Entities

    def product(self, x: Csr, y: Csr) -> Float32:
        """Of each pair of these rows, the sum over columns of x of a times y of b."""
        return product(x, self.b.factor(y))

    def of_a(self, values: AnyFloat) -> AnyFloat:
        """Values of rows of a, for each pair."""
        return values[:, None]

    def of_b(self, values: AnyFloat) -> AnyFloat:
        """Values of rows of b, for each pair."""
        return values


@dataclass(frozen=True, eq=False)
class CommonPairs:
    """The pairs with something in common: values are float32[n_pairs], in the order of `pattern`.

    Attributes:
        pattern: csr[len(a), len(b)], sorted, with an entry for each pair.
    """

    a: Entities
    b: Entities

    @cached_property
    def pattern(self) -> Csr:
        """csr[len(a), len(b)], sorted, with the number of events in common of each pair."""
        found: Csr = (self.a.binary @ self.b.factor(self.b.binary).transposed).tocsr()
        found.sort_indices()
        return found

    @cached_property
    def rows(self) -> Int64:
        """int64[n_pairs], the row of a of each pair."""
        return np.repeat(np.arange(len(self.a)), np.diff(self.pattern.indptr))

    def product(self, x: Csr, y: Csr) -> Float32:
        """Of each pair of these rows, the sum over columns of x of a times y of b."""
        if x is self.a.binary and y is self.b.binary:
            return self.pattern.data.copy()
        return entries((x @ self.b.factor(y).transposed).tocsr(), self.pattern).astype(np.float32)

    def of_a(self, values: AnyFloat) -> AnyFloat:
        """Values of rows of a, for each pair."""
        return values[self.rows]

    def of_b(self, values: AnyFloat) -> AnyFloat:
        """Values of rows of b, for each pair."""
        return values[self.pattern.indices]


def similarity_of_pairs(
    pairs: AllPairs | CommonPairs, kind: Similarity, shrinkage: float, min_common: int
) -> Float32:
    """Float32, how alike each pair is; see `similarity`."""
    a, b = pairs.a, pairs.b
    common = pairs.product(a.binary, b.binary)
    alike: AnyFloat
    if kind in COSINES and (a.weights is not None or b.weights is not None):
        weighted = pairs.product(*(e.binary if e.weights is None else e.weights for e in (a, b)))
        alike = weighted / np.maximum(pairs.of_a(a.lengths) * pairs.of_b(b.lengths), 1e-12)
    elif kind == "cosine":
        alike = common / np.sqrt(np.maximum(pairs.of_a(a.counts) * pairs.of_b(b.counts), 1))
    elif kind == "jaccard":
        alike = common / np.maximum(pairs.of_a(a.counts) + pairs.of_b(b.counts) - common, 1)
    elif kind == "correlation":
        alike = _correlations(pairs)
    else:
        cross = pairs.product(a.ratings, b.ratings)
        square_a = pairs.product(a.squares, b.binary)
        square_b = pairs.product(a.binary, b.squares)
        if kind == "pearson":
            sum_a = pairs.product(a.ratings, b.binary)
            sum_b = pairs.product(a.binary, b.ratings)
            n = np.maximum(common, 1)
            cross -= sum_a * sum_b / n
            _subtract(square_a, np.asarray(sum_a * sum_a / n, np.float32))
            _subtract(square_b, np.asarray(sum_b * sum_b / n, np.float32))
        scale = np.sqrt(square_a * square_b)
        alike = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 1e-4)
        # Rounding error, which depends on the block, must not decide between equal ones.
        np.round(np.clip(alike, -1, 1, out=alike), 4, out=alike)
    if shrinkage:
        alike *= common / (common + np.float32(shrinkage))
    alike[common < max(min_common, 1)] = 0
    return np.asarray(alike, np.float32)


def _correlations(pairs: AllPairs | CommonPairs) -> Float32:
    """Float32, the correlation of each pair's rows of values over all columns."""
    a, b = pairs.a, pairs.b
    n = int(a.binary.shape[1])
    (sums_a, spreads_a), (sums_b, spreads_b) = a.spreads, b.spreads
    cross = pairs.product(a.ratings, b.ratings) - pairs.of_a(sums_a) * pairs.of_b(sums_b / n)
    scale = pairs.of_a(spreads_a) * pairs.of_b(spreads_b)
    found = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 1e-9)
    return np.asarray(np.clip(found, -1, 1), np.float32)


def shares_of_common(one: Entities, others: Entities, kind: Similarity, columns: Int32) -> Float64:
    """float64[n_others, n_columns], how similarities divide among some columns of what is common.

    Rows sum to 1 over all columns in common, and are 0 where nothing is. Each has its product of
    weights or values in the similarity's sum; products may be below 0.

    Args:
        one: a single row.
        others: the rows that it was compared with.
        kind: see `similarity`.
        columns: int32[n_columns], each of which has something in the single row or counts nothing.
    """
    used, place = np.unique(columns, return_inverse=True)
    common = others.binary[:, used].toarray() * one.binary[:, used].toarray()
    parts: Float64 = common.astype(np.float64)
    if kind in COSINES and (one.weights is not None or others.weights is not None):
        a, b = (e.binary if e.weights is None else e.weights for e in (one, others))
        parts = b[:, used].toarray() * a[:, used].toarray().astype(np.float64)
    elif kind in COMPARE_RATINGS:
        a, b = (e.ratings[:, used].toarray().astype(np.float64) * common for e in (one, others))
        if kind == "pearson":
            n = np.maximum(common.sum(axis=1, keepdims=True), 1)
            a -= a.sum(axis=1, keepdims=True) / n * common
            b -= b.sum(axis=1, keepdims=True) / n * common
        parts = a * b
    total = parts.sum(axis=1, keepdims=True)
    shares = np.divide(parts, total, out=np.zeros_like(parts), where=np.abs(total) > 1e-9)
    return np.asarray(shares[:, place], np.float64)


def _subtract(squares: Float32, correction: Float32) -> None:
    """Make sums of squares squares about the mean, in place; rounding error becomes 0.

    Where all ratings in common are equal, nothing but rounding error is left of a variance.
    """
    squares -= correction
    squares[squares < 4e-6 * correction] = 0


def entries(matrix: Csr, wanted: Csr, rows: Int64 | None = None) -> AnyFloat:
    """float[n_entries], what stands in a matrix where `wanted` has entries, 0 for nothing.

    Args:
        matrix: csr[m, n].
        wanted: csr[k, n].
        rows: int64[k], the row of the matrix for each row of `wanted`; k = m by default.
    """
    matrix.sort_indices()
    n, every = matrix.shape[1], np.arange(matrix.shape[0])
    have = np.repeat(every, np.diff(matrix.indptr)) * np.int64(n) + matrix.indices
    rows = every if rows is None else rows
    keys = np.repeat(rows, np.diff(wanted.indptr)) * np.int64(n) + wanted.indices
    if not len(have):
        return np.zeros(len(keys), matrix.dtype)
    place = np.searchsorted(have, keys).clip(0, len(have) - 1)
    found: AnyFloat = np.where(have[place] == keys, matrix.data[place], matrix.dtype.type(0))
    return found
