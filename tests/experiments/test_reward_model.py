from __future__ import annotations

import numpy as np

from penchant.experiments.reward_model import cross_fitted


def test_items_and_positions_are_told_apart():
    rng = np.random.default_rng(0)
    n = 40_000
    user, position = rng.integers(0, 1000, n), rng.integers(1, 3, n)
    item = rng.integers(0, 4, n)
    chance = np.array([0.0, 0.4, 0.2])[position] * np.array([0.5, 1.0, 1.0, 1.5])[item]
    success = (rng.random(n) < chance).astype(float)
    shown, target = cross_fitted(user, position, item, success, np.full(n, 3))
    assert np.abs(shown - chance).mean() < 0.01
    assert abs(target[position == 1].mean() - 0.6) < 0.02


def test_nothing_is_predicted_from_the_users_own_rows():
    user, item = np.array([0, 1]), np.array([0, 1])
    rows = (user, np.array([1, 1]), item)
    before, _ = cross_fitted(*rows, np.array([1.0, 0.0]), item)
    after, _ = cross_fitted(*rows, np.array([0.0, 0.0]), item)
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_no_item_is_no_success():
    one = np.array([0, 5])
    _, target = cross_fitted(one, np.array([1, 1]), one, np.ones(2), np.array([-1, 0]))
    assert target[0] == 0
