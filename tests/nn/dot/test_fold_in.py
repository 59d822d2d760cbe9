from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from penchant.data.histories import Histories
from penchant.nn.dot.fold_in import UserEvents, fold_in
from penchant.nn.dot.network import Head
from penchant.nn.dot.training import Objective

N_ITEMS, DIM = 30, 3


def a_head(layers=(), **options):
    head = Head(DIM, layers, **options).double().requires_grad_(False)
    head.initialise(torch.Generator().manual_seed(3))
    head.output[-1] = 3.0
    return head


def some_events(lengths, *, binary=False, seed=0):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    truth = rng.integers(1, 6, offsets[-1]).astype(float)
    items = rng.integers(N_ITEMS, size=offsets[-1])
    return UserEvents(offsets, items, (truth > 3).astype(float) if binary else truth)


def of_one(user_events, n):
    part = slice(user_events.offsets[n], user_events.offsets[n + 1])
    length = user_events.offsets[n + 1] - user_events.offsets[n]
    return UserEvents(np.array([0, length]), user_events.items[part], user_events.targets[part])


def value(w, head, objective, events, vectors, biases):
    """What is to be smallest, for one user."""
    p, bias = torch.from_numpy(w[:DIM]), float(w[DIM:].sum())
    q = torch.from_numpy(vectors[events.items].astype(float))
    output = head(q @ p, p.expand(len(q), -1), q) + bias
    if biases is not None:
        output = output + torch.from_numpy(biases[events.items].astype(float))
    losses = objective.each(output, torch.from_numpy(events.targets))
    return float(losses.mean()) + objective.l2 * float(w @ w)


def the_items(seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0, 1, (N_ITEMS, DIM)).astype(np.float32)
    return vectors, rng.normal(0, 1, N_ITEMS).astype(np.float32)


LENGTHS = [4, 0, 1, 12, 4, 40, 2]


@pytest.mark.parametrize("with_biases", [True, False])
@pytest.mark.parametrize("l2", [0.2, 0.01])
@pytest.mark.parametrize("loss", ["mse", "mae", "bce"])
def test_a_linear_head_leads_to_the_minimum(loss, l2, with_biases):
    head, objective = a_head(), Objective(loss, l2)
    vectors, biases = the_items()
    biases = biases if with_biases else None
    user_events = some_events(LENGTHS, binary=loss == "bce")
    found, bias = fold_in(head, objective, user_events, vectors, biases)
    assert found.dtype == bias.dtype == np.float32
    for n in np.flatnonzero(LENGTHS):
        args = head, objective, of_one(user_events, n), vectors, biases
        w = np.append(found[n], bias[n])[: DIM + with_biases].astype(float)
        mine = value(w, *args)
        method = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20_000, "maxfev": 20_000}
        theirs = minimize(value, w, args, method="Nelder-Mead", options=method)
        away = minimize(value, w + 0.3, args, method="Nelder-Mead", options=method)
        assert mine <= min(theirs.fun, away.fun) + (1e-3 if loss == "mae" else 1e-6)
        assert mine < value(0 * w, *args) - 1e-3


def test_separable_likes_without_a_penalty_stay_finite():
    head = a_head()
    vectors, biases = the_items()
    vectors *= 30
    user_events = some_events([5, 3, 20], binary=True)
    user_events.targets[:8] = 0
    found, bias = fold_in(head, Objective("bce"), user_events, vectors, biases + 6)
    assert np.isfinite(found).all()
    for n in range(3):
        args = head, Objective("bce"), of_one(user_events, n), vectors, biases + 6
        w = np.append(found[n], bias[n]).astype(float)
        assert value(w, *args) < 0.2 * value(0 * w, *args)


@pytest.mark.parametrize("loss", ["mse", "mae", "bce"])
@pytest.mark.parametrize(
    "options",
    [{"layers": (6,), "activation": "sigmoid"}, {"layers": (8, 4), "skip": "first"}],
)
def test_dense_layers_are_gone_down_with(loss, options):
    head, objective = a_head(**options), Objective(loss, 0.01)
    vectors, biases = the_items()
    user_events = some_events(LENGTHS, binary=loss == "bce")
    found, bias = fold_in(head, objective, user_events, vectors, biases)
    mine, zeros, best = [], [], []
    for n in np.flatnonzero(LENGTHS):
        args = head, objective, of_one(user_events, n), vectors, biases
        w = np.append(found[n], bias[n]).astype(float)
        mine.append(value(w, *args))
        zeros.append(value(0 * w, *args))
        best.append(minimize(value, 0 * w, args, method="BFGS").fun)
    gained = (np.array(zeros) - mine) / (np.array(zeros) - best)
    # Neither need end in the lowest of all minima.
    assert (gained > 0.4).all()
    assert gained.mean() > 0.8


@pytest.mark.parametrize("options", [{}, {"layers": (5,), "skip": "dot"}])
@pytest.mark.parametrize("loss", ["mse", "mae", "bce"])
def test_nobody_depends_on_others(loss, options, monkeypatch):
    head, objective = a_head(**options), Objective(loss, 0.001)
    vectors, biases = the_items()
    user_events = some_events(LENGTHS, binary=loss == "bce")
    together, bias = fold_in(head, objective, user_events, vectors, biases)
    monkeypatch.setattr("penchant.nn.dot.fold_in._MAX_CELLS", 30)
    parts, parts_bias = fold_in(head, objective, user_events, vectors, biases)
    np.testing.assert_allclose(parts, together, atol=1e-6)
    np.testing.assert_allclose(parts_bias, bias, atol=1e-6)
    for n in range(len(LENGTHS)):
        alone, its_bias = fold_in(head, objective, of_one(user_events, n), vectors, biases)
        np.testing.assert_allclose(alone[0], together[n], atol=1e-6)
        np.testing.assert_allclose(its_bias[0], bias[n], atol=1e-6)
    assert (together[1] == 0).all()
    assert bias[1] == 0


def test_drawn_negatives_are_not_of_the_history_and_depend_on_nobody():
    rng = np.random.default_rng(0)
    each = [rng.choice(N_ITEMS, n, replace=False) for n in (5, 0, 12, 5)]
    batch = Histories(
        users=np.full(4, -1, np.int32),
        offsets=np.array([0, 5, 5, 17, 22]),
        items=np.concatenate(each).astype(np.int32),
        ratings=None,
        times=None,
        n_items=N_ITEMS,
    )
    together = UserEvents.with_negatives(batch, 3, seed=0)
    for n, items in enumerate(each):
        one = of_one(together, n)
        assert sorted(one.items[one.targets == 1]) == sorted(items)
        drawn = one.items[one.targets == 0]
        assert not np.isin(drawn, items).any()
        assert len(items) <= len(drawn) <= 3 * len(items)
        alone = UserEvents.with_negatives(Histories.of(items, n_items=N_ITEMS), 3, seed=0)
        np.testing.assert_array_equal(alone.items, one.items)
        np.testing.assert_array_equal(alone.targets, one.targets)
