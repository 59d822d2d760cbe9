"""Recurrent networks over sequences of items."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from penchant.nn.sequence.dropout import ByteDropout
from penchant.nn.sequence.encoder import SequenceEncoder

Cell = Literal["gru", "lstm"]
_NETWORKS: dict[Cell, type[nn.GRU | nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class RecurrentEncoder(SequenceEncoder):
    """Vectors of items in, for each place a vector out whose products with items' score them.

    Args:
        dim: length of the vectors.
        hidden: units of each layer.
        layers: of recurrent cells.
        cell: kind of these.
        dropout: share of the inputs' and outputs' units that training leaves out.
        generator: decides which units are left out.
    """

    def __init__(
        self,
        dim: int,
        hidden: int,
        layers: int,
        cell: Cell,
        dropout: float,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.dropout = ByteDropout(dropout, generator)
        self.units = _NETWORKS[cell](dim, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """float32[n, length, dim] to the same."""
        states, _ = self.units(self.dropout(x))
        found: Tensor = self.out(self.dropout(states))
        return found
