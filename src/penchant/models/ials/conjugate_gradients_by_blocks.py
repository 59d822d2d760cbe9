"""Steps of conjugate gradients for rows whose events are with blocks of the other side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import sparse

from penchant.compiled import AVAILABLE, compiled, loop_range
from penchant.models.ials.conjugate_gradients import SMALL, add_events
from penchant.typing import AnyInt, Csr, Float32

_CELLS = 2**20  # floats gathered at once where loops are not compiled


def improve_by_blocks(
    vectors: Float32,
    confidence: Sequence[Csr],
    other: Callable[[int], Float32],
    gram: Float32,
    ridge: Float32,
    steps: int,
) -> None:
    """Bring each vector nearer to its least-squares solution, in place.

    As `improve`, but that no more than a block of the other side is at hand at a time.

    Args:
        vectors: float32[n, dim], changed; rows without events become zeros.
        confidence: csr[n, n_block] of events with the items, or users, of each block.
        other: float32[n_block, dim], the vectors of a block, by its number.
        gram: float32[dim, dim], products of columns of all blocks times the weight of pairs
            without an event.
        ridge: float32[n].
        steps: of conjugate gradients.
    """

    def times(direction: Float32, less: float) -> Float32:
        product: Float32 = direction @ gram
        product += ridge[:, None] * direction
        for number, block in enumerate(confidence):
            if block.nnz:
                _add_block(block, other(number), direction, np.float32(less), product)
        return product

    counts = np.sum([np.diff(block.indptr) for block in confidence], axis=0)
    vectors[counts == 0] = 0
    residual = -times(vectors, 1)
    direction = residual.copy()
    square = np.square(residual).sum(axis=1)
    for _ in range(steps):
        goes_on = square >= SMALL
        if not goes_on.any():
            break
        product = times(direction, 0)
        curvature = np.where(goes_on, (direction * product).sum(axis=1), 1)
        alpha = np.where(goes_on, square / curvature, 0)[:, None].astype(np.float32)
        vectors += alpha * direction
        residual -= alpha * product
        now = np.square(residual).sum(axis=1)
        beta = np.where(goes_on, now / np.where(goes_on, square, 1), 0)
        square = np.where(goes_on, now, square)
        direction *= beta[:, None].astype(np.float32)
        direction += residual


def _add_block(
    block: Csr, other: Float32, direction: Float32, less: np.float32, product: Float32
) -> None:
    """Add what the events of a block make of directions to float32[n, dim]; see `add_events`."""
    if AVAILABLE:
        _add_rows(block.indptr, block.indices, block.data, other, direction, less, product)
        return
    rows = np.repeat(np.arange(len(direction)), np.diff(block.indptr))
    values = np.empty(block.nnz, np.float32)
    size = max(1, _CELLS // direction.shape[1])
    for start in range(0, block.nnz, size):
        some = slice(start, start + size)
        theirs = other[block.indices[some]]
        values[some] = np.einsum("nd,nd->n", direction[rows[some]], theirs) - less
    values *= block.data
    weighted = sparse.csr_array((values, block.indices, block.indptr), block.shape)
    product += np.asarray(weighted @ other)


@compiled
def _add_rows(
    indptr: AnyInt,
    indices: AnyInt,
    weights: Float32,
    other: Float32,
    direction: Float32,
    less: np.float32,
    product: Float32,
) -> None:
    for row in loop_range(len(product)):
        start, stop = indptr[row], indptr[row + 1]
        add_events(start, stop, indices, weights, other, direction[row], less, product[row])
