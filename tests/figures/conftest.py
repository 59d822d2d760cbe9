from __future__ import annotations

import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import Split


@pytest.fixture(scope="session")
def movielens_1m(mirror) -> Dataset:
    return pn.load("movielens-1m", mirror=mirror)


@pytest.fixture(scope="session")
def tenth_of_movielens_1m(movielens_1m) -> Split:
    """A random tenth of all ratings is for tests."""
    return pn.split_random(movielens_1m, validation=0, test=0.1, seed=0)


@pytest.fixture(scope="session")
def fifth_of_movielens_1m(movielens_1m) -> Split:
    """A random fifth of all ratings is for tests."""
    return pn.split_random(movielens_1m, validation=0, test=0.2, seed=0)
