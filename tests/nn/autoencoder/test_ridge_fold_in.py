from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from penchant.nn import length_batches
from penchant.nn.autoencoder.ridge_fold_in import fold_in

LENGTHS = [3, 0, 12, 1, 3, 30, 5]


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    offsets = np.concatenate([[0], np.cumsum(LENGTHS)])
    index = rng.integers(20, size=offsets[-1])
    truth = rng.normal(size=offsets[-1]).astype(np.float32)
    vectors = rng.normal(size=(20, 6)).astype(np.float32)
    return offsets, index, truth, vectors


def one_by_one(offsets, index, truth, vectors, l2):
    rows = []
    for start, stop in pairwise(offsets):
        x = vectors[index[start:stop]].astype(float)
        rows.append(np.linalg.solve(x.T @ x + l2 * np.eye(x.shape[1]), x.T @ truth[start:stop]))
    return np.array(rows)


@pytest.mark.parametrize("l2", [0.1, 5.0])
def test_rows_longer_and_shorter_than_a_vector_are_the_exact_minimum(problem, l2):
    found = fold_in(*problem, l2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one(*problem, l2), atol=1e-4)
    assert (found[1] == 0).all()


def test_the_size_of_batches_does_not_matter(problem, monkeypatch):
    whole = fold_in(*problem, 1.0)
    monkeypatch.setattr(length_batches, "MAX_CELLS", 1)
    np.testing.assert_allclose(fold_in(*problem, 1.0), whole, atol=1e-5)


def test_no_entries_at_all():
    found = fold_in(np.zeros(4, np.int64), np.empty(0), np.empty(0), np.ones((5, 2), "f4"), 1.0)
    np.testing.assert_array_equal(found, np.zeros((3, 2)))
    assert fold_in(np.zeros(1, np.int64), [], [], np.ones((5, 2), "f4"), 1.0).shape == (0, 2)
