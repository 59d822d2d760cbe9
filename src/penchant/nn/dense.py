"""Dense layers with Keras' initial weights, and activations by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

ActivationName = Literal["linear", "relu", "sigmoid", "tanh"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


def dense(n_inputs: int, n_outputs: int, generator: torch.Generator | None) -> nn.Linear:
    """A dense layer with Glorot-uniform weights and biases of zero; meta where not drawn."""
    layer = nn.Linear(n_inputs, n_outputs)
    if not layer.weight.is_meta:
        nn.init.xavier_uniform_(layer.weight, generator=generator)
        nn.init.zeros_(layer.bias)
    return layer


def dense_layers(sizes: Sequence[int], generator: torch.Generator | None) -> nn.ModuleList:
    """A dense layer from each size to the next."""
    return nn.ModuleList(dense(a, b, generator) for a, b in pairwise(sizes))
