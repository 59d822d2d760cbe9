"""Items or users to compare, as sparse rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.models.shared.biases import fit_biases, residuals
from penchant.models.shared.sparse_rows import Factor
from penchant.typing import AnyInt, Csr, Float32, Float64

Similarity = Literal[
    "cosine", "jaccard", "correlation", "pearson", "adjusted-cosine", "residual-cosine"
]
COSINES = frozenset({"cosine", "residual-cosine"})
"""Similarities of whole rows of weights, where there are any, or of residuals."""
CENTRED = frozenset({"pearson", "adjusted-cosine", "residual-cosine"})
"""Similarities of ratings from which something is taken off."""
COMPARE_RATINGS = CENTRED | {"correlation"}
"""Similarities that need ratings."""
L2 = 5.0
"""Usual shrinkage of the deviations of users and items from the mean rating."""


@dataclass(frozen=True, eq=False)
class Entities:
    """Items or users to compare, a sparse row each.

    Attributes:
        binary: csr[n, m] of ones, where an event is.
        values: csr[n, m] of (centred) ratings with the same sparsity, or None.
        weights: csr[n, m] of weights of events, or of residuals of ratings, with the same sparsity,
            or None.
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

    @cached_property
    def spreads(self) -> tuple[Float64, Float64]:
        """float64[n] sums of values over all columns, and roots of squares about their means."""
        sums = np.asarray(self.ratings.sum(axis=1), np.float64).ravel()
        squares = np.asarray(self.squares.sum(axis=1)).ravel()
        return sums, np.sqrt(np.maximum(squares - sums**2 / self.binary.shape[1], 0))

    def block(self, start: int, stop: int) -> Entities:
        """The rows from `start` to `stop`."""
        return self._select(slice(start, stop))

    def take(self, rows: AnyInt) -> Entities:
        """The rows with these numbers, in this order."""
        return self._select(rows)

    def _select(self, rows: slice | AnyInt) -> Entities:
        values = None if self.values is None else self.values[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Entities(self.binary[rows], values, weights)


def residual_entities(binary: Csr, residuals: Csr) -> Entities:
    """Rows whose residuals are compared, in a unit in which no square is too large or small."""
    largest = np.abs(residuals.data).max(initial=0)
    if largest > 0:
        residuals.data /= largest
    return Entities(binary, weights=residuals)


def binary(users: Histories, kind: Similarity) -> Csr:
    """csr[n_users, n_items] of ones, where there are the events that a similarity is of."""
    return users.matrix("seen" if kind in COMPARE_RATINGS else "interaction")


def item_entities(
    log: Dataset, kind: Similarity, residuals_of: Callable[[Histories], Csr] | None = None
) -> Entities:
    """The items of a log, with ratings where the similarity compares them.

    For `pearson` ratings are centred on the mean of all, for `adjusted-cosine` on each user's.

    Args:
        log: with ratings, if the similarity compares them.
        kind: of similarity.
        residuals_of: csr[n_users, n_items] of histories, which `residual-cosine` compares; by
            default ratings less biases with the usual shrinkage.
    """
    if kind not in COMPARE_RATINGS:
        weights = None
        if kind == "cosine" and log.weights is not None:
            weights = log.histories.matrix("weight").T.tocsr()
        return Entities(log.histories.matrix().T.tocsr(), weights=weights)
    binary = log.histories.matrix("seen").T.tocsr()
    if kind == "residual-cosine":
        if residuals_of is None:
            mean, by_item = fit_biases(log, L2, L2)
            rest = residuals(log.histories, mean, by_item, L2)
        else:
            rest = residuals_of(log.histories)
        return residual_entities(binary, rest.T.tocsr())
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
