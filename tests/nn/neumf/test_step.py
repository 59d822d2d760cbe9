"""The compiled step against the one that automatic differentiation makes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.compiled import AVAILABLE, compiled_threads
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.neumf.network import NeuMFNetwork
from penchant.run import Run

if not AVAILABLE:
    pytest.skip("loops are compiled only with numba", allow_module_level=True)

from penchant.nn.neumf.step import CompiledNeuMFStep

N_USERS, N_ITEMS = 40, 60
LAYERS = [(5,), (6, 4), (8, 5, 3)]


def network_of(layers, dim=3, mlp_dim=2):
    generator = torch.Generator().manual_seed(0)
    network = NeuMFNetwork(
        N_USERS, N_ITEMS, dim=dim, mlp_dim=mlp_dim, layers=layers, generator=generator
    )
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    return network.train()


def batches(n_events, n_pairs, times=3):
    rng = np.random.default_rng(1)
    for _ in range(times):
        yield (
            torch.from_numpy(rng.integers(N_USERS, size=n_events)),
            torch.from_numpy(rng.integers(N_ITEMS, size=(n_events, n_pairs))),
            torch.from_numpy(rng.uniform(0.5, 3, n_events).astype(np.float32)),
        )


POPULARITY = np.random.default_rng(2).normal(size=N_ITEMS).astype(np.float32)


def automatic(network, optimiser, l2, users, items, weights):
    optimiser.zero_grad()
    output, penalty = network(users, items, l2)
    output = output + torch.from_numpy(POPULARITY)[items]
    above = functional.softplus(-output[:, 0])
    if weights is not None:
        above = above * weights
    below = functional.softplus(output[:, 1:]).sum()
    loss = (above.sum() + below) / output.numel() + penalty
    loss.backward()
    optimiser.step()
    return float(loss.detach())


def optimiser_of(network):
    return RowAdam([network.users, network.items], [*network.parameters()], 0.01)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("n_events", "n_pairs"), [(7, 5), (300, 5), (3, 2), (1200, 2)])
def test_steps_are_those_of_automatic_differentiation(layers, weighted, n_events, n_pairs):
    wanted, found = network_of(layers), network_of(layers)
    adam = optimiser_of(wanted)
    step = CompiledNeuMFStep(found, optimiser_of(found), POPULARITY, 0.1, n_events, n_pairs)
    for users, items, weights in batches(n_events, n_pairs):
        given = weights if weighted else None
        loss = automatic(wanted, adam, 0.1, users, items, given)
        columns = (users, items, weights) if weighted else (users, items)
        assert float(step(*columns)) == pytest.approx(loss, rel=1e-6)
    for (name, one), two in zip(
        wanted.state_dict().items(), found.state_dict().values(), strict=True
    ):
        np.testing.assert_allclose(two, one, atol=5e-6, err_msg=name)


def test_a_last_batch_may_be_smaller():
    wanted, found = network_of((6, 4)), network_of((6, 4))
    adam = optimiser_of(wanted)
    step = CompiledNeuMFStep(found, optimiser_of(found), POPULARITY, 0.0, 500, 4)
    for n_events in (500, 1):
        for users, items, _ in batches(n_events, 4, times=1):
            automatic(wanted, adam, 0.0, users, items, None)
            step(users, items)
    for one, two in zip(wanted.state_dict().values(), found.state_dict().values(), strict=True):
        np.testing.assert_allclose(two, one, atol=5e-6)


def test_threads_decide_nothing():
    states = []
    for threads in (1, 2):
        network = network_of((8, 5, 3))
        step = CompiledNeuMFStep(network, optimiser_of(network), POPULARITY, 0.1, 2000, 5)
        with compiled_threads(Run(threads=threads)):
            for users, items, weights in batches(2000, 5):
                step(users, items, weights)
        states.append(network.state_dict())
    for one, two in zip(*(state.values() for state in states), strict=True):
        np.testing.assert_array_equal(one, two)
