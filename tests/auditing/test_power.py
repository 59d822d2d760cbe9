"""How many users show a difference, and who cannot be told apart."""

import numpy as np
import pytest

from penchant.auditing import groups, users_needed
from penchant.auditing.power import users_for
from penchant.errors import ParameterError


def test_as_many_users_as_needed_see_the_difference_four_times_in_five(rng):
    effect, spread = 0.05, 0.3
    n = users_needed(rng.normal(effect, spread, 100_000), effect)
    assert n == pytest.approx((2.8016 * spread / effect) ** 2, rel=0.02)
    drawn = rng.normal(effect, spread, (4000, n))
    t = drawn.mean(axis=1) / (drawn.std(axis=1, ddof=1) / np.sqrt(n))
    assert (t > 1.96).mean() == pytest.approx(0.8, abs=0.03)


def test_from_an_interval_as_from_the_differences(rng):
    differences = rng.normal(0.01, 0.2, 400)
    half = 1.959964 * differences.std(ddof=1) / 20
    gain = float(differences.mean())
    assert users_for(gain, (gain - half, gain + half), 400) == users_needed(differences)


def test_what_cannot_be_said():
    assert users_for(0.0, (-1, 1), 10) is None
    assert users_for(float("nan"), (-1, 1), 10) is None
    with pytest.raises(ParameterError, match="at least two users"):
        users_needed([1.0, np.nan])
    with pytest.raises(ParameterError, match="difference of zero"):
        users_needed([1.0, 2.0], 0)
    with pytest.raises(ParameterError, match="between 0 and 1"):
        users_needed([1.0, 2.0], power=1.0)


def test_groups_follow_their_leaders(rng):
    common = rng.normal(0, 0.1, 1000)  # what all share does not blur differences
    values = {"a": 0.50, "b": 0.495, "c": 0.40, "d": 0.398, "e": 0.1}
    drawn = {n: v + common + rng.normal(0, 0.01, 1000) for n, v in values.items()}
    assert groups(drawn, values) == (("a", "b"), ("c", "d"), ("e",))
    lower = groups(drawn, values, higher_is_better=False)
    assert lower == (("e",), ("d", "c"), ("b", "a"))
