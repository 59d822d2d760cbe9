"""Compute similarities of items or of users in blocks, from sparse rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.models.shared.sparse_rows import (
    SPARSE_SHARE,
    Factor,
    column_counts,
    even_blocks,
    product,
    row_blocks,
    strongest,
    strongest_entries,
)
from penchant.typing import AnyFloat, Csr, Float32, Int64

Similarity = Literal["cosine", "jaccard", "correlation", "pearson", "adjusted-cosine"]
CENTRED = frozenset({"pearson", "adjusted-cosine"})
"""Similarities of centred ratings, over those who gave both."""
COMPARE_RATINGS = CENTRED | {"correlation"}
"""Similarities that need ratings."""


@dataclass(frozen=True, eq=False)
class Entities:
    """Items or users to compare, a sparse row each.

    Attributes:
        binary: csr[n, m] of ones, where an event is.
        values: csr[n, m] of (centred) ratings with the same sparsity, or None.
        weights: csr[n, m] of weights of events with the same sparsity, or None.
    """

    binary: Csr
    values: Csr | None = None
    weights: Csr | None = None

    def __len__(self) -> int:
        return int(self.binary.shape[0])

    @cached_property
    def counts(self) -> Float32:
        """float32[n], the number of events of each row."""
        return np.diff(self.binary.indptr).astype(np.float32)

    @cached_property
    def ratings(self) -> Csr:
        """The values; only similarities of ratings may ask."""
        if self.values is None:
            raise ValueError("This similarity compares ratings, and there are none.")
        return self.values

    @cached_property
    def lengths(self) -> Float32:
        """float32[n], the Euclidean length of each row of weights, or of ones."""
        if self.weights is None:
            return np.sqrt(self.counts)
        return np.asarray(sparse.linalg.norm(self.weights, axis=1), np.float32)

    @cached_property
    def _factors(self) -> dict[int, Factor]:
        return {}

    def factor(self, matrix: Csr) -> Factor:
        """One of these matrices as a factor, which is kept: for one user it is most of the work."""
        return self._factors.setdefault(id(matrix), Factor(matrix))

    @cached_property
    def squares(self) -> Csr:
        """csr[n, m] of squared values."""
        squared: Csr = self.ratings.multiply(self.ratings).tocsr()
        return squared

    def block(self, start: int, stop: int) -> Entities:
        """The rows from `start` to `stop`."""
        return self._select(slice(start, stop))

    def take(self, rows: Int64) -> Entities:
        """The rows with these numbers, in this order."""
        return self._select(rows)

    def _select(self, rows: slice | Int64) -> Entities:
        values = None if self.values is None else self.values[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Entities(self.binary[rows], values, weights)


def item_entities(log: Dataset, kind: Similarity) -> Entities:
    """The items of a log, with ratings where the similarity compares them.

    For `pearson` ratings are centred on the mean of all, for `adjusted-cosine` on each user's.
    """
    if kind not in COMPARE_RATINGS:
        weights = None
        if kind == "cosine" and log.weights is not None:
            weights = log.histories.matrix("weight").T.tocsr()
        return Entities(log.histories.matrix().T.tocsr(), weights=weights)
    binary = log.histories.matrix("seen").T.tocsr()
    ratings = log.histories.matrix("rating")
    if kind in CENTRED:
        count = np.diff(ratings.indptr)
        user = np.repeat(np.arange(log.n_users), count)
        if kind == "adjusted-cosine":
            centre = np.bincount(user, ratings.data, log.n_users) / np.maximum(count, 1)
        else:
            centre = np.full(log.n_users, log.ratings.mean(dtype=np.float64))
        ratings.data -= centre[user].astype(np.float32)
    return Entities(binary, ratings.T.tocsr())


def similarity(
    a: Entities, b: Entities, kind: Similarity, shrinkage: float, min_common: int = 1
) -> Float32:
    """float32[len(a), len(b)], how alike the rows of a and b are.

    `cosine` is n_ab / sqrt(n_a n_b) and `jaccard` n_ab / (n_a + n_b - n_ab), of events alone, or
    `cosine` that of the events' weights where there are any;
    `correlation` is that of whole rows of values, in which what is not there is 0; `pearson` is
    the correlation of ratings over what both have rated, `adjusted-cosine` the cosine of the
    values over the same (Sarwar et al. 2001). All are multiplied by
    n_ab / (n_ab + shrinkage) (Koren 2008, eq. 2) and are 0 where fewer than `min_common`
    events are common.
    """
    return _similarity(_AllPairs(a, b), kind, shrinkage, min_common)


@dataclass(frozen=True, eq=False)
class _AllPairs:
    """Each row of `a` with each of `b`: values are float32[len(a), len(b)]."""

    a: Entities
    b: Entities

    def product(self, x: Csr, y: Csr) -> Float32:
        return product(x, self.b.factor(y))

    def of_a(self, values: AnyFloat) -> AnyFloat:
        return values[:, None]

    def of_b(self, values: AnyFloat) -> AnyFloat:
        return values


@dataclass(frozen=True, eq=False)
class _CommonPairs:
    """The pairs with something in common: values are float32[n_pairs], in the order of `pattern`.

    Attributes:
        pattern: csr[len(a), len(b)], sorted, with an entry for each pair.
    """

    a: Entities
    b: Entities

    @cached_property
    def pattern(self) -> Csr:
        found: Csr = (self.a.binary @ self.b.factor(self.b.binary).transposed).tocsr()
        found.sort_indices()
        return found

    @cached_property
    def rows(self) -> Int64:
        return np.repeat(np.arange(len(self.a)), np.diff(self.pattern.indptr))

    def product(self, x: Csr, y: Csr) -> Float32:
        if x is self.a.binary and y is self.b.binary:
            return self.pattern.data.copy()
        return entries((x @ self.b.factor(y).transposed).tocsr(), self.pattern).astype(np.float32)

    def of_a(self, values: AnyFloat) -> AnyFloat:
        return values[self.rows]

    def of_b(self, values: AnyFloat) -> AnyFloat:
        return values[self.pattern.indices]


def _similarity(
    pairs: _AllPairs | _CommonPairs, kind: Similarity, shrinkage: float, min_common: int
) -> Float32:
    """Float32, how alike each pair is; see `similarity`."""
    a, b = pairs.a, pairs.b
    common = pairs.product(a.binary, b.binary)
    alike: AnyFloat
    if kind == "cosine" and (a.weights is not None or b.weights is not None):
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


def _correlations(pairs: _AllPairs | _CommonPairs) -> Float32:
    """Float32, the correlation of each pair's rows of values over all columns."""
    a, b = pairs.a, pairs.b
    n = int(a.binary.shape[1])
    sums = [np.asarray(e.ratings.sum(axis=1), np.float64).ravel() for e in (a, b)]
    spreads = [
        np.sqrt(np.maximum(np.asarray(e.squares.sum(axis=1)).ravel() - s**2 / n, 0))
        for e, s in zip((a, b), sums, strict=True)
    ]
    cross = pairs.product(a.ratings, b.ratings) - pairs.of_a(sums[0]) * pairs.of_b(sums[1] / n)
    scale = pairs.of_a(spreads[0]) * pairs.of_b(spreads[1])
    found = np.divide(cross, scale, out=np.zeros_like(cross), where=scale > 1e-9)
    return np.asarray(np.clip(found, -1, 1), np.float32)


def _subtract(squares: Float32, correction: Float32) -> None:
    """Make sums of squares squares about the mean, in place; rounding error becomes 0.

    Where all ratings in common are equal, nothing but rounding error is left of a variance.
    """
    squares -= correction
    squares[squares < 4e-6 * correction] = 0


def neighbours(
    entities: Entities, kind: Similarity, *, shrinkage: float, min_common: int, k: int
) -> Csr:
    """csr[n, n], for each row its `k` most similar other rows with a similarity above 0.

    Rows without events are like no other one and cost nothing.
    """
    active = np.flatnonzero(np.diff(entities.binary.indptr))
    if len(active) < len(entities):
        some = neighbours(
            entities.take(active), kind, shrinkage=shrinkage, min_common=min_common, k=k
        )
        counts = np.zeros(len(entities) + 1, np.int64)
        counts[active + 1] = np.diff(some.indptr)
        return sparse.csr_array(
            (some.data, active[some.indices].astype(np.int32), np.cumsum(counts).astype(np.int32)),
            shape=(len(entities), len(entities)),
        )
    n = len(entities)
    n_products = np.asarray(entities.binary @ column_counts(entities.binary))
    common = float(n_products.sum()) < SPARSE_SHARE * n * n
    spans = even_blocks(n_products) if common else row_blocks(n)
    parts: list[Csr] = []
    for start, stop in spans:
        block = entities.block(start, stop)
        if common:
            pairs = _CommonPairs(block, entities)
            alike = _similarity(pairs, kind, shrinkage, min_common)
            alike[pairs.rows + start == pairs.pattern.indices] = 0
            shape = (stop - start, n)
            matrix = sparse.csr_array((alike, pairs.pattern.indices, pairs.pattern.indptr), shape)
            parts.append(strongest_entries(matrix, k))
        else:
            full = similarity(block, entities, kind, shrinkage, min_common)
            full[np.arange(stop - start), np.arange(start, stop)] = 0
            parts.append(strongest(full, k))
    stacked: Csr = sparse.vstack(parts or [entities.binary[:0] @ entities.binary.T], format="csr")
    return stacked


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
