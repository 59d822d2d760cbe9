"""Kernelised weights against plain loops, and the objective against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder, KernelWeights, lbfgs_step
from penchant.nn.autoencoder.sparse_batches import SparseBatch


def spread_out(layer, generator):
    """Places so far apart that some weights are cut off and others are not."""
    for places in (layer.inputs, layer.outputs):
        torch.nn.init.normal_(places, 0, 0.5, generator=generator)


def test_weights_fade_with_the_distance_of_places():
    generator = torch.Generator().manual_seed(0)
    layer = KernelWeights(6, 4, 2, 4)
    layer.initialise(generator)
    spread_out(layer, generator)
    found, cost = layer(3.0, 0.5)
    w, u, v = (t.detach().numpy() for t in (layer.weight, layer.inputs, layer.outputs))
    kernel = np.array([[max(0.0, 1 - ((a - b) ** 2).sum()) for b in v] for a in u])
    assert (kernel == 0).any()
    assert (kernel > 0).any()
    assert found.detach().numpy() == pytest.approx(w * kernel, abs=1e-6)
    assert float(cost.detach()) == pytest.approx(
        3 * (w**2).sum() + 0.5 * (kernel**2).sum(), rel=1e-5
    )


def network_and_batch():
    generator = torch.Generator().manual_seed(1)
    rng = np.random.default_rng(1)
    network = KernelAutoencoder(12, (5, 3), 2, torch.sigmoid)
    network.initialise(generator)
    for layer in [*network.layers, network.output]:
        spread_out(layer, generator)
        torch.nn.init.normal_(layer.bias, generator=generator)
    matrix = sparse.csr_array(rng.normal(size=(8, 12)) * (rng.random((8, 12)) < 0.4))
    return network, SparseBatch(matrix.astype(np.float32)), matrix.toarray()


def test_the_objective_is_that_of_dense_matrices():
    network, batch, dense = network_and_batch()
    weights = [layer(0, 0)[0].detach().numpy() for layer in [*network.layers, network.output]]
    biases = [layer.bias.detach().numpy() for layer in [*network.layers, network.output]]
    hidden = dense
    for weight, bias in zip(weights[:2], biases[:2], strict=True):
        hidden = 1 / (1 + np.exp(-(hidden @ weight + bias)))
    outputs = hidden @ weights[2].T + biases[2]
    errors = ((outputs - dense)[dense != 0] ** 2).sum()
    costs = sum(float(layer(0.7, 0.2)[1].detach()) for layer in [*network.layers, network.output])
    found = float(network.objective(batch, batch.values, 0.7, 0.2).detach())
    assert found == pytest.approx((errors + costs) / 2, rel=1e-4)


def test_steps_lead_downhill():
    network, batch, _ = network_and_batch()
    step = lbfgs_step(lambda: network.objective(batch, batch.values, 0.1, 0.01), network, 5, 0.5)
    losses = [float(step(torch.zeros(1))) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.7 * losses[0]
