"""Weights of random walks, against the formula written out."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.models import P3Alpha, RP3Beta
from penchant.models.linear.random_walk import ABOVE, OF_ITEMS, OF_LENGTH
from penchant.testing.logs import planted_pairs


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=30, n_items=12)


def written_out(x, alpha, beta):
    n_users, n_items = x.shape
    weights = np.zeros((n_items, n_items))
    for i in range(n_items):
        for j in range(n_items):
            for u in range(n_users):
                if i != j and x[u, i] and x[u, j]:
                    to_user = x[u, i] / x[:, i].sum()
                    to_item = x[u, j] / x[u].sum()
                    weights[i, j] += to_user**alpha * to_item**alpha
            weights[i, j] /= x[:, j].sum() ** beta
    return weights


@pytest.mark.parametrize(
    ("model", "alpha", "beta"),
    [
        (P3Alpha(alpha=1), 1.0, 0.0),
        (P3Alpha(), ABOVE + OF_LENGTH * np.log(4), 0.0),  # four events of each user
        (RP3Beta(), ABOVE + OF_LENGTH * np.log(4), OF_LENGTH * np.log(4)),
        (P3Alpha(alpha=0.6), 0.6, 0.0),
        (RP3Beta(alpha=1, beta=0.3), 1.0, 0.3),
        (RP3Beta(alpha=1.4, beta=0.8), 1.4, 0.8),
    ],
)
def test_weights(log, model, alpha, beta):
    x = log.histories.matrix().toarray()
    found = model.fit(log).weights_.toarray()
    np.testing.assert_allclose(found, written_out(x, alpha, beta), rtol=1e-4, atol=1e-7)


def test_only_the_largest_weights_are_kept(log):
    every = RP3Beta().fit(log).weights_.toarray()
    found = RP3Beta(neighbours=3).fit(log).weights_.toarray()
    for all_of, some in zip(every, found, strict=True):
        largest = np.argsort(-all_of)[:3]
        np.testing.assert_allclose(some[largest], all_of[largest], rtol=1e-6)
        assert np.count_nonzero(some) == 3


def test_beta_of_zero_is_p3alpha(log):
    found = RP3Beta(beta=0).fit(log).weights_
    np.testing.assert_allclose(found.toarray(), P3Alpha().fit(log).weights_.toarray(), rtol=1e-6)


def test_users_without_events_do_not_shorten_a_usual_history():
    log = planted_pairs(n_users=20, n_items=12)
    few = log.subset(log.events["user"].to_numpy() < 5)
    assert len(few) == 20
    for model in (P3Alpha(), RP3Beta()):
        assert model.fit(few).alpha_ == pytest.approx(ABOVE + OF_LENGTH * np.log(4))
    assert RP3Beta(alpha=2, beta=1).fit(few).alpha_ == 2


def test_little_is_held_back_where_items_have_few_events():
    log = planted_pairs(n_users=10, n_items=80)
    per_item = len(log) / np.count_nonzero(log.item_counts)
    assert RP3Beta().fit(log).beta_ == pytest.approx(OF_ITEMS * np.log(per_item))
    assert OF_ITEMS * np.log(per_item) < OF_LENGTH * np.log(len(log) / log.n_users)
