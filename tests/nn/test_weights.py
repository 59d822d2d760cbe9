from __future__ import annotations

from functools import partial

import numpy as np
import torch

from penchant.nn.weights import blank, weights_of, with_weights

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
    network = blank(make)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.nn.init.ones_(network.weight)
    assert network.weight.sum() == 6
