"""Linear item-to-item models: weights in closed form, and scores and reasons from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from scipy.linalg import lapack

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError
from penchant.memory import require_memory
from penchant.models.base import require_one_user
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Float64, Int32

_BLOCK_ROWS = 512  # rows of the matrix that are computed or copied at once


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
        DataError: there are too many items, too little memory, or the matrix is singular.
    """
    n = train.n_items
    if n > max_items:
        raise DataError(
            f"EASE keeps a dense matrix of {n:,} × {n:,} items ({4 * n**2 / 1e9:,.1f} GB), above "
            f"max_items={max_items:,}: drop rare items with a k-core, raise max_items, or use a "
            "model without a dense matrix, such as ials."
        )
    x = train.histories.matrix("weight")
    # Items without events have no pairs: leaving them out is exact and much faster.
    used = np.flatnonzero(np.diff(x.tocsc().indptr))
    require_memory(
        ease_bytes(n, len(used)),
        f"Fitting EASE to {n:,} items",
        "drop rare items with a k-core, or use a model without a dense matrix, such as ials",
    )
    x = x[:, used]
    gram, by_item = np.empty((len(used), len(used))), x.T.tocsr()
    for part in _row_blocks(len(used)):
        gram[part] = (by_item[part] @ x).toarray()
    gram[np.diag_indices(len(used))] += l2
    inverse = _lower_inverse(gram)
    diagonal = np.diag(inverse).copy()
    weights = np.zeros((n, n), np.float32)
    for part in _row_blocks(len(used)):
        rows = np.hstack([inverse[part, : part.stop], inverse[part.stop :, part].T])
        block = rows[:, part]
        block[:] = np.tril(block) + np.tril(block, -1).T
        rows /= -diagonal
        rows[np.arange(len(rows)), np.arange(part.start, part.stop)] = 0
        weights[np.ix_(used[part], used)] = rows
    return weights


def ease_bytes(n_items: int, n_used: int) -> int:
    """How much memory `ease_weights` takes at its peak: 12 bytes × items² and some blocks."""
    return 8 * n_used**2 + 4 * n_items**2 + 4 * 8 * _BLOCK_ROWS * n_used


def _row_blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n))


def _lower_inverse(matrix: Float64) -> Float64:
    """The inverse of a symmetric positive definite matrix, in its memory.

    Only the lower triangle holds the inverse.
    """
    factor, info = lapack.dpotrf(matrix.T, lower=0, overwrite_a=1)
    if info == 0:
        factor, info = lapack.dpotri(factor, lower=0, overwrite_c=1)
    if info != 0:
        raise DataError("The item matrix is singular: raise l2.")
    inverse: Float64 = factor.T
    return inverse
