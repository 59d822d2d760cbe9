"""An autoencoder that is asked for some entries of its output only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from penchant.nn.sparse_batches import SparseBatch, SparseLinear

Activation = Literal["sigmoid", "tanh", "relu", "identity"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": lambda x: x,
}


class MaskedAutoencoder(nn.Module):
    """A sparse vector, one hidden layer, and linear units for the wanted entries of the vector.

    Args:
        n_columns: length of the vectors.
        hidden: units between them.
        activation: of the hidden units.
    """

    def __init__(self, n_columns: int, hidden: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        self.encoder = SparseLinear(n_columns, hidden)
        self.decoder = nn.Linear(hidden, n_columns)

    def encode(self, batch: SparseBatch) -> Tensor:
        """float32[n_rows, hidden]."""
        return self.activation(self.encoder(batch))

    def decode(self, hidden: Tensor, wanted: SparseBatch) -> Tensor:
        """float32[n_entries], the output at each entry of `wanted`."""
        return wanted.dots(hidden, self.decoder.weight) + self.decoder.bias[wanted.columns]
