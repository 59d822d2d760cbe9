"""The network of ratings, texts and pictures against a plain computation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.nn.hybrid import network as hybrid_network
from penchant.nn.hybrid.network import HybridNetwork

SIZES = {"dim": 3, "joint": 6, "last": 4, "dropout": 0.0}


def network_of(matrix="cosine", layers=(5,), content=True, **changes):
    generator = torch.Generator().manual_seed(0)
    shown = [torch.randn(7, n, generator=generator) for n in (2, 8)] if content else []
    units = (5, 9)
    network = HybridNetwork(
        4,
        7,
        list(zip(shown, units, strict=False)),
        matrix=matrix,
        layers=layers,
        generator=generator,
        **SIZES | changes,
    )
    for table in (network.users, network.items):
        table.weight.normal_(generator=generator)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, generator=generator)
    return network.eval()


def plain(network, user, item):
    """The output of one pair, layer by layer in NumPy."""

    def through(layer, x):
        return layer.weight.detach().numpy() @ x + layer.bias.detach().numpy()

    p, q = network.users.weight[user].numpy(), network.items.weight[item].numpy()
    dim, parts = network.dim, []
    if network.matrix == "cosine":
        a, b = p[:dim], q[:dim]
        parts.append([a @ b / (np.linalg.norm(a) * np.linalg.norm(b))])
    elif network.matrix == "product":
        parts.append(p[:dim] * q[:dim])
    if len(network.layers):
        x = np.concatenate([p[-dim:], q[-dim:]])
        for layer in network.layers:
            x = np.maximum(through(layer, x), 0)
        parts.append(x)
    if network.joint is not None:
        shown = (network.content_0, network.content_1)
        seen = [
            np.maximum(through(layer, rows[item].numpy()), 0)
            for layer, rows in zip(network.content, shown, strict=True)
        ]
        parts.append(np.maximum(through(network.joint, np.concatenate(seen)), 0))
    return through(network.output, through(network.last, np.concatenate(parts)))[0]


@pytest.mark.parametrize("matrix", ["cosine", "product", "none"])
@pytest.mark.parametrize("layers", [(), (5,), (6, 5)])
@pytest.mark.parametrize("content", [True, False])
def test_the_output_is_the_formula(matrix, layers, content):
    if matrix == "none" and not layers and not content:
        return
    network = network_of(matrix, layers, content)
    users, items = torch.meshgrid(torch.arange(4), torch.arange(7), indexing="ij")
    found = network(users.flatten(), items.flatten()).detach().numpy().reshape(4, 7)
    wanted = [[plain(network, u, i) for i in range(7)] for u in range(4)]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_all_pairs_are_the_forward_pass_whatever_is_computed_at_once(monkeypatch):
    network = network_of()
    users, items = torch.meshgrid(torch.arange(4), torch.arange(7), indexing="ij")
    wanted = network(users.flatten(), items.flatten()).detach().view(4, 7)
    for cells in (1, 80, 2**20):
        monkeypatch.setattr(hybrid_network, "_CELLS", cells)
        found = network.all_pairs(
            network.users.weight[:4],
            network.items.weight[:7],
            network.content_features(torch.arange(7)).detach(),
        )
        torch.testing.assert_close(found, wanted)


def test_an_item_shown_as_unknown_keeps_its_content():
    network = network_of()
    users, items = torch.tensor([0, 1]), torch.tensor([2, 5])
    unknown = torch.full_like(items, 7)
    found = network(users, items, unknown)
    wanted = network.combine(
        network.users.weight[users], network.items.weight[unknown], network.content_features(items)
    )
    torch.testing.assert_close(found, wanted)
    assert not torch.allclose(found, network(users, items))


def test_content_of_zeros_is_nothing():
    network = network_of()
    network.content_0[3] = 0
    network.content_1[3] = 0
    torch.testing.assert_close(
        network.content_features(torch.tensor([3])), network.unknown_content()
    )


def test_weights_are_counted_without_the_rows_of_unknown_ones():
    network = network_of()
    rows = (4 + 7) * 2 * 3
    layers = (6 * 5 + 5) + (2 * 5 + 5) + (8 * 9 + 9) + (14 * 6 + 6)
    assert network.n_weights() == rows + layers + ((1 + 5 + 6) * 4 + 4) + (4 + 1)


def test_dropout_is_in_training_alone():
    network = network_of(dropout=0.5, content=False, matrix="none", layers=(40,))
    users, items = torch.tensor([0]), torch.tensor([2])
    asked = {float(network(users, items).detach()) for _ in range(5)}
    network.train()
    trained = {float(network(users, items).detach()) for _ in range(5)}
    assert len(asked) == 1
    assert len(trained) > 1
