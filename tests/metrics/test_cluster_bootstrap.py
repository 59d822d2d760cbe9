"""Users who are not independent are drawn together."""

import numpy as np
import pytest

from penchant.errors import ParameterError
from penchant.metrics import mean_replicates


def test_copies_of_users_make_no_interval_narrower():
    values = np.random.default_rng(0).normal(size=(200, 2))
    copied, groups = np.repeat(values, 9, axis=0), np.repeat(np.arange(200), 9)
    one = mean_replicates(values, 400, seed=1)
    np.testing.assert_allclose(mean_replicates(copied, 400, seed=1, groups=groups), one)
    assert mean_replicates(copied, 400, seed=1).std(0) == pytest.approx(one.std(0) / 3, rel=0.15)


def test_groups_of_different_sizes_weigh_by_their_users():
    values = np.array([[1.0], [1.0], [1.0], [np.nan], [0.0]])
    means = mean_replicates(values, 2000, groups=np.array([7, 7, 7, 3, 3]))[:, 0]
    assert set(np.round(means, 6)) == {0.0, 0.75, 1.0}
    assert (means == 0.75).mean() == pytest.approx(0.5, abs=0.05)


def test_each_user_alone_is_the_ordinary_bootstrap():
    values = np.random.default_rng(0).normal(size=(30, 1))
    np.testing.assert_allclose(
        mean_replicates(values, 50, groups=np.arange(30)), mean_replicates(values, 50)
    )


def test_there_are_as_many_groups_as_users():
    with pytest.raises(ParameterError, match="as many groups"):
        mean_replicates(np.zeros((3, 1)), 10, groups=np.zeros(2, np.int64))
