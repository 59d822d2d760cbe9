"""Steps on batches of pairs of items against gradients by PyTorch, and losses, compiled or not."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from penchant import compiled
from penchant.nn import pairwise
from penchant.nn.pairwise import PairwiseFactors, PairwiseStep, first_violation

LEARNING_RATE, L2 = 0.05, 0.02


def setup():
    generator = torch.Generator().manual_seed(0)
    network = PairwiseFactors(7, 9, 5, generator)
    network.users.mul_(30)  # so that warp finds items that are clearly below
    network.items.mul_(30)
    users = torch.tensor([0, 1, 2, 0, 3, 0])
    items = torch.tensor([0, 1, 2, 3, 3, 8])
    others = torch.tensor([[4, 5], [4, 6], [0, 7], [2, 1], [1, 5], [6, 0]])
    return network, users, items, others


def expected(network, users, items, others, loss):
    """The network after one step, by gradients of the summed loss."""
    network = copy.deepcopy(network)
    p, q = network.users[users], network.items[items]
    above = ((q - network.items[others[:, 0]])[:, :5] * p).sum(1)
    above = above + (q - network.items[others[:, 0]])[:, 5]
    chosen, weight = others[:, 0], torch.ones(len(users))
    if loss == "warp":
        scores = lambda rows: (network.items[rows][..., :5] * p[:, None]).sum(-1)  # noqa: E731
        all_scores = scores(others) + network.items[others][..., 5]
        own = (q[:, :5] * p).sum(1) + q[:, 5]
        trial, weight = first_violation(own[:, None] - all_scores, 9)
        chosen = others[torch.arange(len(users)), trial]
    r = network.items[chosen]
    p, q, r = (x.clone().requires_grad_() for x in (p, q, r))
    above = ((q - r)[:, :5] * p).sum(1) + (q - r)[:, 5]
    if loss == "bpr":
        value = torch.nn.functional.softplus(-above).sum()
    else:
        value = (weight * (1 - above)).sum()
    (value + L2 / 2 * sum(x.square().sum() for x in (p, q, r))).backward()
    for table, squares, rows, gradient in (
        (network.users, network.user_squares, users, p.grad),
        (
            network.items,
            network.item_squares,
            torch.cat([items, chosen]),
            torch.cat([q.grad, r.grad]),
        ),
    ):
        squares.index_add_(0, rows, gradient.square().mean(1))
        table.index_add_(0, rows, -LEARNING_RATE * gradient / squares[rows].sqrt()[:, None])
    return network


@pytest.mark.parametrize("loss", ["bpr", "warp"])
def test_a_step(loss):
    network, users, items, others = setup()
    after = expected(network, users, items, others, loss)
    mean = float(network.losses(loss, users, items, others).mean())
    found = PairwiseStep(network, loss, LEARNING_RATE, L2)(users, items, others)
    assert float(found) == pytest.approx(mean, rel=1e-5)
    for name, value in after.state_dict().items():
        torch.testing.assert_close(getattr(network, name), value, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(not compiled.AVAILABLE, reason="numba is not installed")
@pytest.mark.parametrize("loss", ["bpr", "warp"])
def test_losses_are_the_same_compiled_or_not(loss, monkeypatch):
    network, users, items, others = setup()
    by_loop = network.losses(loss, users, items, others)
    monkeypatch.setattr(pairwise, "AVAILABLE", False)
    without = network.losses(loss, users, items, others)
    torch.testing.assert_close(by_loop, without)
    assert (without > 0).any()


def test_first_violation():
    above = torch.tensor([[2.0, 0.5, 0.1], [0.9, 3.0, 3.0], [5.0, 5.0, 5.0]])
    trial, weight = first_violation(above, 101)
    assert trial.tolist()[:2] == [1, 0]
    assert weight.tolist() == pytest.approx([math.log(51) / math.log(101), 1.0, 0.0])
