from __future__ import annotations

import numpy as np
import pytest

from penchant.models.neighbours.entities import Entities
from penchant.models.neighbours.similarity import similarity
from penchant.models.shared import sparse_rows
from penchant.models.shared.sparse_rows import product, strongest
from support.entities import entities

KINDS = ("cosine", "jaccard", "pearson", "adjusted-cosine")


def naive(kind, has_a, a, has_b, b):
    both = has_a & has_b
    n = both.sum()
    if n == 0:
        return 0.0
    if kind == "cosine":
        return n / np.sqrt(has_a.sum() * has_b.sum())
    if kind == "jaccard":
        return n / (has_a | has_b).sum()
    x, y = a[both].astype(float), b[both].astype(float)
    if kind == "pearson":
        x, y = x - x.mean(), y - y.mean()
        if np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
            return 0.0
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shrinkage", "min_common"), [(0, 1), (2.5, 1), (0, 4)])
def test_equals_naive_loops(pair, kind, shrinkage, min_common, dense, monkeypatch):
    monkeypatch.setattr(sparse_rows, "SPARSE_RATE", 1e-30 if dense else 1e30)
    a, b = pair
    found = similarity(entities(a), entities(b), kind, shrinkage, min_common)
    assert found.dtype == np.float32
    for i in range(9):
        for j in range(7):
            common = (a[0][i] & b[0][j]).sum()
            wanted = naive(kind, a[0][i], a[1][i], b[0][j], b[1][j])
            wanted = wanted * common / (common + shrinkage) if common >= min_common else 0
            assert found[i, j] == pytest.approx(wanted, abs=6e-5), (i, j)


def test_ratings_that_are_all_equal_have_no_correlation():
    rng = np.random.default_rng(0)
    n = 60
    has = np.ones((2, n), bool)
    values = np.stack([np.full(n, 1.53), rng.integers(-7, 7, n)]).astype(np.float32)
    found = similarity(entities((has, values)), entities((has, values)), "pearson", 0)
    assert found[0].tolist() == [0, 0]
    assert found[1, 1] == 1


def test_both_products_are_the_same(pair, monkeypatch):
    a, b = (entities(t).ratings for t in pair)
    found = []
    for rate in (1e30, 1e-30):
        monkeypatch.setattr(sparse_rows, "SPARSE_RATE", rate)
        found.append(product(a, b))
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    np.testing.assert_allclose(found[0], a.toarray() @ b.toarray().T, atol=1e-5)


def test_strongest_keeps_only_what_is_above_zero():
    alike = np.array([[0.5, -1, 0, 0.2], [0, 0, 0, 0], [1, 2, 3, 4]], np.float32)
    two = strongest(alike, 2).toarray()
    np.testing.assert_array_equal(
        two, np.array([[0.5, 0, 0, 0.2], [0, 0, 0, 0], [0, 0, 3, 4]], np.float32)
    )
    assert strongest(alike, 99).nnz == 6


def test_ratings_are_needed_by_what_compares_them(pair):
    one = Entities(entities(pair[0]).binary)
    with pytest.raises(ValueError, match="compares ratings"):
        similarity(one, one, "pearson", 0)
