"""Sparse EASE, against the dense one and against ridge regressions on neighbours."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError
from penchant.models import EASE, SparseEASE
from penchant.models.linear import sparse_ease
from penchant.testing.logs import planted_pairs, planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=60, n_items=30, cold_items=2)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dense_items", [0, 100])
def test_with_all_items_for_neighbours_it_is_ease(share, dense_items, monkeypatch):
    monkeypatch.setattr(sparse_ease, "_DENSE_ITEMS", dense_items)
    log = planted_ratings(n_users=60, n_items=20)  # all pairs of items share users
    found = SparseEASE(l2=20, neighbours=50, share=share).fit(log).weights_.toarray()
    np.testing.assert_allclose(found, EASE(l2=20).fit(log).weights_, atol=2e-5)


def test_weights_are_those_of_ridge_regressions_on_the_neighbours(log):
    model = SparseEASE(l2=10, neighbours=6, share=0).fit(log)
    x = log.histories.matrix().toarray().astype(float)
    gram = x.T @ x
    found = model.weights_.toarray()
    for item in range(30):
        gain = gram[item] ** 2 / (np.diag(gram) + 10)
        gain[item] = 0
        others = np.flatnonzero(found[:, item])
        assert len(others) == 6
        np.testing.assert_allclose(np.sort(gain[others]), np.sort(gain)[-6:], rtol=1e-5)
        system = gram[np.ix_(others, others)] + 10 * np.eye(6)
        expected = np.linalg.solve(system, gram[others, item])
        np.testing.assert_allclose(found[others, item], expected, rtol=1e-3, atol=1e-6)
    assert not found[30:].any()
    assert not found[:, 30:].any()


def test_every_item_is_a_member_once(log):
    x = log.histories.matrix().tocsc()[:, :30]
    near = (x.T @ x).tocsr()
    near.setdiag(0)
    near.eliminate_zeros()
    members = [
        items[:n]
        for items, n in sparse_ease.neighbourhoods(near.astype(np.float32), np.ones(30), 0.4)
    ]
    assert sorted(np.concatenate(members)) == list(range(30))
    assert len(members) < 15


@pytest.mark.parametrize(
    "rows",
    [
        [("u", "a"), ("v", "a")],  # one item
        [("u", "a"), ("u", "b"), ("u", "c")],  # one user
        [("u", "a"), ("v", "b")],  # nobody has two
        [(u, i) for u in "uv" for i in "ab"],  # everybody has everything
    ],
)
def test_logs_of_little(rows):
    log = pn.read(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    model = SparseEASE(l2=2).fit(log)
    np.testing.assert_allclose(model.weights_.toarray(), EASE(l2=2).fit(log).weights_, atol=2e-5)
    assert model.recommend(model.history(["a"]), k=5).height == log.n_items - 1


def test_memory_is_checked_before_the_start(log, monkeypatch):
    monkeypatch.setattr("penchant.memory.available_memory", lambda: 40 * 30 * 20)
    with pytest.raises(DataError, match="Fitting SparseEASE to 60 users and 32 items takes"):
        SparseEASE(neighbours=25).fit(log)
