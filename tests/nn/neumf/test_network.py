"""The network of neural matrix factorisation against its formula, and rows of new users."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.neumf import fold_in
from penchant.nn.neumf import network as neumf
from penchant.nn.neumf.fold_in import fit_user_rows
from penchant.nn.neumf.network import NeuMFNetwork

LAYERS = [(), (6,), (6, 4)]


def network_of(layers, dim=3, mlp_dim=2):
    generator = torch.Generator().manual_seed(0)
    network = NeuMFNetwork(5, 7, dim=dim, mlp_dim=mlp_dim, layers=layers, generator=generator)
    for table in (network.users, network.items):
        table.weight.normal_(generator=generator)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    return network.double().eval().requires_grad_(False)


def by_hand(network, layers, user, item):
    """Eq. 12 of He et al. (2017) for one pair, layer by layer on the concatenated vectors."""
    p, q = network.users.weight[user], network.items.weight[item]
    output = float(network.offset)
    for n in range(3):
        output += float(network.products[n] * p[n] * q[n])
    if layers:
        x = torch.cat([p[3:], q[3:]])
        for layer in network.layers:
            x = torch.relu(layer.weight @ x + layer.bias)
        output += float(network.units @ x)
    return output


@pytest.mark.parametrize("layers", LAYERS)
def test_outputs_are_the_formula(layers, monkeypatch):
    network = network_of(layers)
    users, items = torch.tensor([4, 0, 4]), torch.tensor([[6, 1], [3, 3], [0, 6]])
    found, penalty = network(users, items, 0.5)
    for n, user in enumerate(users):
        for m, item in enumerate(items[n]):
            wanted = by_hand(network, layers, user, item)
            assert float(found[n, m]) == pytest.approx(wanted, abs=1e-9)
    p, q = network.users.weight, network.items.weight
    squares = [float((p[u].square().sum() + q[i].square().sum()).detach()) for u, row in
               zip(users, items, strict=True) for i in row]  # fmt: skip
    assert float(penalty) == pytest.approx(0.5 * np.mean(squares))
    monkeypatch.setattr(neumf, "CELLS", 50)
    everything = network.all_pairs(p, q)
    assert everything.shape == (5, 7)
    torch.testing.assert_close(everything[users[:, None], items], found)
    torch.testing.assert_close(network.rows(p[users], q[items[:, 0]]), found[:, 0])


def test_dropout_is_of_layers_in_training_alone():
    network = network_of((6, 4)).float()
    network.dropout, network.generator = 0.5, torch.Generator().manual_seed(1)
    pair = torch.tensor([1]), torch.tensor([[2]])
    still = {float(network(*pair)[0].detach()) for _ in range(5)}
    moving = {float(network.train()(*pair)[0].detach()) for _ in range(5)}
    assert len(still) == 1 < len(moving)


def test_rows_without_layers_are_those_of_logistic_regression(monkeypatch):
    """Which has one minimum, found here by another method."""
    network = network_of(())
    items = network.items.weight.numpy().astype(np.float32)
    events = UserEvents(
        np.array([0, 4, 4, 9]),
        np.array([0, 1, 2, 3, 6, 5, 4, 3, 1]),
        np.array([1.0, 1, 0, 0, 1, 1, 0, 0, 0]),
    )
    weights = np.array([2, 0.5, 1, 1, 1, 1, 1, 1, 1], np.float32)
    start, l2 = np.full(3, 0.1, np.float32), 0.2
    base = np.linspace(-1, 2, len(items), dtype=np.float32)
    found = fit_user_rows(network, events, weights, start, items, base, l2)
    products, offset = network.products.numpy(), float(network.offset)

    def loss(row, inside):
        x = (items[events.items[inside]] * products) @ row + offset + base[events.items[inside]]
        truth = events.targets[inside]
        each = np.logaddexp(0, np.where(truth == 1, -x, x)) * weights[inside]
        return each.sum() + len(x) * (l2 + 1e-3) * ((row - start) ** 2).sum()

    for user, inside in ((0, slice(0, 4)), (2, slice(4, 9))):
        least = minimize(loss, start.astype(np.float64), args=(inside,)).fun
        assert least <= loss(found[user], inside) < least + 5e-3 < loss(start, inside)
    np.testing.assert_array_equal(found[1], start)
    monkeypatch.setattr(fold_in, "CELLS", 10)  # one user at a time
    alone = fit_user_rows(network, events, weights, start, items, base, l2)
    np.testing.assert_allclose(alone, found, atol=1e-6)
