"""Vectors of what items are linked to, such as categories, brands and other items."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from penchant.typing import Csr


class MeanVectors(nn.Module):
    """The mean vector of what each item is linked to, zeros where that is nothing.

    Args:
        links: csr[n_items, n_linked], which item has which attributes, or neighbours.
        dim: length of the vectors.
    """

    def __init__(self, links: Csr, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(links.shape[1], dim))
        self._links = links

    def forward(self, items: Tensor | None = None) -> Tensor:
        """float32[n, dim] for int64[n] items, or for all."""
        some = self._links if items is None else self._links[items.cpu().numpy()]
        columns, starts = (
            torch.from_numpy(part.astype(np.int64)).to(self.weight.device)
            for part in (some.indices, some.indptr[:-1])
        )
        return nn.functional.embedding_bag(columns, self.weight, starts, mode="mean")
