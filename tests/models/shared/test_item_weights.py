from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.models.shared import item_weights
from penchant.models.shared.item_weights import ease_bytes, ease_weights
from penchant.topk import top_k


def log_of_tastes(n_users=600, n_items=150, weighted=False):
    """Users of ten tastes with histories of very unequal length, and popular items."""
    rng = np.random.default_rng(0)
    taste, popular = rng.normal(size=(10, n_items)), rng.normal(size=n_items)
    users, items = [], []
    for user in range(n_users):
        score = taste[user % 10] + popular + rng.gumbel(size=n_items)
        chosen = np.argsort(-score)[: rng.integers(3, 60)]
        users += [user] * len(chosen)
        items += chosen.tolist()
    columns = {"user": users, "item": items}
    if weighted:
        columns["weight"] = rng.integers(1, 30, len(users)).tolist()
    return Dataset.from_frame(pl.DataFrame(columns))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l2", [1.0, 20.0, 500.0])
def test_lists_are_those_of_double_precision(monkeypatch, l2, weighted):
    log = log_of_tastes(weighted=weighted)
    x = log.histories.matrix("weight").toarray().astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + l2 * np.eye(log.n_items))
    exact = -inverse / np.diag(inverse)
    np.fill_diagonal(exact, 0)
    expected, _ = top_k(lambda users: (x @ exact)[users.users], log.histories, 10)
    weights = ease_weights(log, l2, 1000)
    assert weights.dtype == np.float32
    found, _ = top_k(lambda users: users.matrix("weight") @ weights, log.histories, 10)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("sparse_rate", [1e-9, 1e30])
def test_both_ways_to_the_gram_matrix_are_the_same(monkeypatch, single, sparse_rate):
    monkeypatch.setattr(item_weights, "SPARSE_RATE", sparse_rate)
    x = log_of_tastes(700).histories.matrix()
    found = item_weights._lower_gram(x, x.T.tocsr(), single=single)
    assert found.dtype == (np.float32 if single else np.float64)
    wanted = x.toarray().T @ x.toarray()
    np.testing.assert_array_equal(np.tril(found), np.tril(wanted))


def test_a_hardly_regularised_matrix_is_inverted_in_double_precision():
    log = log_of_tastes()
    l2 = 1e-3
    x = log.histories.matrix().toarray().astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + l2 * np.eye(log.n_items))
    exact = -inverse / np.diag(inverse)
    np.fill_diagonal(exact, 0)
    np.testing.assert_allclose(ease_weights(log, l2, 1000), exact, rtol=1e-5, atol=1e-7)


def test_the_memory_that_is_asked_for_grows_with_the_square_of_the_items():
    n = 20_000
    assert ease_bytes(n, n) < 5 * n**2
    assert ease_bytes(n, n - 1) < 9 * n**2
    assert ease_bytes(n, n, single=False) < 14 * n**2
