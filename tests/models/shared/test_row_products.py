"""Products of sparse matrices in compiled loops are those of dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from penchant.compiled import AVAILABLE
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.models.shared import sparse_rows
from penchant.models.shared.row_products import add_row_products
from penchant.models.shared.sparse_rows import product, strongest_products
from penchant.testing import planted_pairs

needs_numba = pytest.mark.skipif(not AVAILABLE, reason="numba is not installed")


def random_matrix(n, m, seed=0):
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, m)) < 0.2, rng.random((n, m)), 0)
    return sparse.csr_array(dense.astype(np.float32))


@needs_numba
def test_rows_are_those_of_a_dense_product():
    a, b = random_matrix(7, 5), random_matrix(5, 9, 1)
    out = np.ones((7, 9))
    add_row_products(a, b, out)
    np.testing.assert_allclose(out, 1 + a.toarray() @ b.toarray(), rtol=1e-6)


@needs_numba
def test_nothing_is_added_above_the_diagonal():
    a = random_matrix(8, 30)
    gram = a.toarray() @ a.toarray().T
    for first, dtype in ((0, np.float32), (3, np.float64)):
        out = np.zeros((8 - first, 8), dtype)
        add_row_products(a[first:], a.T.tocsr(), out, lower=first)
        np.testing.assert_allclose(out, np.tril(gram)[first:], rtol=1e-6)


@needs_numba
def test_every_way_gives_the_same_product(monkeypatch):
    a, b = random_matrix(12, 40), random_matrix(9, 40, 1)
    dense = a.toarray() @ b.toarray().T
    called = []
    add = sparse_rows.add_row_products
    monkeypatch.setattr(sparse_rows, "add_row_products", lambda *x: called.append(1) or add(*x))
    for least, rates in ((0.0, (1, 1)), (9e9, (1, 1e18)), (9e9, (1e18, 1))):
        monkeypatch.setattr(sparse_rows, "LEAST_SECONDS", least)
        monkeypatch.setattr(sparse_rows, "DENSE_RATE", rates[0])
        monkeypatch.setattr(sparse_rows, "SPARSE_RATE", rates[1])
        np.testing.assert_allclose(product(a, b), dense, rtol=1e-5)
    assert called == [1]
    monkeypatch.undo()
    few = strongest_products(b, b, 3)
    monkeypatch.setattr(sparse_rows, "SPARSE_SHARE", 0)
    monkeypatch.setattr(sparse_rows, "LEAST_SECONDS", 0)
    monkeypatch.setattr(sparse_rows, "SPARSE_RATE", 1)
    monkeypatch.setattr(sparse_rows, "DENSE_RATE", 1)
    np.testing.assert_allclose(strongest_products(b, b, 3).toarray(), few.toarray(), rtol=1e-5)


@needs_numba
@pytest.mark.parametrize("density", [0.0, 0.01, 0.3])  # rows meet nobody, few others, nearly all
@pytest.mark.parametrize("weighed", [True, False])
def test_lists_of_products_have_the_first_of_the_largest(density, weighed, monkeypatch):
    monkeypatch.setattr(sparse_rows, "LEAST_SECONDS", -1)
    monkeypatch.setattr(sparse_rows, "RATE", 1e30)
    monkeypatch.setattr(sparse_rows, "DENSE_SHARE", 1e9)
    monkeypatch.setattr(sparse_rows, "_WEIGHED_CELLS", 500)  # many blocks
    monkeypatch.setattr(sparse_rows, "product", None)
    n, k, rng = 130, 7, np.random.default_rng(4)
    a, b = (rng.integers(-2, 4, (n, 60)) * (rng.random((n, 60)) < density) for _ in "ab")
    scales = rng.integers(-1, 4, n).astype(np.float32)
    full = a @ b.T * (scales[:, None] * scales[::-1] if weighed else 1)
    np.fill_diagonal(full, 0)
    found = strongest_products(
        *(sparse.csr_array(x.astype(np.float32)) for x in (a, b)),
        k,
        (lambda x, rows, columns: x * scales[rows] * scales[::-1][columns]) if weighed else None,
    )
    assert found.shape == (n, n)
    assert found.has_sorted_indices
    for row in range(n):
        best = sorted(np.flatnonzero(full[row] > 0), key=lambda c: (-full[row, c], c))[:k]
        assert found[[row]].indices.tolist() == sorted(best)
        assert found[[row]].data.tolist() == full[row, sorted(best)].tolist()


@needs_numba
@pytest.mark.parametrize("spec", ["ease", "ease:l2=1e-3", "ease:user_exponent=1,dropout=0.2"])
def test_weights_are_the_same_by_compiled_loops(spec, monkeypatch):
    log = planted_pairs(n_users=50, n_items=30)
    frame = log.frame().with_columns(weight=log.frame()["rating"] + 0.5)
    log = Dataset.from_frame(frame.drop("row"))
    before = make(spec).fit(log).weights_
    monkeypatch.setattr(sparse_rows, "RATE", 1e30)
    monkeypatch.setattr(sparse_rows, "LEAST_SECONDS", 0)
    np.testing.assert_allclose(make(spec).fit(log).weights_, before, rtol=1e-4, atol=1e-6)
