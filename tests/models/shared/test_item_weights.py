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
    # Items may change places whose exact scores differ by less than single precision tells.
    scores = x @ exact
    ours, theirs = (np.take_along_axis(scores, lists, 1) for lists in (found, expected))
    np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(scores).max())
    assert (found == expected).mean() > 0.999


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


def test_dropout_is_learning_from_what_is_left_of_histories():
    rng = np.random.default_rng(0)
    x = (rng.random((20, 5)) < 0.6).astype(float)
    users, items = np.nonzero(x)
    log = Dataset.from_frame(pl.DataFrame({"user": users, "item": items}))
    dropout, l2 = 0.3, 2.0
    found = ease_weights(log, l2, 10, dropout=dropout)
    masks = np.array(list(np.ndindex((2,) * 5)), float)
    chances = np.prod(np.where(masks == 1, 1 - dropout, dropout), axis=1)
    for item in range(5):
        others = np.delete(np.arange(5), item)
        inputs = masks[:, None, others] * x[:, others]  # masks × users × items
        gram = np.einsum("m,mui,muj->ij", chances, inputs, inputs)
        target = np.einsum("m,mui,u->i", chances, inputs, x[:, item])
        left = 1 - dropout
        wanted = left * np.linalg.solve(gram + left**2 * l2 * np.eye(4), target)
        np.testing.assert_allclose(found[others, item], wanted, rtol=1e-4)
        assert found[item, item] == 0


@pytest.mark.parametrize("weighted", [False, True])
def test_users_count_by_a_power_of_their_events(weighted):
    log = log_of_tastes(weighted=weighted)
    x = log.histories.matrix("weight").toarray().astype(np.float64)
    totals = x.sum(axis=1)
    weights = totals**-0.5 * totals.sum() / (totals**0.5).sum()
    inverse = np.linalg.inv((x.T * weights) @ x + 20 * np.eye(log.n_items))
    exact = -inverse / np.diag(inverse)
    np.fill_diagonal(exact, 0)
    found = ease_weights(log, 20, 1000, user_exponent=0.5)
    np.testing.assert_allclose(found, exact, rtol=1e-3, atol=1e-5)


def test_users_without_events_count_nothing():
    log = log_of_tastes()
    x = log.histories.matrix().tolil()
    x[3] = 0
    found = item_weights.balanced_users(x.tocsr(), 1.0)
    sums = np.asarray(found.power(2).sum(axis=1)).ravel()
    assert sums[3] == 0
    np.testing.assert_allclose(np.delete(sums, 3), x.sum() / (x.shape[0] - 1), rtol=1e-5)
