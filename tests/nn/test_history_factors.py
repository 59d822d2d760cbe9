"""Descent on one rating at a time, against the published steps, which move whole histories."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.compiled import AVAILABLE
from penchant.nn import history_factors
from penchant.nn.history_factors import (
    HistoryFactors,
    HistoryFactorsStep,
    UserRatings,
    descend_in_chunks,
)

RATE, L2, L2_BIAS, L2_HISTORY = 0.02, 0.05, 2.0, 0.3
TABLES = ("items", "implicit", "explicit", "users", "item_bias", "user_bias")


def made_up(lengths, n_items, dim, seed=0):
    """Ratings of users of these numbers of items, and a network with random rows."""
    rng = np.random.default_rng(seed)
    items = np.concatenate([rng.permutation(n_items)[:n] for n in lengths])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    matrices = [
        sparse.csr_array((rng.normal(size=len(items)), items, offsets), (len(lengths), n_items))
        for _ in range(2)
    ]
    generator = torch.Generator().manual_seed(seed)
    ratings = UserRatings.of(*matrices, generator)
    rated = torch.ones(n_items, dtype=torch.bool)
    bias = [rng.normal(size=n).astype(np.float32) for n in (n_items, len(lengths))]
    network = HistoryFactors(*bias, rated, dim, 0.3, generator)
    for name in TABLES[1:4]:
        getattr(network, name).normal_(0, 0.3, generator=generator)
    return ratings, network


def published_steps(ratings, network, users, *, own, explicit):
    """Every step of the gradient of e^2 / 2 and its penalties, some after the step, row by row."""
    q, y, x, p, item_bias, user_bias = (getattr(network, n).numpy().astype(float) for n in TABLES)
    total = 0.0
    item_counts = np.bincount(ratings.items, minlength=len(item_bias))
    for u in users:
        part = slice(ratings.offsets[u], ratings.offsets[u + 1])
        history, residuals = ratings.items[part], ratings.residuals[part].astype(float)
        n = len(history)
        kept = 1 / (1 + RATE * L2_HISTORY / max(n, 1) * (1 + history_factors.SHORT / max(n, 1)))
        for i, target in zip(history, ratings.targets[part], strict=True):
            z = y[history].sum(0) / n**0.5
            if explicit:
                z += residuals @ x[history] / n**0.5
            if own:
                z += p[u]
            error = target - item_bias[i] - user_bias[u] - q[i] @ z
            total += error**2
            old = q[i].copy()
            q[i] += RATE * (error * z - L2 * q[i])
            item_bias[i] = (item_bias[i] + RATE * error) / (1 + RATE * L2_BIAS / item_counts[i])
            for j, residual in zip(history, residuals, strict=True):
                y[j] = kept * y[j] + RATE * error * old / n**0.5
                if explicit:
                    x[j] = kept * x[j] + RATE * error * residual * old / n**0.5
            if own:
                p[u] += RATE * (error * old - L2 * p[u])
                user_bias[u] = (user_bias[u] + RATE * error) / (1 + RATE * L2_BIAS / n)
    return dict(zip(TABLES, (q, y, x, p, item_bias, user_bias), strict=True)), total


@pytest.mark.parametrize("way", ["compiled", "whole arrays"])
@pytest.mark.parametrize(("own", "explicit"), [(True, False), (False, True), (True, True)])
def test_steps_are_those_published(monkeypatch, way, own, explicit):
    if way == "compiled" and not AVAILABLE:
        pytest.skip("nothing is compiled without numba")
    monkeypatch.setattr(history_factors, "AVAILABLE", way == "compiled")
    ratings, network = made_up([7, 0, 20, 1, 13], 25, 3)
    users = torch.tensor([2, 0, 1, 4, 3, 0])  # one user twice, and one without ratings
    wanted, total = published_steps(ratings, network, users, own=own, explicit=explicit)
    step = HistoryFactorsStep(
        network,
        ratings,
        learning_rate=RATE,
        l2=L2,
        l2_bias=L2_BIAS,
        l2_history=L2_HISTORY,
        own=own,
        explicit=explicit,
    )
    loss = step(users)
    for name in TABLES:
        assert getattr(network, name).numpy() == pytest.approx(wanted[name], abs=2e-5), name
    of_average_user = (7 + 20 + 1 + 13) / 4
    assert float(loss) == pytest.approx(total / (of_average_user * 6), rel=1e-4)


def test_a_long_history_is_gone_through_in_chunks(monkeypatch):
    monkeypatch.setattr(history_factors, "CHUNK", 64)
    lengths = [2 * history_factors.CHUNK + 50]
    ratings, network = made_up(lengths, 700, 4)
    users = np.array([0])
    wanted, total = published_steps(ratings, network, users, own=True, explicit=True)
    tables = [getattr(network, n).numpy() for n in TABLES]
    counts = np.bincount(ratings.items, minlength=700), np.diff(ratings.offsets)
    kept = [(1 / (1 + RATE * L2_BIAS / np.maximum(n, 1))).astype(np.float32) for n in counts]
    rates = (*kept, np.float32(RATE), np.float32(L2), np.float32(L2_HISTORY))
    columns = (ratings.offsets, ratings.items, ratings.targets, ratings.residuals)
    found = descend_in_chunks(users, *columns, *tables, *rates, True, True)
    assert found == pytest.approx(total, rel=1e-4)
    for name, table in zip(TABLES, tables, strict=True):
        assert table == pytest.approx(wanted[name], abs=1e-4), name


def test_items_without_ratings_have_no_vectors():
    rated = torch.tensor([True, False, True])
    generator = torch.Generator().manual_seed(0)
    network = HistoryFactors(
        np.zeros(3, np.float32), np.zeros(2, np.float32), rated, 4, 0.1, generator
    )
    assert network.items.any(1).tolist() == [True, False, True]
    assert not network.implicit.any()
