from __future__ import annotations

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from penchant.testing import ListSimulator

SERVICE = ListSimulator(n_users=500, n_items=12, k=3, seed=1)


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_lists_are_worth_what_is_said(epsilon):
    rankings = SERVICE.rankings(0.5)
    values = []
    for seed in range(30):
        shown, outcomes = SERVICE.run({"one": rankings}, epsilon=epsilon, seed=seed)
        values.append(len(outcomes) / shown["list"].n_unique())
    error = np.std(values) / np.sqrt(len(values))
    truth = SERVICE.true_value(rankings, epsilon=epsilon)
    assert abs(np.mean(values) - truth) < 4 * error


def test_less_noise_is_worth_more():
    values = [SERVICE.true_value(SERVICE.rankings(noise)) for noise in (0.0, 1.0, 5.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] >= max(SERVICE.true_value(SERVICE.rankings(2.0, seed)) for seed in range(5))


def test_the_same_seed_gives_the_same_tables():
    rankings = {"a": SERVICE.rankings(1.0), "b": SERVICE.rankings(2.0)}
    one, other = (SERVICE.run(rankings, epsilon=0.2, seed=3) for _ in range(2))
    for table, again in zip(one, other, strict=True):
        assert_frame_equal(table, again)
    assert set(one[0]["arm"]) == {"a", "b"}
