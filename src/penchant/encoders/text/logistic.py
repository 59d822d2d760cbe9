"""Logistic regression on sparse features, for one threshold of the answer or for several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from scipy.special import expit

from penchant.errors import DataError
from penchant.typing import Bool, Float64

Features = sparse.csr_array[np.float64, tuple[int, int]] | Float64


@dataclass(frozen=True, eq=False)
class Linear:
    """What a logistic regression has learned: log-odds are `features @ weights + bias`.

    Attributes:
        weights: float64[n_features, n_thresholds].
        bias: float64[n_thresholds].
    """

    weights: Float64
    bias: Float64

    def __call__(self, features: Features) -> Float64:
        """float64[n_rows, n_thresholds], the log-odds of being above each threshold."""
        return np.asarray(features @ self.weights) + self.bias


def fit_logistic(
    features: Features,
    above: Bool,
    *,
    c: float,
    weight: Float64 | None = None,
    iterations: int = 200,
    tolerance: float = 1e-4,
) -> Linear:
    """Minimise c · Σ weight · log-loss + ½ ‖weights‖² for each threshold, by L-BFGS.

    The thresholds share nothing but the passes over the features, of which there are as many as
    the slowest of them needs; biases are not penalised. The objective is that of scikit-learn's
    `LogisticRegression` with the same C.

    Args:
        features: float64[n_rows, n_features].
        above: bool[n_rows, n_thresholds], whether a row's answer is above each threshold.
        c: how much the rows count against the penalty.
        weight: float64[n_rows], how much each row counts; 1 by default.
        iterations: the most that L-BFGS makes.
        tolerance: the largest slope left at the end, relative to `c` and to the rows.

    Raises:
        DataError: all rows are on one side of a threshold.
    """
    n, width = features.shape
    k = above.shape[1]
    if n == 0 or (above.all(axis=0) | ~above.any(axis=0)).any():
        raise DataError(
            "A classifier needs training texts of both classes: give ratings on both sides of "
            "each threshold."
        )
    side = np.where(above, 1.0, -1.0)
    counted = np.ones(n) if weight is None else weight
    scale = 1.0 / (c * counted.sum())
    transposed = features.T.tocsr() if sparse.issparse(features) else features.T

    def objective(flat: Float64) -> tuple[float, Float64]:
        w = flat.reshape(width + 1, k)
        margin = side * (np.asarray(features @ w[:-1]) + w[-1])
        loss = c * float(counted @ np.logaddexp(0, -margin).sum(axis=1))
        slope = -(c * counted)[:, np.newaxis] * side * expit(-margin)
        gradient = np.empty_like(w)
        gradient[:-1] = transposed @ slope + w[:-1]
        gradient[-1] = slope.sum(axis=0)
        penalty = 0.5 * float(np.vdot(w[:-1], w[:-1]))
        return (loss + penalty) * scale, gradient.ravel() * scale

    found = optimize.minimize(
        objective,
        np.zeros((width + 1) * k),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations, "gtol": tolerance * 1e-2, "ftol": 1e-10, "maxcor": 10},
    )
    w = found.x.reshape(width + 1, k)
    return Linear(w[:-1].copy(), w[-1].copy())
