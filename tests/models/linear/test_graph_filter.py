"""Filters of the graph, against the formulas on dense matrices."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models import GraphFilter
from penchant.models.linear import graph_filter
from penchant.models.linear.graph_filter import right_singular_vectors
from penchant.testing import planted_pairs


def expected_scores(x, dim, low_pass, sharpening, exponent):
    users, items = x.sum(axis=1), x.sum(axis=0)
    r = x / np.sqrt(np.maximum(users, 1e-9))[:, None] / np.sqrt(np.maximum(items, 1e-9))
    p = r.T @ r
    v = np.linalg.svd(r)[2][:dim]
    filters = (p + low_pass * v.T @ v) @ (np.eye(len(p)) - sharpening * p)
    scales = np.where(items > 0, np.maximum(items, 1e-9) ** exponent, 0)
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    return (x * inverse) @ filters * scales


@pytest.mark.parametrize("sparse_share", [0.0, 1.1])
@pytest.mark.parametrize("sharpening", [0.0, 0.4])
@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_scores_are_those_of_the_formula(exponent, sharpening, sparse_share, monkeypatch):
    monkeypatch.setattr(graph_filter, "_SPARSE_SHARE", sparse_share)
    log = planted_pairs(cold_items=3)
    model = GraphFilter(dim=5, low_pass=0.3, sharpening=sharpening, exponent=exponent).fit(log)
    x = log.histories.matrix().toarray().astype(float)
    expected = expected_scores(x, 5, 0.3, sharpening, exponent)
    np.testing.assert_allclose(model.scores(log.histories), expected, atol=2e-3)
    assert (model.scores(log.histories)[:, -3:] == 0).all()


def test_weights_are_entries_of_the_matrix():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 4, (30, 12)).astype(float)
    users, items = np.nonzero(x)
    log = Dataset.from_frame(
        pl.DataFrame({"user": users, "item": items, "weight": x[users, items]})
    )
    x /= (x.sum(axis=1) / (x > 0).sum(axis=1))[:, None]  # weights are relative to each user's
    model = GraphFilter(dim=3, sharpening=0.2, exponent=0.5).fit(log)
    expected = expected_scores(x, 3, 0.3, 0.2, 0.5)
    np.testing.assert_allclose(model.scores(log.histories), expected, rtol=1e-3, atol=1e-4)


def test_singular_vectors_are_those_of_the_dense_matrix():
    rng = np.random.default_rng(0)
    tastes = rng.random((80, 6)) @ rng.random((6, 50)) + 0.02 * rng.random((80, 50))
    matrix = sparse.csr_array(tastes.astype(np.float32))
    vectors, values = right_singular_vectors(matrix, 6, seed=0)
    wanted = np.linalg.svd(tastes)
    np.testing.assert_allclose(values, wanted[1][:6], rtol=1e-3)
    np.testing.assert_allclose(np.abs(vectors.T @ wanted[2][:6].T), np.eye(6), atol=2e-2)


def test_no_more_vectors_than_the_rank():
    log = Dataset.from_frame(pl.DataFrame({"user": [0, 0, 1, 1, 2], "item": [0, 1, 0, 1, 2]}))
    model = GraphFilter(dim=256).fit(log)
    assert model.singular_vectors_.shape == (3, 2)
    assert np.isfinite(model.scores(log.histories)).all()


@pytest.mark.parametrize("sharpening", [0.0, 0.5])
def test_contributions_are_exact_also_for_repeated_events(sharpening):
    model = GraphFilter(dim=5, sharpening=sharpening).fit(planted_pairs(cold_items=1))
    user = model.history([1, 5, 1, 7])
    items = np.array([3, 0, 30], np.int32)
    parts = model.contributions(user, items)
    np.testing.assert_allclose(parts.sum(1), model.scores(user)[0, items], rtol=1e-4, atol=1e-6)
    with pytest.raises(ParameterError, match="one user at a time"):
        model.contributions(model.histories_, items)


@pytest.mark.parametrize(
    "events", [{"user": [0], "item": [0]}, {"user": [0, 0, 0], "item": [0, 1, 2]}]
)
def test_a_single_user_or_item(events):
    log = Dataset.from_frame(pl.DataFrame(events))
    model = GraphFilter(sharpening=0.3).fit(log)
    assert np.isfinite(model.scores(log.histories)).all()


def test_without_the_low_pass_filter_no_vectors_are_needed():
    log = planted_pairs(cold_items=3)
    model = GraphFilter(low_pass=0, sharpening=0.4).fit(log)
    assert model.singular_vectors_.shape == (log.n_items, 0)
    x = log.histories.matrix().toarray().astype(float)
    expected = expected_scores(x, 5, 0.0, 0.4, 0.35)
    np.testing.assert_allclose(model.scores(log.histories), expected, atol=1e-4)


def test_the_number_of_vectors_follows_the_size_of_the_log():
    log = planted_pairs(n_users=90, n_items=40)
    model = GraphFilter().fit(log)
    assert model.singular_vectors_.shape == (40, 3)
