from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from penchant.errors import DataError
from penchant.models.gaussian_process import systems as module
from penchant.models.gaussian_process.inverses import regression
from penchant.models.gaussian_process.parallel_sums import in_parts
from penchant.models.gaussian_process.systems import (
    add_to,
    buffer_for,
    from_upper,
    inverse_and_solution,
    solution_of,
)
from penchant.run import Run


@pytest.fixture(params=[True, False], ids=["compiled", "plain"])
def way(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(module, "AVAILABLE", False)


def case(seed, n=9):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    covariance = (root @ root.T / n + np.eye(n)).astype(np.float32)
    items = np.flatnonzero(rng.random(n) < 0.6)
    return covariance, items, rng.normal(size=len(items)).astype(np.float32)


@pytest.mark.usefixtures("way")
def test_systems_are_inverted_solved_and_added_up_in_place():
    for seed in range(20):
        covariance, items, values = case(seed)
        if not len(items):
            continue
        buffer = np.full(100, np.nan, np.float32)
        whole = covariance[np.ix_(items, items)].astype(float) + 0.5 * np.eye(len(items))
        inverted, solution, half = inverse_and_solution(buffer, covariance, items, 0.5, values)
        wanted = np.linalg.inv(whole)
        np.testing.assert_allclose(np.triu(inverted), np.triu(wanted), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(solution, wanted @ values, rtol=1e-3, atol=1e-4)
        assert half == pytest.approx(0.5 * np.linalg.slogdet(whole)[1], abs=1e-4)
        seen = np.ones_like(covariance)
        add_to(seen, items, inverted, solution)
        full = np.ones_like(covariance)
        full[np.ix_(items, items)] += np.outer(solution, solution) - wanted
        np.testing.assert_allclose(from_upper(seen), full, rtol=1e-3, atol=1e-4)
        found = solution_of(buffer, covariance, items, 0.5, values)
        np.testing.assert_allclose(found, wanted @ values, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("way")
def test_what_single_precision_cannot_invert_is_inverted_in_double():
    covariance = np.full((3, 3), 1e6, np.float32)
    covariance[np.diag_indices(3)] += np.float32([0.5, 1, 2])
    items, values = np.arange(3), np.float32([1, 2, 3])
    buffer = np.empty(9, np.float32)
    whole = covariance.astype(float) + 1e-3 * np.eye(3)
    for solution in (
        inverse_and_solution(buffer, covariance, items, 1e-3, values)[1],
        solution_of(buffer, covariance, items, 1e-3, values),
    ):
        assert np.isfinite(solution).all()
    assert np.linalg.cond(whole) > 1e6
    negative = -np.eye(3, dtype=np.float32)
    with pytest.raises(DataError, match="became singular"):
        inverse_and_solution(buffer, negative, items, 0.1, values)


@given(counts=st.lists(st.integers(0, 4), max_size=12), threads=st.integers(1, 3))
def test_every_user_is_in_one_part_whatever_the_threads(counts, threads):
    sizes = np.array(counts, np.int64)
    parts = in_parts(lambda users: users.tolist(), sizes, Run(threads=threads))
    assert [user for part in parts for user in part] == np.flatnonzero(sizes).tolist()
    assert parts == in_parts(lambda users: users.tolist(), sizes, Run(threads=1))


def test_there_is_room_for_the_largest_of_some_systems():
    rated = sparse.csr_array(np.tril(np.ones((4, 4), np.float32)))
    assert len(buffer_for(rated, np.array([1, 2]))) == 9
    assert not len(buffer_for(rated, np.arange(0)))


def test_a_regression_on_a_covariance():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(6, 9)).astype(np.float32)
    covariance, targets = rows @ rows.T, rng.normal(size=(2, 6)).astype(np.float32)
    np.testing.assert_allclose(regression(covariance, targets) @ covariance, targets, atol=1e-4)
    with pytest.raises(DataError, match="singular: raise the model's noise"):
        regression(-covariance, targets)
