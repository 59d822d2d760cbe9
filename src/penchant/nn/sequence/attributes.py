"""Vectors of what items have in common, such as categories and brands."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from penchant.typing import Csr


class AttributeVectors(nn.Module):
    """The mean vector of the attributes of each item, zeros where it has none.

    Args:
        attributes: csr[n_items, n_attributes], which item has what.
        dim: length of the vectors.
    """

    def __init__(self, attributes: Csr, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(attributes.shape[1], dim))
        self._attributes = attributes

    def forward(self, items: Tensor | None = None) -> Tensor:
        """float32[n, dim] for int64[n] items, or for all."""
        some = self._attributes if items is None else self._attributes[items.cpu().numpy()]
        columns, starts = (
            torch.from_numpy(part.astype(np.int64)).to(self.weight.device)
            for part in (some.indices, some.indptr[:-1])
        )
        return nn.functional.embedding_bag(columns, self.weight, starts, mode="mean")
