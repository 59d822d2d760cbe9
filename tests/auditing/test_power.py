"""How many users show a difference."""

import numpy as np
import pytest

from penchant.auditing import users_needed
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
