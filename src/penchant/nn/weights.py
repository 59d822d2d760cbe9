"""The weights of a network as a model's fitted attributes, and back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from penchant.typing import Float32, Int64

N = TypeVar("N", bound=nn.Module)


def uninitialised(make: Callable[[], N]) -> N:
    """A network whose weights are allocated but not yet set, without drawing random numbers."""
    with torch.device("meta"):
        network = make()
    return network.to_empty(device="cpu")


def weights_of(network: nn.Module) -> dict[str, Float32]:
    """Each weight by the name of its attribute: `encoder.bias` is `encoder_bias_`."""
    return {
        _attribute(name): value.detach().numpy().copy()
        for name, value in network.state_dict().items()
    }


def with_weights(make: Callable[[], N], state: Mapping[str, Any]) -> N:
    """A network for predicting with the weights that `weights_of` gave, which it shares."""
    with torch.device("meta"):
        network = make()
    found = {name: torch.as_tensor(state[_attribute(name)]) for name in network.state_dict()}
    network.load_state_dict(found, assign=True)
    return network.eval().requires_grad_(False)


def to_continue(make: Callable[[], N], state: Mapping[str, Any]) -> N:
    """A network to go on training, with copies of the weights that `weights_of` gave."""
    return copy.deepcopy(with_weights(make, state)).train().requires_grad_(True)


def with_rows(make: Callable[[], N], state: Mapping[str, Any], rows: Int64) -> dict[str, Any]:
    """The weights that `weights_of` gave, for a network that has more rows in some of them.

    Args:
        make: the larger network.
        state: the weights of the smaller one.
        rows: where the rows of the smaller one stand in the larger one; others are 0.
    """
    with torch.device("meta"):
        network = make()
    larger = {}
    for name, value in network.state_dict().items():
        old = state[_attribute(name)]
        if old.shape != value.shape:
            grown = np.zeros(tuple(value.shape), np.float32)
            grown[rows] = old
            larger[_attribute(name)] = grown
    return {**state, **larger}


def squared_norm(weights: Iterable[Tensor], start: Iterable[Tensor] | None = None) -> Tensor:
    """The sum of squared weights or, where a start is given, of their distances from it.

    A penalty on it draws weights to 0 or to the start. Drawn to the start, those of which a batch
    says nothing stay exactly where they are, also under Adam, whose steps are as long for a small
    gradient as for a large one.
    """
    moved = weights if start is None else (w - s for w, s in zip(weights, start, strict=True))
    return torch.stack([part.square().sum() for part in moved]).sum()


def _attribute(name: str) -> str:
    return name.replace(".", "_") + "_"
