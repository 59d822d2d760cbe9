"""Steps of conjugate gradients for the vectors of one side, given the other's.

Takács, Pilászy and Tikk, "Applications of the Conjugate Gradient Method for Implicit Feedback
Collaborative Filtering" (2011): a few steps from the vectors of the round before are as good as
exact solutions, and take time in proportion to events times `dim`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from penchant.compiled import AVAILABLE, compiled, compiled_inline, loop_range
from penchant.typing import AnyInt, Bool, Csr, Float32, Int64

_CELLS = 2**20  # floats gathered at once: rows × history length × dimensions
SMALL = 1e-12
"""The squared length of a residual at which a row is done."""


def improve(
    vectors: Float32,
    confidence: Csr,
    other: Float32,
    gram: Float32,
    ridge: Float32,
    steps: int,
) -> None:
    """Bring each vector nearer to its least-squares solution, in place.

    Steps end where nothing is left to do: with more of them than numbers in a vector, the vector is
    the solution but for rounding.

    Args:
        vectors: float32[n, dim], changed; rows without events become zeros.
        confidence: csr[n, n_other], of events.
        other: float32[n_other, dim].
        gram: float32[dim, dim], products of its columns times the weight of pairs without an event.
        ridge: float32[n].
        steps: of conjugate gradients.
    """
    if AVAILABLE:
        _improve_rows(
            vectors,
            confidence.indptr,
            confidence.indices,
            confidence.data,
            other,
            gram,
            ridge,
            steps,
        )
        return
    counts = np.diff(confidence.indptr).astype(np.int64)
    vectors[counts == 0] = 0
    with torch.no_grad():
        for rows in batches_of_like_length(counts, other.shape[1], _CELLS):
            vectors[rows] = _improved(vectors, rows, counts, confidence, other, gram, ridge, steps)


def batches_of_like_length(counts: Int64, dim: int, cells: int) -> Iterator[Int64]:
    """Rows with events, shortest first, in batches of at most so many padded numbers."""
    order = np.argsort(counts, kind="stable")
    order = order[np.searchsorted(counts[order], 1) :]
    start = 0
    while start < len(order):
        lengths = counts[order[start : start + 4096]]
        fits = np.arange(1, len(lengths) + 1) * lengths * dim <= cells
        stop = start + max(1, int(np.searchsorted(~fits, True)))
        yield order[start:stop]
        start = stop


def padded_entries(confidence: Csr, rows: Int64, counts: Int64) -> tuple[Int64, Bool]:
    """int64[n, width] places of the rows' entries, of the first where there are no more; and where.

    Returns:
        The places, and bool[n, width], false where a row has no more entries.
    """
    place = np.arange(int(counts[rows].max(initial=0)))
    there = place < counts[rows][:, None]
    first = confidence.indptr[rows].astype(np.int64)[:, None]
    return np.where(there, first + place, first), there


def _improved(
    vectors: Float32,
    rows: Int64,
    counts: Int64,
    confidence: Csr,
    other: Float32,
    gram: Float32,
    ridge: Float32,
    steps: int,
) -> Float32:
    places, there = padded_entries(confidence, rows, counts)
    x = torch.from_numpy(vectors[rows])
    theirs = torch.from_numpy(other[confidence.indices[places]])
    weights = torch.from_numpy(np.where(there, confidence.data[places], np.float32(0)))
    lambdas, shared = torch.from_numpy(ridge[rows])[:, None], torch.from_numpy(gram)

    def times(p: Tensor) -> Tensor:
        inner = torch.bmm(theirs, p[:, :, None])[:, :, 0] * weights
        found: Tensor = p @ shared + lambdas * p + torch.bmm(inner[:, None], theirs)[:, 0]
        return found

    residual = torch.bmm(weights[:, None], theirs)[:, 0] - times(x)
    direction, square = residual.clone(), residual.square().sum(1, keepdim=True)
    for _ in range(steps):
        product = times(direction)
        alpha = square / (direction * product).sum(1, keepdim=True).clamp(min=SMALL)
        x += alpha * direction
        residual -= alpha * product
        now = residual.square().sum(1, keepdim=True)
        direction = residual + now / square.clamp(min=SMALL) * direction
        square = now
    return np.asarray(x.numpy())


@compiled_inline
def add_events(
    start: int,
    stop: int,
    indices: AnyInt,
    weights: Float32,
    other: Float32,
    direction: Float32,
    less: np.float32,
    product: Float32,
) -> None:
    """Add what events make of a direction, w (h . d - less) h for each, to float32[dim]."""
    dim, place = len(direction), start
    while place + 3 < stop:
        first, second = other[indices[place]], other[indices[place + 1]]
        third, fourth = other[indices[place + 2]], other[indices[place + 3]]
        a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for k in range(dim):
            a += first[k] * direction[k]
            b += second[k] * direction[k]
            c += third[k] * direction[k]
            d += fourth[k] * direction[k]
        a, b = (a - less) * weights[place], (b - less) * weights[place + 1]
        c, d = (c - less) * weights[place + 2], (d - less) * weights[place + 3]
        for k in range(dim):
            product[k] += a * first[k] + b * second[k] + c * third[k] + d * fourth[k]
        place += 4
    while place < stop:
        first = other[indices[place]]
        a = np.float32(0)
        for k in range(dim):
            a += first[k] * direction[k]
        a = (a - less) * weights[place]
        for k in range(dim):
            product[k] += a * first[k]
        place += 1


@compiled
def _improve_rows(
    vectors: Float32,
    indptr: AnyInt,
    indices: AnyInt,
    weights: Float32,
    other: Float32,
    gram: Float32,
    ridge: Float32,
    steps: int,
) -> None:
    n, dim = vectors.shape
    one = np.float32(1)
    for row in loop_range(n):
        start, stop = indptr[row], indptr[row + 1]
        x = vectors[row]
        if start == stop:
            x[:] = 0
            continue
        residual, direction = np.empty(dim, np.float32), x.copy()
        product = np.empty(dim, np.float32)
        square = np.float32(0)
        for step in range(-1, steps):  # step -1 takes the residual of what there is
            if step >= 0 and square < SMALL:
                break
            for k in range(dim):
                product[k] = ridge[row] * direction[k]
            # Four rows at once, for sums in memory would wait for each other.
            j = 0
            while j + 3 < dim:
                a, b, c, d = direction[j], direction[j + 1], direction[j + 2], direction[j + 3]
                first, second, third, fourth = gram[j], gram[j + 1], gram[j + 2], gram[j + 3]
                for k in range(dim):
                    product[k] += a * first[k] + b * second[k] + c * third[k] + d * fourth[k]
                j += 4
            while j < dim:
                a = direction[j]
                for k in range(dim):
                    product[k] += a * gram[j, k]
                j += 1
            less = one if step < 0 else np.float32(0)
            add_events(start, stop, indices, weights, other, direction, less, product)
            if step < 0:
                for k in range(dim):
                    residual[k] = direction[k] = -product[k]
                    square += residual[k] * residual[k]
                continue
            curvature = np.float32(0)
            for k in range(dim):
                curvature += direction[k] * product[k]
            alpha = square / curvature
            now = np.float32(0)
            for k in range(dim):
                x[k] += alpha * direction[k]
                residual[k] -= alpha * product[k]
                now += residual[k] * residual[k]
            beta = now / square
            square = now
            for k in range(dim):
                direction[k] = residual[k] + beta * direction[k]
