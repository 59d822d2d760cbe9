"""Exact vectors of a few rows, one by one: batches would cost more to prepare than to solve."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from penchant.typing import Csr, Float32


def solved_rows(confidence: Csr, other: Float32, gram: Float32, ridge: Float32) -> Float32:
    """float32[n, dim], the least-squares vectors of rows, zeros where a row has no events.

    Args:
        confidence: csr[n, n_other], of events.
        other: float32[n_other, dim].
        gram: float32[dim, dim], of the other side's columns, by the weight of pairs without event.
        ridge: float32[n].
    """
    found = np.zeros((len(ridge), other.shape[1]), np.float32)
    for row, (start, stop) in enumerate(
        zip(confidence.indptr[:-1], confidence.indptr[1:], strict=True)
    ):
        if start == stop:
            continue
        vectors = other[confidence.indices[start:stop]]
        confident = vectors * confidence.data[start:stop, None]
        system = gram + vectors.T @ confident
        system.reshape(-1)[:: len(gram) + 1] += ridge[row]
        _, solution, info = lapack.sposv(system.T, confident.sum(axis=0), overwrite_a=1)
        if info:
            solution = np.linalg.lstsq(system, confident.sum(axis=0))[0]
        found[row] = solution
    return found
