from __future__ import annotations

import pytest

import penchant as pn
from penchant.testing import planted_pairs, planted_ratings
from support.tuning import GRID, adjusted, sealed


@pytest.fixture(scope="package")
def split():
    return sealed(pn.split_per_user(planted_pairs(), validation=0.15, test=0.2))


@pytest.fixture(scope="package")
def rated():
    return sealed(pn.split_random(planted_ratings(), validation=0.2, test=0.2))


@pytest.fixture(scope="package")
def grid(rated):
    return pn.tune(adjusted, rated, "f1", space=GRID)
