"""How much of a column one thing explains beyond others, and whether it is the column itself."""

from __future__ import annotations

import numpy as np
from scipy import stats

from penchant.typing import Float64

_MIN_FREEDOM = 5


def residual_basis(controls: Float64) -> Float64:
    """float64[n_rows, rank], an orthonormal basis of the controls, float64[n_rows, n]."""
    sizes = np.linalg.norm(controls, axis=0)
    scaled = controls[:, sizes > 0] / sizes[sizes > 0]
    basis, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    independent: Float64 = basis[:, singular > 1e-9 * singular[0]]
    return independent


def partial_r2(column: Float64, basis: Float64, step: Float64) -> tuple[float, float]:
    """The share of what the basis leaves of a column that a step explains, and its p-value.

    Args:
        column: float64[n_rows].
        basis: of `residual_basis`.
        step: float64[n_rows]; one that pushes the other way explains nothing.

    Returns:
        The partial R² and the one-sided p-value of no relation; 0 and 1 where nothing is left, or
        where a few rows decide.
    """
    left, step_left = (x - basis @ (basis.T @ x) for x in (column, step))
    for part, whole in ((left, column), (step_left, step)):
        centred = whole - whole.mean()
        if part @ part <= 1e-9 * (centred @ centred):
            return 0.0, 1.0
    products = left * step_left
    total, spread = float(products.sum()), float((left @ left) * (step_left @ step_left))
    # The number of rows that carry the relation, were they all to carry the same, and how much
    # freedom the basis leaves these: a few odd rows are all but fitted by it.
    freedoms = 1 - (basis**2).sum(axis=1)
    carrying = total**2 / float(products @ products)
    carrying *= float(np.abs(products) @ freedoms) / float(np.abs(products).sum())
    freedom = min(carrying, len(column) - basis.shape[1] - 1)
    if total <= 0 or freedom < _MIN_FREEDOM:
        return 0.0, 1.0
    r = min(total / spread**0.5, 1 - 1e-12)
    t = r * np.sqrt(freedom / (1 - r * r))
    return r * r, float(stats.t.sf(t, freedom))


def likeness(column: Float64, other: Float64) -> float:
    """The squared rank correlation: 1 where a column is another one on a scale of its own."""
    if np.ptp(column) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(np.corrcoef(stats.rankdata(column), stats.rankdata(other))[0, 1] ** 2)
