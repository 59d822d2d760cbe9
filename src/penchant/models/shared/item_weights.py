"""Linear item-to-item models: weights in closed form, and scores and reasons from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import torch
from scipy.linalg import blas, lapack
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError
from penchant.memory import require_memory
from penchant.models.derived import derived_from
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.row_products import add_row_products
from penchant.models.shared.sparse_rows import DENSE_RATE, SPARSE_RATE, compiled_pays
from penchant.topk import CACHED_CELLS
from penchant.typing import AnyFloat, Csr, Float32, Int32

EASE_RIDGE = 2.0
"""The default ridge of EASE, in events of the item of a usual event."""
_BLOCK_ROWS = 512  # rows of the matrix that are computed or copied at once
_CONDITION = 1e5  # of the matrix, up to which single precision is enough


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

    @property
    def _recency(self) -> float:
        """Power of an event's place from the end of the history by which its weight is divided."""
        return 0.0

    def _scores(self, users: Histories) -> Float32:
        # For one user's list four times faster than a sparse matrix times a dense one.
        sums: Float32 = functional.embedding_bag(
            torch.from_numpy(np.require(users.items, requirements="W")),
            self._weight_rows,
            torch.from_numpy(users.offsets[:-1].astype(np.int32)),
            mode="sum",
            per_sample_weights=torch.from_numpy(self._event_weights(users)),
        ).numpy()
        return sums

    @derived_from("weights_")
    def _weight_rows(self) -> torch.Tensor:
        return torch.from_numpy(np.require(self.weights_, requirements="W"))

    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event of the histories counts."""
        if not self._recency:
            return users.event_weights
        # Only the last positive event with each item has a place.
        up_to = np.append(0, np.cumsum(users.is_positive & users.is_latest))
        place = 1.0 + np.repeat(up_to[users.offsets[1:]], users.lengths) - up_to[1:]
        return np.asarray(users.event_weights * place**-self._recency, np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], the weight of each event of the history for each item.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        return self.weights_[user.items][:, items].T * self._event_weights(user)


def ease_weights(
    train: Dataset,
    l2: float,
    max_items: int,
    *,
    dropout: float = 0.0,
    user_exponent: float = 0.0,
) -> Float32:
    """float32[n_items, n_items], B_ij = -P_ij / P_jj off the diagonal, P = (X'X + l2 I)^-1.

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019), eq. 8. With dropout p the
    diagonal of X'X counts p / (1 - p) times more, which is what learning from histories of which
    a share p is left out at random comes to: Steck, "Autoencoders that don't overfit towards the
    Identity" (2020). Items without events have weights of zero. All is computed in single
    precision and in one matrix, unless the condition of X'X + l2 I is so high that lists could
    become others than in double precision.
    Below that, items of nearly equal score may change places: in 2 of the 6,040 lists of 10 of
    MovieLens 1M, whose items are the same.

    Args:
        train: the log; X is its users × items matrix of interactions, or of their weights.
        l2: ridge, above 0.
        max_items: refuse catalogues beyond this size.
        dropout: p, at least 0 and below 1.
        user_exponent: of `balanced_users`.

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
    used = np.flatnonzero(np.bincount(x.indices, minlength=n))
    x = balanced_users(x[:, used] if len(used) < n else x, user_exponent)
    by_item: Csr = x.T.tocsr()
    # No eigenvalue of X'X is above the largest sum of a row, and none below 0.
    largest = float((by_item @ np.asarray(x.sum(axis=1), np.float64).ravel()).max(initial=0))
    single = (largest / (1 - dropout) + l2) / l2 < _CONDITION
    require_memory(
        ease_bytes(n, len(used), single=single),
        f"Fitting EASE to {n:,} items",
        "drop rare items with a k-core, or use a model without a dense matrix, such as ials",
    )
    inverse = _lower_gram(x, by_item, single=single)
    inverse[np.diag_indices(len(used))] /= 1 - dropout
    inverse[np.diag_indices(len(used))] += l2
    _invert_lower(inverse)
    diagonal = np.diag(inverse).copy()
    in_place = single and len(used) == n
    weights = inverse if in_place else np.zeros((n, n), np.float32)
    for part in _row_blocks(len(used)):
        # What lies above the diagonal is read from rows further down, not yet overwritten.
        rows = np.hstack([inverse[part, : part.stop], inverse[part.stop :, part].T])
        block = rows[:, part]
        block[:] = np.tril(block) + np.tril(block, -1).T
        rows /= -diagonal
        rows[np.arange(len(rows)), np.arange(part.start, part.stop)] = 0
        if in_place:
            weights[part] = rows
        else:
            weights[np.ix_(used[part], used)] = rows
    return weights


def ease_ridge(train: Dataset, l2: float | None = None) -> float:
    """The ridge of EASE: `l2`, or `EASE_RIDGE` times the number of events of a usual item.

    That is sum n^2 / sum n over the items' numbers of events n, the number that an event's item
    has on average, or sums of squared weights where events have some: the diagonal of X'X, to
    which the ridge is added, so that small and sparse logs are regularised as large ones are.
    """
    return EASE_RIDGE * usual_item_events(train) if l2 is None else l2


def usual_item_events(
    train: Dataset, entries: Literal["weight", "interaction"] = "weight"
) -> float:
    """How many events the item of an event has on average: see `ease_ridge`.

    Args:
        train: the log.
        entries: whether events count by the squares of their weights, or all alike.
    """
    x = train.histories.matrix(entries)
    counts = np.bincount(x.indices, x.data.astype(np.float64) ** 2, train.n_items)
    return float((counts**2).sum() / max(counts.sum(), 1e-12)) or 1.0


def balanced_users(x: Csr, exponent: float) -> Csr:
    """The matrix with each user's squared errors divided by a power of the user's events.

    Rows are divided by the root of that, so that with 1 every user counts the same and with 0
    every event. All together count as before.

    Args:
        x: csr[n_users, n_items].
        exponent: the power.
    """
    if not exponent:
        return x
    totals = np.asarray(x.sum(axis=1), np.float64).ravel()
    weights = np.power(totals, -exponent, where=totals > 0, out=np.zeros_like(totals))
    weights *= totals.sum() / max(float(weights @ totals), 1e-300)
    scaled: Csr = x.copy()
    scaled.data = scaled.data * np.repeat(np.sqrt(weights), np.diff(x.indptr)).astype(np.float32)
    return scaled


def ease_bytes(n_items: int, n_used: int, *, single: bool = True) -> int:
    """How much memory `ease_weights` takes at its peak, at most 16 bytes × items² and some blocks.

    That is 4 bytes × items² in single precision, twice that where some items have no events, and
    12 bytes × items² in double precision.
    """
    blocks = (4 if single else 8) * 4 * _BLOCK_ROWS * n_used
    if single and n_used == n_items:
        return 4 * n_items**2 + blocks
    return (4 if single else 8) * n_used**2 + 4 * n_items**2 + blocks


def _row_blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n))


def _lower_gram(x: Csr, by_item: Csr, *, single: bool) -> AnyFloat:
    """float[n, n], X'X, of which at least the lower triangle is filled.

    A dense product of blocks of users where histories are long, otherwise a sparse one or compiled
    loops: the former takes time in proportion to users × items², the others to the squares of
    histories.
    """
    n_users, n = x.shape
    gram: AnyFloat = np.zeros((n, n), np.float32 if single else np.float64)
    pairs = float(np.square(np.diff(x.indptr).astype(np.float64)).sum())
    dense_seconds, sparse_seconds = n_users * float(n) ** 2 / 2 / DENSE_RATE, pairs / SPARSE_RATE
    if compiled_pays(pairs / 2, min(dense_seconds, sparse_seconds)):
        add_row_products(by_item, x, gram, lower=0)
    elif dense_seconds < sparse_seconds:
        update = blas.ssyrk if single else blas.dsyrk
        for part in _row_blocks(n_users):
            some = x[part].toarray().astype(gram.dtype, copy=False)
            update(1.0, some.T, beta=1.0, c=gram.T, lower=0, overwrite_c=1)
    else:
        for part in _row_blocks(n):
            gram[part] = (by_item[part] @ x).toarray()
    return gram


def _invert_lower(matrix: AnyFloat) -> None:
    """Invert a symmetric positive definite matrix in its memory, in its lower triangle alone."""
    single = matrix.dtype == np.float32
    factorise, invert = (lapack.spotrf, lapack.spotri) if single else (lapack.dpotrf, lapack.dpotri)
    _, info = factorise(matrix.T, lower=0, overwrite_a=1)
    if info == 0:
        _, info = invert(matrix.T, lower=0, overwrite_c=1)
    if info != 0:
        raise DataError("The item matrix is singular: raise l2.")
