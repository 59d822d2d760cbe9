"""Nearest neighbours, in compiled loops and by products, against formulas written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.compiled import AVAILABLE
from penchant.models.neighbours import nearest as module
from penchant.models.neighbours.entities import Entities
from penchant.models.neighbours.nearest import (
    mean_residuals_of_neighbours,
    nearest,
    neighbours,
)
from penchant.models.neighbours.similarity import similarity
from penchant.models.shared import sparse_rows
from support.entities import entities

KINDS = ("cosine", "jaccard", "pearson", "adjusted-cosine")


@pytest.fixture(params=["compiled", "pairs in common", "all pairs"])
def way(request, monkeypatch):
    """Each way to the same neighbours, in small blocks."""
    monkeypatch.setattr(module, "DENSE_SPEED", 0)
    monkeypatch.setattr(module, "LEAST_WORK", 0)
    monkeypatch.setattr(module, "_SPAN", 40)
    monkeypatch.setattr(sparse_rows, "_PRODUCTS", 40)
    monkeypatch.setattr(
        module, "row_blocks", lambda _, n: ((s, min(s + 4, n)) for s in range(0, n, 4))
    )
    if request.param != "compiled":
        monkeypatch.setattr(module, "AVAILABLE", False)
        monkeypatch.setattr(module, "SPARSE_SHARE", 0.0 if request.param == "all pairs" else 1e9)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_are_the_most_similar_others(pair, kind):
    one = entities(pair[0])
    full = similarity(one, one, kind, 1.0)
    np.fill_diagonal(full, 0)
    near = neighbours(one, kind, shrinkage=1.0, min_common=1, k=3).toarray()
    for row in range(len(one)):
        assert near[row, row] == 0
        near_row = np.sort(near[row][near[row] > 0])[::-1]
        best = np.sort(full[row][full[row] > 0])[::-1][:3]
        np.testing.assert_allclose(near_row, best, atol=1e-6)
        np.testing.assert_allclose(near[row][near[row] > 0], full[row][near[row] > 0], atol=1e-6)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [*KINDS, "correlation", "weights"])
@given(
    seed=st.integers(0, 2**32 - 1),
    density=st.sampled_from([0.01, 0.05, 0.4]),
    k=st.integers(1, 30),
    min_common=st.integers(1, 3),
)
@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_others_are_ranked_by_similarity_and_then_as_they_come(kind, seed, density, k, min_common):
    rng = np.random.default_rng(seed)
    both = []
    for n in (7, 90):
        has = rng.random((n, 40)) < density
        values = np.where(has, rng.integers(1, 6, has.shape) - 3.1, 0).astype(np.float32)
        both.append(entities((has, values)))
    if kind == "weights":
        both = [Entities(e.binary, weights=abs(e.ratings)) for e in both]
    a, b = both
    own = rng.integers(-1, 90, 7)
    options = ("cosine" if kind == "weights" else kind, 2.0, min_common)
    full = similarity(a, b, *options)
    full[np.flatnonzero(own >= 0), own[own >= 0]] = 0
    found = nearest(a, b, own, *options, k)
    assert found.shape == full.shape
    assert found.has_sorted_indices
    for row, alike in enumerate(full):
        place = slice(found.indptr[row], found.indptr[row + 1])
        columns, values = found.indices[place], found.data[place]
        order = sorted(np.flatnonzero(alike > 1e-6), key=lambda c: (-round(alike[c], 5), c))[:k]
        np.testing.assert_allclose(values, alike[columns], atol=2e-4)  # of the fourth digit
        np.testing.assert_allclose(np.sort(values), np.sort(alike[order]), atol=2e-4)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["cosine", "pearson"])
@given(seed=st.integers(0, 2**32 - 1), density=st.sampled_from([0.02, 0.4]), k=st.integers(1, 9))
@settings(
    deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_residuals_are_means_over_the_nearest_who_have_one(kind, seed, density, k):
    rng = np.random.default_rng(seed)
    has = rng.random((60, 30)) < density
    values = np.where(has, rng.integers(1, 6, has.shape) - 3.1, 0).astype(np.float32)
    some = entities((has, values))
    alike = np.maximum(similarity(some, some, kind, 2.0), 0)
    np.fill_diagonal(alike, 0)
    users, items = rng.integers(60, size=50), rng.integers(30, size=50)
    found = mean_residuals_of_neighbours(
        some, some, np.arange(60), kind, 2.0, 1, k, 0.5, some.ratings.T.tocsr(), items, users
    )
    for user, item, mean in zip(users, items, found, strict=True):
        who = np.flatnonzero(has[:, item] & (alike[user] > 0))
        best = sorted(who, key=lambda n: (-alike[user, n], n))[:k]
        if len(best) == len(who) or alike[user, best[-1]] > np.sort(alike[user, who])[-k - 1]:
            weight = alike[user, best]
            wanted = weight @ values[best, item] / (weight.sum() + 0.5) if len(best) else 0
            assert mean == pytest.approx(wanted, abs=2e-3)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", KINDS)
def test_rows_without_events_change_nothing(pair, kind):
    one = entities(pair[0])
    options = {"shrinkage": 1.0, "min_common": 1, "k": 3}
    near = neighbours(one, kind, **options).toarray()
    rows = np.arange(len(one)) * 2 + 1  # every second row is empty
    padded = []
    for table in pair[0]:
        wide = np.zeros((2 * len(one) + 1, table.shape[1]), table.dtype)
        wide[rows] = table
        padded.append(wide)
    found = neighbours(entities(padded), kind, **options).toarray()
    np.testing.assert_allclose(found[np.ix_(rows, rows)], near, atol=1e-6)
    assert np.count_nonzero(found) == np.count_nonzero(near)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_large_catalogue_with_few_events_costs_little(compiled, monkeypatch):
    monkeypatch.setattr(module, "AVAILABLE", compiled)
    n = 10**6
    some = sparse.csr_array((np.ones(4, np.float32), ([0, 0, 7, 9], [0, 1, 0, 1])), shape=(n, 2))
    near = neighbours(Entities(some), "cosine", shrinkage=0.0, min_common=1, k=5)
    assert near.shape == (n, n)
    assert sorted(zip(*(x.tolist() for x in near.nonzero()), strict=True)) == [
        (0, 7),
        (0, 9),
        (7, 0),
        (9, 0),
    ]


@pytest.mark.parametrize("n", [1500, 20_000])  # fewer than the products of a row, and more
@pytest.mark.parametrize("kind", ["cosine", "jaccard", "weights"])
@pytest.mark.skipif(not AVAILABLE, reason="numba is not installed")
def test_of_many_alike_the_first_are_neighbours(kind, n, monkeypatch):
    monkeypatch.setattr(module, "DENSE_SPEED", 0)
    monkeypatch.setattr(module, "LEAST_WORK", 0)
    k, met = 450, np.sort(np.random.default_rng(5).permutation(n)[:1200])
    alike = met[::3]  # have two users in common, the others one
    columns = np.repeat([0, 1], [len(met), len(alike)])
    rows = np.concatenate([met, alike])
    some = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(n, 2))
    one = Entities(some, weights=some.copy() if kind == "weights" else None)
    kind = "cosine" if kind == "weights" else kind
    found = nearest(one, one, np.arange(n), kind, 1.0, 1, k)[met[:1]]
    less_alike = np.setdiff1d(met, alike)[: k - len(alike) + 1]
    assert found.indices.tolist() == sorted({*alike[1:].tolist(), *less_alike.tolist()})


@pytest.mark.parametrize("compiled", [True, False])
def test_items_with_little_in_common_are_not_compared(compiled, monkeypatch):
    monkeypatch.setattr(module, "AVAILABLE", compiled)
    monkeypatch.setattr(module, "similarity", None)  # of all pairs, 10 GB
    n = 50_000
    each = np.repeat(np.arange(n), 2)
    users = each // 4 + np.tile([0, 1], n)
    some = sparse.csr_array((np.ones(2 * n, np.float32), (each, users)))
    near = neighbours(Entities(some), "jaccard", shrinkage=0.0, min_common=1, k=5)
    assert near.shape == (n, n)
    assert n < near.nnz <= 5 * n


def test_rows_that_are_not_there_are_refused(pair, monkeypatch):
    monkeypatch.setattr(module, "DENSE_SPEED", 0)  # compiled loops would read beyond
    monkeypatch.setattr(module, "LEAST_WORK", 0)
    one = entities(pair[0])
    with pytest.raises(IndexError, match="no row 9 among 9"):
        nearest(one, one, np.full(9, 9), "cosine", 0.0, 1, 3)
    beyond = Entities(one.binary.copy())
    beyond.binary.indices[-1] = 15
    with pytest.raises((ValueError, IndexError)):
        nearest(beyond, one, np.full(9, -1), "cosine", 0.0, 1, 3)
