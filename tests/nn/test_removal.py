"""What scores lose without single examples of a fitted row."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from penchant.data.histories import Histories
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.nn.removal import falls_without, of_events, row_falls, slope_and_curvature

N, K, M = 12, 3, 5
RIDGE = np.array([2.0, 2.0, 0.5])


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, K)), rng.normal(size=(M, K)), rng.normal(size=N)


def minimum(x, y, weights, loss):
    """The row that minimises the weighted losses and half the ridge times its squares."""

    def total(w):
        out = x @ w
        each = (out - y) ** 2 if loss == "mse" else np.logaddexp(0, out) - y * out
        return weights @ each + 0.5 * RIDGE @ w**2

    return minimize(total, np.zeros(K), method="BFGS", options={"gtol": 1e-9}).x


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "tolerance"), [("mse", 1e-5), ("bce", 0.1)])
def test_falls_are_those_of_fitting_again(examples, loss, tolerance, weighted):
    x, items, y = examples
    y = (y > 0).astype(float) if loss == "bce" else y
    weights = np.linspace(0.5, 2, N) if weighted else np.ones(N)
    row = minimum(x, y, weights, loss)
    events = UserEvents(np.array([0, N]), np.arange(N), y, weights if weighted else None)
    output = torch.from_numpy(x @ row)
    slopes = slope_and_curvature(Objective(loss), output, events)
    found = falls_without(*map(torch.from_numpy, (items, x)), *slopes, torch.from_numpy(RIDGE))
    for n in range(N):
        others = np.arange(N) != n
        again = minimum(x[others], y[others], weights[others], loss)
        np.testing.assert_allclose(found[:, n], items @ (row - again), atol=tolerance)


def test_gradients_of_a_network_take_the_place_of_vectors(examples):
    x, items, y = examples
    events = UserEvents(np.array([0, N]), np.arange(N), y)
    row, q = np.array([0.3, -0.2, 0.5]), torch.from_numpy(x)
    z = torch.from_numpy(items)
    direct = falls_without(
        z, q, *slope_and_curvature(Objective("mae"), q @ torch.from_numpy(row), events), 2.0
    )
    through = row_falls(
        Objective("mae"),
        events,
        lambda rows: (rows * q).sum(1),
        row,
        2.0,
        lambda rows: (rows * z).sum(1),
        M,
    )
    np.testing.assert_allclose(through, direct, atol=1e-9)


def test_falls_of_examples_as_those_of_events():
    user = Histories.of([4, 2, 4, 7], n_items=9)
    falls = np.array([[1.0, 10.0, 100.0, 1000.0]])
    found = of_events(falls, np.array([2, 4, 2, 8]), user)
    assert found.tolist() == [[0, 101, 10, 0]]
    assert of_events(np.zeros((2, 0)), np.array([], int), user).shape == (2, 4)
