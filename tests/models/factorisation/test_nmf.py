"""NMF of interactions, against scikit-learn's and SciPy's non-negative least squares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.optimize import nnls
from sklearn import decomposition

import penchant as pn
from penchant.models import NMF
from penchant.testing.logs import planted_pairs


@pytest.fixture(scope="module")
def log():
    return planted_pairs(cold_items=2)


def test_product_is_that_of_scikit_learn():
    log = planted_pairs()
    x = log.histories.matrix().toarray().astype(float)
    ridge = 0.05 * np.linalg.norm(x)
    model = NMF(dim=5, l2=0.05, epochs=100).fit(log)
    other = decomposition.NMF(
        5, alpha_W=ridge / 40, alpha_H=ridge / len(x), tol=0, max_iter=100, random_state=0
    ).fit(x)
    expected = other.transform(x) @ other.components_
    np.testing.assert_allclose(model.scores(log.histories), expected, atol=1e-4)


def test_items_without_events_have_no_part(log):
    assert (NMF(dim=5).fit(log).item_factors_[40:] == 0).all()


def test_new_users_solve_least_squares_without_negatives(log):
    model = NMF(dim=6, l2=0.03).fit(log)
    user = model.history([1, 4, 9, 20])
    x = np.append(user.matrix().toarray()[0], np.zeros(6))
    h = np.vstack([model.item_factors_, np.sqrt(model.ridge_) * np.eye(6)])
    expected = nnls(h.astype(float), x)[0]
    np.testing.assert_allclose(model.user_vectors(user)[0], expected, atol=1e-5)


def test_contributions_without_penalty_sum_to_scores(log):
    model = NMF(dim=4, l2=0).fit(log)
    user = model.history([1, 4, 1, 20])
    items = np.arange(log.n_items, dtype=np.int32)
    parts = model.contributions(user, items)
    np.testing.assert_allclose(parts.sum(axis=1), model.scores(user)[0], atol=1e-5)


@pytest.mark.parametrize(
    "rows",
    [
        [("u", "a"), ("v", "a")],  # one item
        [("u", "a"), ("u", "b"), ("u", "c")],  # one user
        [(u, i) for u in "uv" for i in "ab"],  # everybody has everything
    ],
)
def test_logs_of_little(rows):
    log = pn.read(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    model = NMF().fit(log)
    assert np.isfinite(model.scores(model.histories_)).all()
    assert model.recommend(model.history(["a"]), k=5).height == log.n_items - 1


def test_without_positive_events_popularity_answers(log):
    model = NMF().fit(replace(log, positive=6.0))
    assert (model.scores(model.histories_) == 0).all()
    assert model.recommend(k=3)["fallback"].all()
