"""The table of the features of users or items, of which owners have several."""

from __future__ import annotations

import torch
from torch import Tensor

from penchant.nn.embedding_rows import RowTable
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import row_table

_SCALE = 0.05  # deviation of initial vectors


def feature_table(
    size: int, dim: int, generator: torch.Generator, shard: RowShard | None = None
) -> RowTable:
    """A vector and behind it a weight for each feature, and a last row of zeros for no feature.

    Args:
        size: how many features there are.
        dim: length of the vectors.
        generator: source of the initial vectors.
        shard: which rows this process has; None for all.
    """
    left = size

    def draw(n: int) -> Tensor:
        nonlocal left
        weights, some = torch.zeros(n, dim + 1), min(n, left)
        weights[:some, :dim] = torch.randn(some, dim, generator=generator) * _SCALE
        left -= some
        return weights

    return row_table(size + 1, draw, shard)
