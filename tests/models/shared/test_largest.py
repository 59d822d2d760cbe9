"""The largest of some numbers by their columns, against sorting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.compiled import AVAILABLE
from penchant.models.shared.largest import largest_by_column

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="numba is not installed")


def found(columns, weights, k):
    n = len(columns)
    to_columns, to_weights = np.full(k, -1, np.int32), np.full(k, -1, np.float32)
    keys = np.empty(n, np.int64)
    kept = largest_by_column(columns, weights, k, keys, to_columns, to_weights)
    assert (to_columns[kept:] == -1).all()
    return to_columns[:kept].tolist(), to_weights[:kept].tolist()


def wanted(columns, weights, k):
    best = sorted((-w, c) for w, c in zip(weights.tolist(), columns.tolist(), strict=True) if w > 0)
    by_column = sorted((c, -w) for w, c in best[:k])
    return [c for c, _ in by_column], [w for _, w in by_column]


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([0, 1, 7, 300, 5000]),
    k=st.sampled_from([1, 3, 40, 6000]),
    levels=st.sampled_from([1, 3, 10**6]),
)
@settings(deadline=None, max_examples=60)
def test_they_are_the_first_of_equal_ones(seed, n, k, levels):
    rng = np.random.default_rng(seed)
    columns = rng.permutation(2 * n)[:n].astype(np.int32)
    weights = (rng.integers(-levels // 2, levels + 1, n) / 7).astype(np.float32)
    assert found(columns, weights, k) == wanted(columns, weights, k)


@pytest.mark.parametrize("step", range(2, 12))
def test_numbers_that_no_sample_tells_of_are_found(step):
    n, k = 6000, 50
    weights = np.linspace(0.1, 0.2, n, dtype=np.float32)
    weights[::step] = 5  # whatever the sample's step, some of these are all that it sees
    weights[1::step] = -1
    columns = np.arange(n, dtype=np.int32)[::-1].copy()
    for sign in (1, -1):
        of = (sign * weights).astype(np.float32)
        assert found(columns, of, k) == wanted(columns, of, k)


def test_few_numbers_above_zero_among_many_are_all_found():
    weights = np.full(5000, -1, np.float32)
    weights[[7, 8, 4001]] = 1e-38, 3e38, 1
    last = 2**31 - 1
    columns = (last - np.arange(5000)).astype(np.int32)
    assert found(columns, weights, 10)[0] == [last - 4001, last - 8, last - 7]
