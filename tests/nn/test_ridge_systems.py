"""Ridge regressions of many rows against dense ones, one at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.nn.ridge_systems import PriorRows, RidgeRows


@pytest.fixture
def systems():
    rng = np.random.default_rng(2)
    table = rng.uniform(0.5, 2, size=(6, 9)) * (rng.random((6, 9)) < 0.5)
    table[3] = 0
    entries = sparse.csr_array(table.astype(np.float32))
    vectors = torch.from_numpy(rng.normal(size=(9, 4)).astype(np.float32))
    return RidgeRows(
        entries,
        rng.normal(size=entries.nnz).astype(np.float32),
        vectors,
        0.3 * vectors.T @ vectors,
        np.arange(1, 7, dtype=np.float32),
    )


def cost(systems, row, w, prior):
    """The objective of one row, in double precision."""
    part = slice(*systems.entries.indptr[row : row + 2])
    x = systems.vectors.numpy().astype(float)[systems.entries.indices[part]]
    errors = systems.targets[part] - x @ w
    total = (systems.entries.data[part] * errors**2).sum()
    if part.start < part.stop:
        total += w @ systems.gram.numpy().astype(float) @ w
    return total + systems.ridge[row] * ((w - prior) ** 2).sum()


def best(systems, row, prior):
    """The row of least cost."""
    part = slice(*systems.entries.indptr[row : row + 2])
    x = systems.vectors.numpy().astype(float)[systems.entries.indices[part]]
    weight = systems.entries.data[part].astype(float)
    system = (x.T * weight) @ x + systems.ridge[row] * np.eye(4)
    if part.start < part.stop:
        system += systems.gram.numpy()
    right = (x.T * weight) @ systems.targets[part] + systems.ridge[row] * prior
    return np.linalg.solve(system, right)


def test_solutions_are_those_of_dense_systems(systems):
    found = systems.solutions().numpy()
    for row in range(6):
        assert found[row] == pytest.approx(best(systems, row, np.zeros(4)), abs=1e-4)
    assert not found[3].any()


def test_rows_begin_at_their_priors(systems):
    priors = np.random.default_rng(4).normal(size=(6, 4)).astype(np.float32)
    found = PriorRows(systems).rows(torch.from_numpy(priors)).numpy()
    for row in range(6):
        assert found[row] == pytest.approx(best(systems, row, priors[row]), abs=1e-4)
    assert found[3] == pytest.approx(priors[3], abs=1e-6)


def test_costs_are_those_of_the_best_rows_but_for_a_constant(systems):
    rng = np.random.default_rng(5)
    one, other = (rng.normal(size=(6, 4)).astype(np.float32) for _ in range(2))
    rows, every = PriorRows(systems), torch.arange(6)
    first, second = (rows.costs(torch.from_numpy(p), every).numpy() for p in (one, other))
    for row in range(6):
        a, b = (cost(systems, row, best(systems, row, p[row]), p[row]) for p in (one, other))
        assert first[row] - second[row] == pytest.approx(a - b, abs=1e-3)


def test_the_gradient_pulls_priors_to_the_rows(systems):
    """By the envelope theorem it is twice the ridge times the distance."""
    prior = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    rows = PriorRows(systems)
    rows.costs(prior, torch.arange(6)).sum().backward()
    with torch.no_grad():
        expected = 2 * rows.ridge * (prior - rows.rows(prior))
    assert prior.grad.numpy() == pytest.approx(expected.numpy(), abs=1e-3)
