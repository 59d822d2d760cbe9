from __future__ import annotations

from functools import partial

import numpy as np
import torch

from penchant.nn.weights import squared_norm, to_continue, uninitialised, weights_of, with_weights

make = partial(torch.nn.Linear, 3, 2)


def test_weights_go_into_attributes_and_back():
    network = make()
    state = weights_of(network)
    assert set(state) == {"weight_", "bias_"}
    assert weights_of(torch.nn.Sequential(network)).keys() == {"0_weight_", "0_bias_"}
    again = with_weights(make, state | {"other_": 3})
    x = torch.randn(4, 3)
    assert torch.equal(network(x), again(x))
    assert not again(x).requires_grad
    network.weight.data.zero_()
    assert np.abs(state["weight_"]).min() > 0


def test_blank_networks_draw_no_random_numbers():
    before = torch.random.get_rng_state()
    network = uninitialised(make)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.nn.init.ones_(network.weight)
    assert network.weight.sum() == 6


def test_a_network_to_continue_has_weights_of_its_own():
    state = weights_of(make())
    kept = {name: value.copy() for name, value in state.items()}
    network = to_continue(make, state)
    assert network.training
    network(torch.ones(1, 3)).sum().backward()
    with torch.no_grad():
        network.weight.sub_(network.weight.grad)
    assert all(np.array_equal(state[name], kept[name]) for name in state)
    assert not np.allclose(weights_of(network)["weight_"], kept["weight_"])


def test_squares_are_of_weights_or_of_their_distances():
    weights = [torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])]
    assert squared_norm(weights) == 14
    assert squared_norm(weights, [torch.tensor([1.0, 0.0]), torch.tensor([[2.0]])]) == 5
