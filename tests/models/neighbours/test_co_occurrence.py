"""Measures of co-occurrence, against formulas written out and SciPy's test of contingency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency

import penchant as pn
from penchant.models import CoOccurrence
from penchant.models.shared import sparse_rows
from penchant.testing.logs import planted_pairs


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=40, n_items=14, cold_items=1)


def counted(x, measure, i, j):
    """The measure of columns i and j of bool[n_users, n_items], from plain counts."""
    both, n_i, n_j, n = sum(x[:, i] & x[:, j]), sum(x[:, i]), sum(x[:, j]), len(x)
    if not both:
        return 0.0
    if measure == "count":
        return both
    if measure == "conditional":
        return both / n_i
    if measure == "jaccard":
        return both / sum(x[:, i] | x[:, j])
    if measure == "lift":
        return (both / n_i) / (n_j / n)
    if both / n_i <= n_j / n:
        return 0.0
    table = [[both, n_i - both], [n_j - both, n - n_i - n_j + both]]
    return chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic


@pytest.mark.parametrize("sparse_share", [0.0, 2.0])  # dense products, and sparse ones
@pytest.mark.parametrize("measure", ["count", "conditional", "jaccard", "lift", "log-likelihood"])
def test_measures(log, measure, sparse_share, monkeypatch):
    monkeypatch.setattr(sparse_rows, "SPARSE_SHARE", sparse_share)
    monkeypatch.setattr(sparse_rows, "_WEIGHED_CELLS", 40)
    x = log.histories.matrix().toarray().astype(bool)
    found = CoOccurrence(measure=measure, shrinkage=0).fit(log).weights_.toarray()
    for i in range(log.n_items):
        for j in range(log.n_items):
            expected = counted(x, measure, i, j) if i != j else 0.0
            assert found[i, j] == pytest.approx(expected, rel=1e-4, abs=1e-5), (i, j)


def test_shrinkage_and_fewest_in_common(log):
    x = log.histories.matrix().toarray()
    both = x.T @ x
    np.fill_diagonal(both, 0)
    found = CoOccurrence(measure="count", shrinkage=7, min_common=4).fit(log).weights_.toarray()
    expected = np.where(both >= 4, both * both / (both + 7), 0)
    assert 0 < np.count_nonzero(expected) < np.count_nonzero(both)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_only_the_largest_are_kept(log):
    every = CoOccurrence().fit(log).weights_.toarray()
    some = CoOccurrence(neighbours=3).fit(log).weights_.toarray()
    for all_of, kept in zip(every, some, strict=True):
        largest = np.sort(all_of)[::-1][:3]
        np.testing.assert_allclose(np.sort(kept)[::-1][:3], largest, rtol=1e-6)
        assert np.count_nonzero(kept) == np.count_nonzero(largest)


def weighted_log(rows, **options):
    frame = pl.DataFrame(rows, schema=["user", "item", "weight"], orient="row")
    return pn.read(frame, **options)


def test_weights_count_by_the_roots_of_products():
    # Of each user the weights are relative to their mean: (3, 1) / 2 and (1, 3) / 2.
    log = weighted_log([("u", "a", 6.0), ("u", "b", 2.0), ("v", "a", 5.0), ("v", "b", 15.0)])
    found = CoOccurrence(measure="count", shrinkage=0).fit(log).weights_.toarray()
    assert found[0, 1] == found[1, 0] == pytest.approx(2 * np.sqrt(1.5 * 0.5))
    found = CoOccurrence(measure="conditional", shrinkage=0).fit(log).weights_.toarray()
    assert found[0, 1] == pytest.approx(np.sqrt(0.75))


def test_weights_in_common_are_no_more_than_there_are():
    log = weighted_log([("u", "a", 6.0), ("u", "b", 2.0), ("v", "a", 5.0), ("v", "b", 5.0)])
    found = CoOccurrence(measure="conditional", shrinkage=0).fit(log).weights_.toarray()
    a, b = log.items.indices(pl.Series(["a", "b"]))
    assert found[b, a] == pytest.approx(1.0)  # all of b, which is 1.5, of 2.5 that a has
    assert found[a, b] == pytest.approx(0.6)


@pytest.mark.parametrize("measure", ["count", "conditional", "jaccard", "lift", "log-likelihood"])
@pytest.mark.parametrize(
    "rows",
    [
        [("u", "a"), ("v", "a")],  # one item
        [("u", "a"), ("u", "b"), ("u", "c")],  # one user
        [("u", "a"), ("v", "b")],  # nobody has two
        [(u, i) for u in "uv" for i in "ab"],  # everybody has everything
    ],
)
def test_logs_of_little(rows, measure):
    log = pn.read(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    model = CoOccurrence(measure=measure).fit(log)
    assert np.isfinite(model.weights_.data).all()
    assert (model.weights_.diagonal() == 0).all()
    if len({item for _, item in rows}) > 1:
        lists = model.recommend(model.history(["a"]), k=5)
        assert lists.height == log.n_items - 1


def test_events_without_weight_teach_nothing(log):
    zeros = np.ones(len(log), np.float32)
    zeros[log.events["user"].to_numpy() < 20] = 1e-9
    some = replace(log, events=log.events.with_columns(weight=pl.Series(zeros)))
    model = CoOccurrence().fit(some)
    assert np.isfinite(model.weights_.data).all()
