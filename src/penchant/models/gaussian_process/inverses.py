"""Inverses of covariances."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from scipy.linalg import lapack

from penchant.errors import DataError
from penchant.typing import Float32

F = TypeVar("F", np.float32, np.float64)

_SINGULAR = "A covariance of items became singular: raise the model's noise."


def inverse(matrix: npt.NDArray[F]) -> tuple[npt.NDArray[F], float]:
    """The inverse of a symmetric positive definite matrix, and half its log determinant.

    What single precision cannot tell from a singular matrix is inverted in double precision.

    Raises:
        DataError: it is not positive definite.
    """
    factor, info = torch.linalg.cholesky_ex(torch.from_numpy(matrix))
    if not info:
        try:  # PyTorch's LAPACK takes half the time of SciPy's for this
            found: npt.NDArray[F] = torch.cholesky_inverse(factor).numpy()
            return found, float(factor.diagonal().double().log().sum())
        except RuntimeError:  # torch.linalg.LinAlgError
            pass
    if matrix.dtype == np.float64:
        raise DataError(_SINGULAR)
    wide, half = inverse(matrix.astype(np.float64))
    return wide.astype(matrix.dtype), half


def regression(matrix: Float32, targets: Float32) -> Float32:
    """float32[m, n], targets times the inverse of a covariance, in double precision.

    Args:
        matrix: float32[n, n].
        targets: float32[m, n].

    Raises:
        DataError: the covariance is not positive definite.
    """
    _, solved, info = lapack.dposv(matrix.astype(np.float64), targets.T.astype(np.float64), lower=1)
    if info:
        raise DataError(_SINGULAR)
    return np.asarray(solved.T, np.float32)
