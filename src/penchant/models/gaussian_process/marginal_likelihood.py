"""Weight the kinds of similarity of items by maximum marginal likelihood of the ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.optimize import minimize

from penchant.errors import DataError
from penchant.threads import small_systems
from penchant.typing import Float32, Float64, Int64

F = TypeVar("F", np.float32, np.float64)

OWN = "own"
"""The kernel of what an item shares with no other one: the identity."""
_SINGULAR = "A covariance of items became singular: raise the model's noise."
_START = 0.05
_STEPS = 15
_MIN_VARIANCE, _MIN_NOISE, _MAX_VARIANCE = np.log(1e-4), np.log(1e-3), np.log(10)  # logarithms


@dataclass(frozen=True, eq=False)
class GaussianSample:
    """Values of some items, drawn together from the Gaussian.

    Attributes:
        items: int64[n], distinct.
        values: float32[n], their mean taken off.
        noise: float32[n], by what the variance of the noise is multiplied.
    """

    items: Int64
    values: Float32
    noise: Float32


@dataclass(frozen=True)
class Prior:
    """A covariance of items: a weighted sum of kernels.

    Attributes:
        weights: the variance of each, `own` among them.
        noise: the variance of noise.
    """

    weights: Mapping[str, float]
    noise: float

    def covariance(self, rows: Mapping[str, Float32], some: Int64, others: Int64) -> Float32:
        """float32[n, m], between some items and others."""
        found = np.zeros((len(some), len(others)), np.float32)
        for name, each in rows.items():
            found += np.float32(self.weights[name]) * (each[some] @ each[others].T)
        found += np.float32(self.weights[OWN]) * (some[:, None] == others)
        return found


def inverse(matrix: npt.NDArray[F]) -> tuple[npt.NDArray[F], float]:
    """The inverse of a symmetric positive definite matrix, and half its log determinant.

    What single precision cannot tell from a singular matrix is inverted in double precision.

    Raises:
        DataError: it is not positive definite.
    """
    wide = matrix.dtype == np.float64
    factor, info = (lapack.dpotrf if wide else lapack.spotrf)(matrix, lower=1)
    half = float(np.log(np.diag(factor).astype(np.float64)).sum()) if not info else 0.0
    if not info:
        factor, info = (lapack.dpotri if wide else lapack.spotri)(factor, lower=1, overwrite_c=1)
    if info and wide:
        raise DataError(_SINGULAR)
    if info:
        found, half = inverse(matrix.astype(np.float64))
        return found.astype(matrix.dtype), half
    low = np.tril(factor)
    return low + np.tril(low, -1).T, half


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


def maximise_marginal_likelihood(
    rows: Mapping[str, Float32], draws: Sequence[GaussianSample]
) -> Prior:
    """The prior under which the draws are likeliest, by their marginal likelihood.

    Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), eq. 5.8 and 5.9.

    Args:
        rows: float32[n_items, n] by name; see `gaussian_rows`.
        draws: independent ones. All products of rows of their items are held at once.
    """
    items = np.unique(np.concatenate([each.items for each in draws]))
    places = [np.searchsorted(items, each.items) for each in draws]
    kernels = [each[items] @ each[items].T for each in rows.values()]
    names = [*rows, OWN]

    def loss(logs: Float64) -> tuple[float, Float64]:
        weights = np.exp(logs)
        whole = sum(np.float32(w) * kernel for w, kernel in zip(weights, kernels, strict=False))
        assert isinstance(whole, np.ndarray)  # there is always one way of being alike
        seen = np.zeros_like(whole)
        value, noisy = 0.0, 0.0
        for at, each in zip(places, draws, strict=True):
            system = whole[at[:, None], at].astype(np.float64)
            system[np.diag_indices_from(system)] += weights[-2] + weights[-1] * each.noise
            inverted, half = inverse(system)
            solved = inverted @ each.values
            value += half + 0.5 * float(solved @ each.values)
            # d loss / d covariance, see the source; by noise it is the sum of the diagonal.
            slope = 0.5 * (inverted - solved[:, None] * solved)
            seen[at[:, None], at] += slope
            noisy += float(np.diag(slope) @ each.noise)
        slopes = [float(np.vdot(seen, kernel)) for kernel in kernels]
        slopes += [float(np.trace(seen)), noisy]
        return value, weights * np.array(slopes)

    start = np.log(np.full(len(names) + 1, _START))
    start[-1] = np.log(0.5)
    with small_systems():
        found = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(_MIN_VARIANCE, _MAX_VARIANCE)] * len(names) + [(_MIN_NOISE, _MAX_VARIANCE)],
            options={"maxiter": _STEPS},
        )
    weights = np.exp(found.x)
    return Prior(dict(zip(names, weights[:-1].tolist(), strict=True)), float(weights[-1]))
