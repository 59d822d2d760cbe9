"""The estimated softmax and its step, against autograd and the exact softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.optimize import minimize

from penchant.nn.ranking_factors import RankingFactors
from penchant.nn.sampled_softmax import (
    Candidates,
    fit_softmax_rows,
    softmax_step,
)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def random_factors(generator, n_users=5, n_items=9, dim=4):
    network = RankingFactors(n_users, n_items, dim, generator)
    for table in (network.users, network.items):
        table.copy_(torch.randn(table.shape, generator=generator))
    return network


def test_a_step_over_all_items_follows_the_exact_softmax(generator):
    network = random_factors(generator)
    users, items = torch.tensor([0, 3, 3, 1]), torch.tensor([2, 5, 8, 2])
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0])
    p, q = network.users.clone().requires_grad_(), network.items.clone().requires_grad_()
    losses = torch.nn.functional.cross_entropy(
        (p @ q[:, :4].T + q[:, 4])[users], items, reduction="none"
    )
    ridge = 0.1 * weights * (p[users].square().sum(1) + q[items].square().sum(1)) / 2
    ((losses * weights).sum() + ridge.sum()).backward()
    candidates = Candidates(torch.ones(9), 0.5, 9, generator)
    before = network.users.clone(), network.items.clone()
    step = softmax_step(network, candidates, learning_rate=1.0, l2=0.1)
    loss = step(users, items, weights)
    assert float(loss) == pytest.approx(float((losses * weights).mean().detach()), rel=1e-5)
    # All rows move against their gradients, each by a rate of its own.
    for table, old, gradient, squares in (
        (network.users, before[0], p.grad, network.user_squares),
        (network.items, before[1], q.grad, network.item_squares),
    ):
        rates = 1 / squares.sqrt()[:, None]
        np.testing.assert_allclose(table, old - rates * gradient, atol=1e-5)


def test_the_estimated_sum_is_right_on_average(generator):
    """Each drawn item stands for as many as it is rarely drawn."""
    counts = torch.tensor([1.0, 10.0, 0.0, 3.0, 7.0])
    candidates = Candidates(counts, 0.7, 3, generator)
    values = torch.tensor([2.0, 0.5, 9.0, 4.0, 1.0])
    estimates = []
    for _ in range(20_000):
        drawn, log_expected = candidates.draw()
        estimates.append(float((values[drawn] / log_expected.exp()).sum()))
    assert np.mean(estimates) == pytest.approx(7.5, rel=0.02)


def test_drawn_items_of_the_event_itself_do_not_count(generator):
    network = random_factors(generator, n_items=2)
    before = network.items.clone()
    candidates = Candidates(torch.tensor([1.0, 0.0]), 1.0, 4, generator)  # item 0 alone
    step = softmax_step(network, candidates, learning_rate=1.0, l2=0.0)
    loss = step(torch.tensor([0]), torch.tensor([0]), torch.ones(1))
    assert float(loss) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(network.items, before, atol=1e-6)


def test_new_rows_are_those_that_make_events_most_likely(generator):
    rng = np.random.default_rng(0)
    items, bias = rng.normal(0, 0.7, (12, 3)).astype(np.float32), np.zeros(12, np.float32)
    events = np.zeros((3, 12), np.float32)
    events[0, [1, 4]], events[1, [2, 3, 7]] = (1.0, 3.0), 1.0
    candidates = Candidates(torch.ones(12), 0.5, 99, generator)
    found = fit_softmax_rows(sparse.csr_array(events), items, bias, 0.3, candidates)
    for row, weights in zip(found, events, strict=True):
        if not weights.any():
            assert not row.any()
            continue
        shares = weights / weights.sum()

        def loss(p, shares=shares):
            scores = items @ p
            return np.log(np.exp(scores).sum()) - shares @ scores + 0.15 * p @ p

        np.testing.assert_allclose(row, minimize(loss, np.zeros(3)).x, atol=0.02)
