"""Draws of weights, against the model written out for every event."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from penchant.models.bayesian import sweeps
from penchant.models.bayesian.features import Block, one_of
from penchant.models.bayesian.gibbs import Sampler


def log(seed=0, n=60):
    """Two users' features overlap, as those do that say which items a user has met."""
    rng = np.random.default_rng(seed)
    users, items = rng.integers(7, size=n), rng.integers(5, size=n)
    many = sparse.csr_array(rng.random((7, 4)) * (rng.random((7, 4)) < 0.6), dtype=np.float32)
    labels = one_of(rng.integers(-1, 3, size=5), 3)
    blocks = [
        Block.of([one_of(np.arange(7), 7), many]),
        Block.of([one_of(np.arange(5), 5), labels]),
        Block.of([one_of(np.arange(3), 3)]),
    ]
    rows = np.stack([users, items, rng.integers(3, size=n)]).astype(np.int32)
    return blocks, rows, rng.normal(size=n).astype(np.float32)


def written_out(sampler, blocks, rows):
    """Scores by the formula: offset + sum of w x + sum of pairs <v, v'> x x', for each event."""
    x = np.concatenate([b.matrix.toarray()[r] for b, r in zip(blocks, rows, strict=True)], axis=1)
    weights = np.concatenate([state.weights for state in sampler.states], axis=1)
    factors, linear = weights[: sampler.dim], weights[sampler.dim]
    pairs = np.einsum("fa,fb->ab", factors, factors)
    found = sampler.offset + x @ linear
    for a in range(x.shape[1]):
        for b in range(a):
            found += pairs[a, b] * x[:, a] * x[:, b]
    return found


@pytest.mark.parametrize("available", [True, False])
def test_errors_follow_the_draws(monkeypatch, available):
    if available and not sweeps.AVAILABLE:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(sweeps, "AVAILABLE", available)
    blocks, rows, targets = log()
    sampler = Sampler(blocks, rows, 3, np.random.default_rng(1))
    errors = sampler.scores() - targets
    for _ in range(3):
        sampler.draw_noise(errors)
        sampler.draw_offset(errors)
        sampler.draw_weights(errors)
    expected = written_out(sampler, blocks, rows)
    np.testing.assert_allclose(errors + targets, expected, atol=1e-4)
    np.testing.assert_allclose(sampler.scores(), expected, atol=1e-4)


def test_both_ways_draw_the_same(monkeypatch):
    if not sweeps.AVAILABLE:
        pytest.skip("numba is not installed")
    drawn = []
    for available in (True, False):
        monkeypatch.setattr(sweeps, "AVAILABLE", available)
        blocks, rows, targets = log(seed=3)
        sampler = Sampler(blocks, rows, 2, np.random.default_rng(2))
        for _ in range(2):
            errors = sampler.scores() - targets
            sampler.draw_weights(errors)
        drawn.append(np.concatenate([state.weights for state in sampler.states], axis=1))
    np.testing.assert_allclose(drawn[0], drawn[1], atol=1e-3)


class Noise:
    """Zeros, and a chosen number for the last feature."""

    def __init__(self, last):
        self.last = last

    def standard_normal(self, n):
        return np.append(np.zeros(n - 1), self.last)


def parabola(state, row, score, targets, noise_precision):
    """Slope and curvature of the log posterior in the last weight of a row, where it now is."""
    middle, values = state.weights[row, -1], []
    for value in (middle - 1, middle, middle + 1):
        state.weights[row, -1] = value
        prior = state.precisions[row, -1] * (value - state.means[row, -1]) ** 2
        values.append(-(noise_precision * np.square(score() - targets).sum() + prior) / 2)
    state.weights[row, -1] = middle
    return (values[2] - values[0]) / 2, values[2] - 2 * values[1] + values[0]


@pytest.mark.parametrize("available", [True, False])
@pytest.mark.parametrize("n_blocks", [1, 2, 3])
def test_a_factor_has_the_mean_and_spread_of_its_conditional(monkeypatch, available, n_blocks):
    """Given all other weights the log posterior is a parabola in each weight."""
    if available and not sweeps.AVAILABLE:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(sweeps, "AVAILABLE", available)
    drawn = []
    for z in (0.0, 1.0):
        blocks, rows, targets = log(seed=5)
        blocks, rows = blocks[:n_blocks], rows[:n_blocks]
        sampler = Sampler(blocks, rows, 1, np.random.default_rng(4))
        sampler.noise_precision, sampler.rng = 1.7, Noise(z)
        state = sampler.states[-1]
        state.means[:], state.precisions[:] = 0.3, 2.5
        for state_before in sampler.states[:-1]:  # so that these are drawn as in the other turn
            state_before.with_events[:] = False
        sampler._draw_factor(0, sampler.scores() - targets)
        drawn.append(state.weights[0, -1])
        if z == 0:
            score = lambda: written_out(sampler, blocks, rows)  # noqa: B023, E731
            slope, curvature = parabola(state, 0, score, targets, 1.7)
    assert slope == pytest.approx(0, abs=1e-4 * -curvature)
    assert drawn[1] - drawn[0] == pytest.approx((-curvature) ** -0.5, rel=1e-3)


@pytest.mark.parametrize("available", [True, False])
def test_a_linear_weight_has_the_mean_and_spread_of_its_conditional(monkeypatch, available):
    if available and not sweeps.AVAILABLE:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(sweeps, "AVAILABLE", available)
    blocks, rows, targets = log(seed=7)
    block, row = blocks[0], rows[0]
    x, n = block.matrix.toarray()[row], block.n_features
    drawn = []
    for z in (0.0, 1.0):
        weights = np.zeros(n)
        known = np.zeros((block.n_rows, sweeps.WIDTH))
        known[:, sweeps.COUNT] = np.bincount(row, minlength=block.n_rows)
        known[:, sweeps.ERROR] = np.bincount(row, -targets, block.n_rows)
        prior = np.full(n, 2.5), np.full(n, 0.3)
        sweeps.draw_linear(
            block, weights, known, sweeps.Draw(*prior, Noise(z).standard_normal(n), 1.7)
        )
        drawn.append(weights)
    precision = 1.7 * np.square(x[:, -1]).sum() + 2.5
    rest = targets - x[:, :-1] @ drawn[0][:-1]
    assert drawn[0][-1] == pytest.approx((1.7 * x[:, -1] @ rest + 2.5 * 0.3) / precision, rel=1e-4)
    assert drawn[1][-1] - drawn[0][-1] == pytest.approx(precision**-0.5, rel=1e-4)
