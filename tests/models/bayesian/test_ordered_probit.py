"""Thresholds and the numbers behind levels, against SciPy's normal distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from penchant.models.bayesian.ordered_probit import OrderedProbit, expected, expected_targets

THRESHOLDS = np.array([-1.0, 0.2, 0.9])


def levels_of(scores, rng):
    return np.searchsorted(THRESHOLDS, scores + rng.normal(size=len(scores)))


def test_thresholds_are_found_again():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=20_000).astype(np.float32)
    probit = OrderedProbit(levels_of(scores, rng), rng)
    drawn = []
    for _ in range(30):
        probit.draw_thresholds(scores)
        drawn.append(probit.thresholds)
    np.testing.assert_allclose(np.mean(drawn, axis=0), THRESHOLDS, atol=0.04)
    assert len(np.unique(np.array(drawn)[:, 0])) > 15  # most proposals are taken


def test_draws_of_thresholds_follow_their_posterior():
    """On a grid: one threshold, whose prior is standard normal."""
    rng = np.random.default_rng(1)
    scores = np.array([0.5, -0.3, 1.2, 0.1], np.float32)
    levels = np.array([1, 0, 1, 0])
    probit = OrderedProbit(levels, rng)
    drawn = np.empty(4000)
    for n in range(len(drawn)):
        probit.draw_thresholds(scores)
        drawn[n] = probit.thresholds[0]
    grid = np.linspace(-4, 4, 801)
    chance = norm.cdf(grid[:, None] - scores)
    density = np.where(levels == 0, chance, 1 - chance).prod(axis=1) * norm.pdf(grid)
    density /= density.sum()
    mean = grid @ density
    assert drawn.mean() == pytest.approx(mean, abs=0.06)
    assert drawn.var() == pytest.approx((grid - mean) ** 2 @ density, rel=0.15)


@pytest.mark.parametrize("score", [-3.0, 0.0, 12.0])
def test_numbers_behind_levels_are_truncated_normals(score):
    """Even where a level is nearly impossible."""
    n = 4000
    scores = np.full(3 * n, score, np.float32)
    levels = np.repeat([0, 1, 3], n)
    levels[0] = 2  # each level must be there
    probit = OrderedProbit(levels, np.random.default_rng(2))
    probit.thresholds = THRESHOLDS
    drawn = probit.draw_targets(scores).reshape(3, n)[:, 1:]
    for mine, low, high in zip(drawn, [-np.inf, -1, 0.9], [-1, 0.2, np.inf], strict=True):
        assert (mine >= low - 1e-5).all()
        assert (mine <= high + 1e-5).all()
        behind = truncnorm(low - score, high - score, loc=score)
        assert mine.mean() == pytest.approx(behind.mean(), abs=4 * behind.std() / n**0.5 + 1e-5)


def test_expected_values_are_sums_over_levels():
    values, scores = np.array([1.0, 2.0, 4.0, 5.0]), np.array([[-1.0, 0.3], [2.0, 0.0]])
    edges = np.concatenate([[-np.inf], THRESHOLDS, [np.inf]])
    chances = np.diff(norm.cdf(edges[:, None, None] - scores), axis=0)
    found = expected(scores, THRESHOLDS, values)
    np.testing.assert_allclose(found, np.tensordot(values, chances, 1), rtol=1e-6)


def test_expected_numbers_behind_levels_are_means_of_truncated_normals():
    thresholds = np.array([[-1.0, 0.2, 0.9], [-2.0, -1.0, 3.0]])
    levels, scores = np.array([0, 1, 3]), np.array([[0.4, -2.0, 0.1], [3.0, 9.0, -4.0]])
    found = expected_targets(levels, scores, thresholds)
    for row, at in enumerate(thresholds):
        edges = np.concatenate([[-np.inf], at, [np.inf]])
        for n, level in enumerate(levels):
            low, high = edges[level] - scores[row, n], edges[level + 1] - scores[row, n]
            behind = truncnorm(low, high, loc=scores[row, n])
            assert found[row, n] == pytest.approx(behind.mean(), abs=1e-5)
