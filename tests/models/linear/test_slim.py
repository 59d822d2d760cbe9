"""SLIM's columns, against scikit-learn's elastic net."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import ElasticNet

from penchant import compiled
from penchant.data.dataset import Dataset
from penchant.models import SLIM
from penchant.models.linear import slim
from penchant.testing.logs import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=60, n_items=12, per_user=7)  # all pairs of items share users


def elastic_net(x, item, l1, l2, non_negative):
    n = len(x)
    net = ElasticNet(
        alpha=(l1 + l2) / n,
        l1_ratio=l1 / (l1 + l2),
        fit_intercept=False,
        positive=non_negative,
        tol=1e-10,
        max_iter=100_000,
    )
    others = x.copy()
    others[:, item] = 0
    return net.fit(others, x[:, item]).coef_


@pytest.mark.parametrize("available", [True, False])
@pytest.mark.parametrize("non_negative", [True, False])
@pytest.mark.parametrize(("l1", "l2"), [(0.5, 3.0), (3.0, 10.0), (0.01, 2.0)])
def test_weights(log, l1, l2, non_negative, available, monkeypatch):
    if available and not compiled.AVAILABLE:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(slim, "AVAILABLE", available)
    monkeypatch.setattr(slim, "_TOLERANCE", 1e-7)
    x = log.histories.matrix().toarray().astype(float)
    model = SLIM(l1=l1, l2=l2, non_negative=non_negative, sweeps=2000).fit(log)
    found = model.weights_.toarray()
    for item in range(log.n_items):
        expected = elastic_net(x, item, l1, l2, non_negative)
        np.testing.assert_allclose(found[:, item], expected, atol=1e-4)


def test_large_catalogues_take_the_same_weights(log, monkeypatch):
    monkeypatch.setattr(slim, "_TOLERANCE", 1e-7)
    expected = SLIM(l2=5.0, sweeps=500).fit(log).weights_.toarray()
    monkeypatch.setattr(slim, "_DENSE_ITEMS", 0)
    monkeypatch.setattr(slim, "_CELLS", 300)
    found = SLIM(l2=5.0, sweeps=500).fit(log).weights_.toarray()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_few_candidates_have_weights():
    log = planted_ratings(n_users=40, n_items=30)
    model = SLIM(candidates=4, l1=0).fit(log)
    per_item = np.diff(model.weights_.tocsc().indptr)
    assert per_item.max() <= 4


def test_strong_l1_leaves_nothing(log):
    model = SLIM(l1=1e6).fit(log)
    assert model.weights_.nnz == 0
    assert model.recommend(k=2).height == 2 * log.n_users


def test_the_default_ridge_follows_the_events_of_a_usual_item():
    rows = [("u", "a"), ("u", "b"), ("v", "a"), ("w", "a"), ("w", "b"), ("w", "c")]
    log = Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"))
    usual = (3 * 3 + 2 * 2 + 1 * 1) / 6  # items of six events have 3, 2 and 1 of them
    model = SLIM().fit(log)
    assert model.l2_ == pytest.approx(usual)
    given = SLIM(l2=usual).fit(log).weights_
    np.testing.assert_allclose(model.weights_.toarray(), given.toarray(), rtol=1e-5)
    assert SLIM(l2=3).fit(log).l2_ == 3
