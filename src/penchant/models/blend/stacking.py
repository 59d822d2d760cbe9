"""A linear combination of predictions, fitted in closed form or by Newton's method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from penchant.typing import AnyFloat, Float64

_MAX_NEWTON_STEPS = 25
_TOLERANCE = 1e-9


class LinearStacker(NamedTuple):
    """Weights of inputs, with what makes the inputs comparable.

    Attributes:
        weights: float64[n_inputs + 1], that of the constant last.
        means: float64[n_inputs], of the training inputs.
        spreads: float64[n_inputs], their standard deviations.
    """

    weights: Float64
    means: Float64
    spreads: Float64

    def __call__(self, inputs: AnyFloat) -> Float64:
        """float64[n], the weighted sum of float[n, n_inputs]."""
        # Row by row, so that a row's sum does not depend on the others.
        scaled = (inputs.astype(np.float64) - self.means) / self.spreads
        return np.asarray((scaled * self.weights[:-1]).sum(1) + self.weights[-1])


def fit_linear(
    inputs: AnyFloat, truth: npt.ArrayLike, l2: float, *, logistic: bool
) -> LinearStacker:
    """The combination that fits best: by squared error, or by the log-loss of its sigmoid.

    The latter is Platt's scaling, "Probabilistic Outputs for Support Vector Machines" (1999), of
    several scores at once: what comes out is a calibrated probability.

    Args:
        inputs: float[n, n_inputs].
        truth: float[n]; of zeros and ones where logistic.
        l2: ridge on the weights of standardised inputs, in events; not on the constant.
        logistic: whether the sum passes through a sigmoid.
    """
    x = inputs.astype(np.float64)
    y = np.asarray(truth, np.float64)
    means, spreads = x.mean(0), x.std(0)
    spreads[spreads < 1e-12] = 1.0
    x = np.column_stack([(x - means) / spreads, np.ones(len(x))])
    ridge = np.full(x.shape[1], max(l2, 1e-9))
    ridge[-1] = 1e-9
    weights: Float64 = np.zeros(x.shape[1])
    if not logistic:
        solved = np.linalg.solve(x.T @ x + np.diag(ridge), x.T @ y)
        return LinearStacker(np.asarray(solved, np.float64), means, spreads)
    for _ in range(_MAX_NEWTON_STEPS):
        chance = expit(x @ weights)
        curvature = np.maximum(chance * (1 - chance), 1e-6)
        system = (x * curvature[:, None]).T @ x + np.diag(ridge)
        move = np.linalg.solve(system, x.T @ (y - chance) - ridge * weights)
        # Far from the optimum a whole step may overshoot where the sigmoid is flat.
        move *= min(1.0, 4 / max(float(np.abs(x @ move).max()), 1e-12))
        weights = np.asarray(weights + move, np.float64)
        if np.abs(move).max() < _TOLERANCE:
            break
    return LinearStacker(weights, means, spreads)
