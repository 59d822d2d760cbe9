from __future__ import annotations

import numpy as np
import pytest

from penchant.models.blend.stacking import fit_linear


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    x = rng.normal(2, [1.0, 5.0, 0.1], (4000, 3))
    return x, 0.5 + x @ [1.0, -0.2, 3.0], rng


def test_ridge_is_the_closed_form(drawn):
    x, y, rng = drawn
    truth = y + rng.normal(size=len(y))
    fitted = fit_linear(x, truth, 7.0, logistic=False)
    z = (x - x.mean(0)) / x.std(0)
    wanted = np.linalg.solve(z.T @ z + 7 * np.eye(3), z.T @ (truth - truth.mean()))
    np.testing.assert_allclose(fitted.weights[:-1], wanted, atol=1e-8)
    assert fitted.weights[-1] == pytest.approx(truth.mean())
    np.testing.assert_allclose(fitted(x), z @ wanted + truth.mean(), atol=1e-8)


def test_logistic_regression_is_at_its_optimum(drawn):
    x, y, rng = drawn
    truth = (rng.random(len(y)) < 1 / (1 + np.exp(-(y - y.mean())))).astype(float)
    fitted = fit_linear(x, truth, 3.0, logistic=True)
    chance = 1 / (1 + np.exp(-fitted(x)))
    z = (x - x.mean(0)) / x.std(0)
    np.testing.assert_allclose(z.T @ (truth - chance), 3.0 * fitted.weights[:-1], atol=1e-5)
    assert chance.mean() == pytest.approx(truth.mean(), abs=1e-6)


def test_what_can_be_parted_or_never_changes_does_no_harm():
    x = np.column_stack([np.linspace(-1, 1, 50), np.full(50, 3.0)])
    fitted = fit_linear(x, (x[:, 0] > 0).astype(float), 1e-3, logistic=True)
    assert np.isfinite(fitted.weights).all()
    assert ((fitted(x) > 0) == (x[:, 0] > 0)).all()
    assert fitted.weights[1] == pytest.approx(0, abs=1e-9)
