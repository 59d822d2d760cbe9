"""Compute similarities of items or of users in blocks, from sparse rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.typing import Csr, Float32, Int64

Similarity = Literal["cosine", "jaccard", "correlation", "pearson", "adjusted-cosine"]
CENTRED = frozenset({"pearson", "adjusted-cosine"})
"""Similarities of centred ratings, over those who gave both."""
COMPARE_RATINGS = CENTRED | {"correlation"}
"""Similarities that need ratings."""

_DENSE_RATE, _SPARSE_RATE = 5e10, 1.5e8  # multiply-adds a second, to choose the cheaper product
_DENSE_CELLS = 2**27  # the largest matrix that is made dense for a product, 512 MB


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
    common = product(a.binary, b.binary)
    if kind == "cosine" and (a.weights is not None or b.weights is not None):
        weighted = product(*(e.binary if e.weights is None else e.weights for e in (a, b)))
        alike = weighted / np.maximum(a.lengths[:, None] * b.lengths, 1e-12)
    elif kind == "cosine":
        alike = common / np.sqrt(np.maximum(a.counts[:, None] * b.counts, 1))
    elif kind == "jaccard":
        alike = common / np.maximum(a.counts[:, None] + b.counts - common, 1)
    elif kind == "correlation":
        alike = _correlations(a, b)
    else:
        cross = product(a.ratings, b.ratings)
        square_a = product(a.squares, b.binary)
        square_b = product(a.binary, b.squares)
        if kind == "pearson":
            sum_a = product(a.ratings, b.binary)
            sum_b = product(a.binary, b.ratings)
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
    return np.asarray(alike)


def _correlations(a: Entities, b: Entities) -> Float32:
    """float32[len(a), len(b)], correlations of rows of values over all columns."""
    n = int(a.binary.shape[1])
    sums = [np.asarray(e.ratings.sum(axis=1), np.float64).ravel() for e in (a, b)]
    spreads = [
        np.sqrt(np.maximum(np.asarray(e.squares.sum(axis=1)).ravel() - s**2 / n, 0))
        for e, s in zip((a, b), sums, strict=True)
    ]
    cross = product(a.ratings, b.ratings) - np.outer(sums[0], sums[1] / n)
    scale = np.outer(*spreads)
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
    parts = [strongest(np.zeros((0, n), np.float32), k)]
    for start, stop in _blocks(n, n):
        alike = similarity(entities.block(start, stop), entities, kind, shrinkage, min_common)
        alike[np.arange(stop - start), np.arange(start, stop)] = 0
        parts.append(strongest(alike, k))
    stacked: Csr = sparse.vstack(parts, format="csr")
    return stacked


def strongest(alike: Float32, k: int) -> Csr:
    """Csr of the same shape with only the `k` largest entries above 0 of each row."""
    n_rows, n = alike.shape
    found = torch.topk(torch.from_numpy(alike), min(k, n), sorted=False)
    value, column = found.values.numpy(), found.indices.numpy()
    positive = value > 0
    offsets = np.concatenate([[0], np.cumsum(positive.sum(axis=1))])
    matrix = sparse.csr_array((value[positive], column[positive], offsets), shape=(n_rows, n))
    matrix.sort_indices()
    return matrix


def product(a: Csr, b: Csr) -> Float32:
    """float32[len(a), len(b)] = a b', by whichever of dense and sparse products is cheaper."""
    columns = int(a.shape[1])
    sparse_work = float(
        np.bincount(a.indices, minlength=columns).astype(np.float64)
        @ np.bincount(b.indices, minlength=columns)
    )
    dense_work = float(a.shape[0]) * b.shape[0] * columns
    fits = max(a.shape[0], b.shape[0]) * columns <= _DENSE_CELLS
    if fits and dense_work / _DENSE_RATE < sparse_work / _SPARSE_RATE:
        left, right = torch.from_numpy(a.toarray()), torch.from_numpy(b.toarray())
        return np.asarray((left @ right.T).numpy())
    return np.asarray((a @ b.T).toarray(), np.float32)


def _blocks(n: int, width: int) -> Iterator[tuple[int, int]]:
    size = max(64, 2**23 // max(width, 1))
    for start in range(0, n, size):
        yield start, min(start + size, n)
