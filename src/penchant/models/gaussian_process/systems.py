"""The covariance of each user's ratings: made, inverted and added up in place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy import sparse
from scipy.linalg import blas, lapack

from penchant.compiled import AVAILABLE, compiled_in_order
from penchant.models.gaussian_process.inverses import inverse
from penchant.typing import Float32, Int64

Noise = float | Float32


class _Singular(Exception):
    """What single precision cannot tell from a singular matrix."""


def buffer_for(rated: sparse.csr_array, users: Sequence[int] | Int64) -> Float32:
    """float32[n²], room for the largest system of some users."""
    largest = int(np.diff(rated.indptr)[users].max(initial=0))
    return np.empty(largest**2, np.float32)


def system_in(buffer: Float32, covariance: Float32, items: Int64, noise: Noise) -> Float32:
    """float32[n, n], of which the upper triangle is the covariance of the ratings of some items.

    Args:
        buffer: float32[n²] at least, of which it is a part.
        covariance: float32[n_items, n_items].
        items: int64[n], ascending.
        noise: variance of a rating around what the user thinks, or float32[n], that of each.
    """
    n = len(items)
    system: Float32 = buffer[: n * n].reshape(n, n)
    if AVAILABLE:
        _gather(covariance, items, system)
    else:
        np.copyto(system, covariance[items[:, None], items])
    system[np.diag_indices_from(system)] += np.asarray(noise, np.float32)
    return system


def _invert_in_place(system: Float32) -> float:
    """Put the upper triangle of its inverse in the place of a system's; half its log determinant.

    Raises:
        _Singular: it is not positive definite in single precision.
    """
    # To LAPACK, which counts by columns, the upper triangle is the lower one.
    _, info = lapack.spotrf(system.T, lower=1, clean=0, overwrite_a=1)
    if info:
        raise _Singular
    half = float(np.log(np.diag(system).astype(np.float64)).sum())
    factor = torch.from_numpy(system).T
    try:  # PyTorch's LAPACK takes half the time of SciPy's for this
        torch.cholesky_inverse(factor, out=factor)
    except RuntimeError:  # torch.linalg.LinAlgError
        raise _Singular from None
    return half


def inverse_and_solution(
    buffer: Float32, covariance: Float32, items: Int64, noise: Noise, values: Float32
) -> tuple[Float32, Float32, float]:
    """The upper triangle of the inverse of a user's system, its product with values, and half.

    `half` is half the log determinant of the system.

    Raises:
        DataError: the system is not positive definite, in double precision either.
    """
    system = system_in(buffer, covariance, items, noise)
    try:
        half = _invert_in_place(system)
    except _Singular:
        whole = system_in(buffer, covariance, items, noise)
        inverted, half = inverse(np.triu(whole).astype(np.float64) + np.triu(whole, 1).T)
        np.copyto(system, inverted.astype(np.float32))
    solution: Float32 = blas.ssymv(1.0, system.T, values, lower=1)
    return system, solution, half


def solution_of(
    buffer: Float32, covariance: Float32, items: Int64, noise: Noise, values: Float32
) -> Float32:
    """float32[n], x where a user's system times x is `values`.

    Raises:
        DataError: the system is not positive definite, in double precision either.
    """
    system = system_in(buffer, covariance, items, noise)
    _, found, info = lapack.sposv(system.T, values, lower=1, overwrite_a=1)
    if info:
        _, found, _ = inverse_and_solution(buffer, covariance, items, noise, values)
    return np.asarray(found, np.float32)


def add_to(seen: Float32, items: Int64, inverted: Float32, solution: Float32) -> None:
    """Add x x' - A, of which A's upper triangle is given, to the upper triangle of some items.

    Args:
        seen: float32[n_items, n_items], what is added to.
        items: int64[n], ascending.
        inverted: float32[n, n], A.
        solution: float32[n], x.
    """
    if AVAILABLE:
        _scatter(seen, items, inverted, solution)
    else:
        seen[items[:, None], items] += np.triu(solution[:, None] * solution - inverted)


def from_upper(matrix: Float32) -> Float32:
    """The symmetric matrix of an upper triangle, in its place."""
    for row in range(1, len(matrix)):
        matrix[row, :row] = matrix[:row, row]
    return matrix


@compiled_in_order
def _gather(covariance: Float32, items: Int64, system: Float32) -> None:
    n = len(items)
    for j in range(n):
        row = covariance[items[j]]
        for i in range(j, n):
            system[j, i] = row[items[i]]


@compiled_in_order
def _scatter(seen: Float32, items: Int64, inverted: Float32, solution: Float32) -> None:
    n = len(items)
    for j in range(n):
        row = seen[items[j]]
        for i in range(j, n):
            row[items[i]] += solution[j] * solution[i] - inverted[j, i]
