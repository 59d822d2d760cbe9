"""Two small tables of ratings whose rows are compared."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def pair():
    rng = np.random.default_rng(3)
    tables = []
    for n in (9, 7):
        has = rng.random((n, 15)) < 0.5
        has[0] = False
        values = np.where(has, rng.integers(1, 6, (n, 15)) - 3.1, 0).astype(np.float32)
        values[1] = np.where(has[1], 0.9, 0)  # one who gives everything the same rating
        tables.append((has, values))
    return tables
