"""Linear item-to-item models: weights in closed form, and scores and reasons from them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.linalg import lapack

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError
from penchant.models.base import require_one_user
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Float64, Int32


class ItemWeights:
    """A model whose score of an item is the sum of the weights of the history's items for it.

    Attributes:
        weights_: float32[n_items, n_items], the row the item of the history.
    """

    weights_: Float32
    block_cells: ClassVar[int] = CACHED_CELLS

    @property
    def uses_weights(self) -> bool:
        """True: entries of X are the weights."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that no item of the history has a weight for."""
        return 0.0

    def _scores(self, users: Histories) -> Float32:
        return np.asarray(users.matrix("weight") @ self.weights_)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], the weight of each event of the history for each item.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        return self.weights_[user.items][:, items].T * user.event_weights


def ease_weights(train: Dataset, l2: float, max_items: int) -> Float32:
    """float32[n_items, n_items], B_ij = -P_ij / P_jj off the diagonal, P = (X'X + l2 I)^-1.

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019), eq. 8. Items without
    events have weights of zero.

    Args:
        train: the log; X is its users × items matrix of interactions, or of their weights.
        l2: ridge, above 0.
        max_items: refuse catalogues beyond this size.

    Raises:
        DataError: there are too many items, or the matrix is singular.
    """
    n = train.n_items
    if n > max_items:
        raise DataError(
            f"EASE keeps a dense matrix of {n:,} × {n:,} items, above max_items="
            f"{max_items:,}; drop rare items with a k-core or raise max_items."
        )
    x = train.histories.matrix("weight")
    # Items without events have no pairs: leaving them out is exact and much faster.
    used = np.flatnonzero(np.diff(x.tocsc().indptr))
    x = x[:, used]
    gram = (x.T @ x).toarray().astype(np.float64)
    gram[np.diag_indices(len(used))] += l2
    inverse = _inverse(gram)
    found = inverse / -np.diag(inverse)
    np.fill_diagonal(found, 0)
    weights = np.zeros((n, n), np.float32)
    weights[np.ix_(used, used)] = found
    return weights


def _inverse(matrix: Float64) -> Float64:
    """The inverse of a symmetric positive definite matrix, which is overwritten."""
    factor, info = lapack.dpotrf(matrix.T, lower=0, overwrite_a=1)
    if info == 0:
        half, info = lapack.dpotri(factor, lower=0, overwrite_c=1)
    if info != 0:
        raise DataError("The item matrix is singular: raise l2.")
    upper = np.triu(half)
    whole: Float64 = upper + np.triu(upper, 1).T
    return whole
