"""Vectors of users and items, with sums of squares, for row-wise AdaGrad."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from penchant.typing import Bool


class RankingFactors(nn.Module):
    """u . v + b of users' and items' vectors; the bias is the last column of `items`.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of the vectors.
        generator: source of the initial vectors.
        initial_accumulator: what AdaGrad's sums of squared gradients start from.
    """

    users: Tensor
    items: Tensor
    user_squares: Tensor
    item_squares: Tensor

    def __init__(
        self,
        n_users: int,
        n_items: int,
        dim: int,
        generator: torch.Generator,
        initial_accumulator: float = 0.1,
    ) -> None:
        super().__init__()
        users = torch.randn(n_users, dim, generator=generator) * (0.1 / math.sqrt(dim))
        items = torch.randn(n_items, dim + 1, generator=generator) * (0.1 / math.sqrt(dim))
        items[:, dim] = 0
        self.register_buffer("users", users)
        self.register_buffer("items", items)
        self.register_buffer("user_squares", torch.full((n_users,), initial_accumulator))
        self.register_buffer("item_squares", torch.full((n_items,), initial_accumulator))

    def zero_untrained(self, users: Bool, items: Bool) -> None:
        """Leave nothing of chance in rows that nothing teaches.

        Args:
            users: bool[n_users], which ones have events.
            items: bool[n_items], likewise.
        """
        for table, trained in ((self.users, users), (self.items, items)):
            table[torch.from_numpy(~trained)] = 0


def adagrad_(
    table: Tensor, squares: Tensor, rows: Tensor, changes: Tensor, learning_rate: float
) -> None:
    """Add changes to rows of a table, each row with one rate for all of its columns.

    Args:
        table: float32[n, dim], changed.
        squares: float32[n], the sums of squares so far, changed.
        rows: int64[n_changes], some of them more than once.
        changes: float32[n_changes, dim].
        learning_rate: of AdaGrad.
    """
    squares.index_add_(0, rows, changes.square().mean(1))
    table.index_add_(0, rows, changes * (learning_rate / squares[rows].sqrt())[:, None])
