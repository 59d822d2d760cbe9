"""The loss of UltraGCN by hand against automatic differentiation, and omega against its formula."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn.functional import softplus

from penchant.nn.graph.ultragcn import (
    PairWeights,
    UltraFactors,
    fitted_users,
    similarity_scales,
    ultragcn_step,
)
from penchant.nn.sampled_softmax import Candidates


def _events():
    generator = np.random.default_rng(0)
    dense = generator.random((30, 12)) * (generator.random((30, 12)) < 0.3)
    dense[:, 4] = 0
    dense[dense.sum(1) == 0, 0] = 1
    return sparse.csr_array(dense.astype(np.float32))


def _weights(x):
    generator = np.random.default_rng(1)
    dense = generator.random((12, 12)) * (generator.random((12, 12)) < 0.3)
    dense[4] = dense[:, 4] = 0  # an item without events is like no other
    similar = sparse.csr_array(dense.astype(np.float32))
    return PairWeights(np.asarray(x.sum(axis=0)), similar, 2.0, 0.5, 10.0)


def _loss(x, weights, users, items):
    """Equations 9 to 16 as they stand, all items with events but the own ones for negatives."""
    dense, omega = x.toarray().astype(np.float64), weights.similar.toarray()
    d_u, d_i = dense.sum(1), dense.sum(0)
    beta = (np.sqrt(d_u + 1) / d_u)[:, None] / np.sqrt(d_i + 1)
    scores = users @ items[:, :-1].T + items[:, -1]
    warm = d_i > 0
    positive = dense * (1 + 2.0 * beta) + 0.5 * dense @ omega
    negative = 10.0 * d_u[:, None] / warm.sum() * (1 + 2.0 * beta) * (dense == 0) * warm
    positive, negative = (torch.from_numpy(a).float() for a in (positive, negative))
    return (positive * softplus(-scores) + negative * softplus(scores)).sum()


def test_omega_is_the_formula_of_the_paper():
    x = _events()
    together = (x.T @ x).toarray().astype(np.float64)
    sums = together.sum(1)
    by_row, by_column = similarity_scales(x)
    for i in range(12):
        for j in range(12):
            if i != 4 and j != 4:
                wanted = together[i, j] / (sums[i] - together[i, i]) * np.sqrt(sums[i] / sums[j])
                found = together[i, j] * by_row[i] * by_column[j]
                assert found == pytest.approx(wanted, rel=1e-4)
    assert by_row[4] == by_column[4] == 0


def test_slopes_are_those_of_automatic_differentiation():
    x = _events()
    weights = _weights(x)
    torch.manual_seed(2)
    users, items = torch.randn(30, 3), torch.randn(12, 4)
    pairs = weights.pairs(x, np.flatnonzero(weights.item_events > 0))
    loss, by_user, by_item = pairs.slopes(users, items[torch.from_numpy(pairs.columns).long()])
    inputs = users.requires_grad_(), items.requires_grad_()
    wanted = _loss(x, weights, *inputs)
    assert float(loss) == pytest.approx(float(wanted.detach()), rel=1e-5)
    slopes = torch.autograd.grad(wanted, inputs)
    torch.testing.assert_close(by_user, slopes[0], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        by_item, slopes[1][torch.from_numpy(pairs.columns).long()], atol=1e-4, rtol=1e-4
    )


def test_drawn_negatives_count_as_all_do_on_average():
    x = _events()
    weights = _weights(x)
    torch.manual_seed(2)
    users, items = 0.3 * torch.randn(30, 3), 0.3 * torch.randn(12, 4)
    candidates = Candidates(
        torch.from_numpy(weights.item_events), 0, 5, torch.Generator().manual_seed(0)
    )
    losses = []
    for _ in range(400):
        pairs = weights.pairs(x, candidates.draw()[0].numpy())
        columns = torch.from_numpy(pairs.columns).long()
        losses.append(float(pairs.slopes(users, items[columns])[0]))
    assert np.mean(losses) == pytest.approx(float(_loss(x, weights, users, items)), rel=0.03)


def test_steps_lower_the_loss_and_leave_rows_without_events_alone():
    x = _events()
    weights = _weights(x)
    network = UltraFactors(x, 3, weights.negative_weight, torch.Generator().manual_seed(0))
    candidates = Candidates(torch.from_numpy(weights.item_events), 0, 100, torch.Generator())
    step = ultragcn_step(network, x, weights, candidates, learning_rate=0.03, l2=0.01)
    losses = [float(step(torch.arange(30))) for _ in range(30)]
    assert losses[-1] < losses[0] - 0.1
    assert not network.items.weight[4, :-1].any()
    assert network.items.weight[4, -1] < network.items.weight[weights.item_events > 0, -1].max()


def test_fitted_vectors_have_the_least_loss():
    x = _events()
    weights = _weights(x)
    items = np.random.default_rng(3).standard_normal((12, 4)).astype(np.float32)
    found = torch.from_numpy(fitted_users(x, items, weights, 0.5))
    best = torch.zeros_like(found).requires_grad_()
    optimiser = torch.optim.LBFGS([best], max_iter=500, line_search_fn="strong_wolfe")

    def cost(users):
        return _loss(x, weights, users, torch.from_numpy(items)) + 0.25 * users.square().sum()

    def closure():
        optimiser.zero_grad()
        value = cost(best)
        value.backward()
        return value

    optimiser.step(closure)
    assert float(cost(found)) <= 1.001 * float(cost(best).detach())
    torch.testing.assert_close(found, best.detach(), atol=0.05, rtol=0.05)
