"""Vectors of what items have in common, such as categories and brands."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from penchant.typing import Csr, Int64


class AttributeVectors(nn.Module):
    """The mean vector of the attributes of each item, zeros where it has none.

    Args:
        attributes: csr[n_items, n_attributes], which item has what.
        dim: length of the vectors.
    """

    def __init__(self, attributes: Csr, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(attributes.shape[1], dim))
        self._offsets = attributes.indptr.astype(np.int64)
        self._columns = attributes.indices.astype(np.int64)

    def forward(self, items: Tensor | None = None) -> Tensor:
        """float32[n, dim] for int64[n] items, or for all."""
        offsets, columns = self._offsets, self._columns
        if items is not None:
            offsets, columns = _some(offsets, columns, items.cpu().numpy())
        device = self.weight.device
        return nn.functional.embedding_bag(
            torch.from_numpy(columns).to(device),
            self.weight,
            torch.from_numpy(offsets[:-1]).to(device),
            mode="mean",
        )


def _some(offsets: Int64, columns: Int64, rows: Int64) -> tuple[Int64, Int64]:
    """The offsets and columns of some rows."""
    lengths = np.diff(offsets)[rows]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    entries = np.arange(starts[-1]) + np.repeat(offsets[rows] - starts[:-1], lengths)
    return starts, columns[entries]
