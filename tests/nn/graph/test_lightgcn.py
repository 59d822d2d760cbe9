"""Slopes of the softmax by hand against those of automatic differentiation."""

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.nn.graph.lightgcn import PropagatedFactors, _add_slopes, lightgcn_step, vectors_of
from penchant.nn.sampled_softmax import Candidates


def _case():
    generator = np.random.default_rng(0)
    dense = generator.random((30, 12)) * (generator.random((30, 12)) < 0.3)
    dense[:, 4] = 0
    dense[dense.sum(1) == 0, 0] = 1
    x = sparse.csr_array(dense.astype(np.float32))
    torch.manual_seed(2)
    return x, torch.randn(30, 3), torch.randn(12, 3)


def _losses(x, users, items, warm):
    chances = (users @ items[warm].T).log_softmax(1)
    return -(torch.from_numpy(x.toarray()[:, warm]) * chances).sum()


def test_slopes_are_those_of_automatic_differentiation_where_all_items_count():
    x, users, items = _case()
    counts = torch.from_numpy(np.asarray(x.sum(axis=0)))
    candidates = Candidates(counts, 0.5, 100, torch.Generator())
    by_item = torch.zeros_like(items)
    loss, by_user = _add_slopes(users, items, x, candidates, by_item)
    inputs = users.requires_grad_(), items.requires_grad_()
    wanted = _losses(x, *inputs, candidates.warm)
    assert float(loss) == pytest.approx(float(wanted.detach()), rel=1e-5)
    for found, slope in zip((by_user, by_item), torch.autograd.grad(wanted, inputs), strict=True):
        torch.testing.assert_close(found, slope, atol=1e-4, rtol=1e-4)


def test_slopes_by_drawn_items_come_near_on_average():
    x, users, items = _case()
    users, items = users * 0.3, items * 0.3
    counts = torch.from_numpy(np.asarray(x.sum(axis=0)))
    candidates = Candidates(counts, 0.5, 10, torch.Generator().manual_seed(0))
    rounds = 400
    by_item, by_user, loss = torch.zeros_like(items), torch.zeros_like(users), 0.0
    for _ in range(rounds):
        some, slopes = _add_slopes(users, items, x, candidates, by_item)
        loss += float(some) / rounds
        by_user += slopes / rounds
    inputs = users.requires_grad_(), items.requires_grad_()
    wanted = _losses(x, *inputs, candidates.warm)
    assert loss == pytest.approx(float(wanted.detach()), rel=0.03)
    for found, slope in zip(
        (by_user, by_item / rounds), torch.autograd.grad(wanted, inputs), strict=True
    ):
        assert float((found - slope).norm() / slope.norm()) < 0.1


def test_a_step_lowers_the_loss_and_leaves_rows_without_events_at_zero():
    x, _, _ = _case()
    network = PropagatedFactors(x, 3, 2, torch.Generator().manual_seed(0))
    candidates = Candidates(
        torch.from_numpy(np.asarray(x.sum(axis=0))), 0.5, 100, torch.Generator()
    )
    step = lightgcn_step(network, candidates, learning_rate=0.05, l2=0.01)
    losses = [float(step(torch.arange(30))) for _ in range(30)]
    assert losses[-1] < losses[0] - 0.1
    assert not network.items[4].any()
    own, messages, items = network.tables()
    assert not items[4].any()
    known = network.propagation(network.users, network.items)[0].numpy()
    np.testing.assert_allclose(vectors_of(own, messages, x), known, atol=1e-5)
