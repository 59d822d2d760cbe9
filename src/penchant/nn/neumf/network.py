"""Neural matrix factorisation: products and layers over vectors of users and items."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.dense import dense
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import row_table

CELLS = 2**20
"""Numbers of the widest layer that are computed at once, 4 MB in float32."""


class NeuMFNetwork(nn.Module):
    """h . [p_u * q_i, phi(p'_u, q'_i)] + offset, where phi are dense layers with relu.

    He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering" (2017), eq. 12. A row of a
    table holds p and behind it p'. What the first layer makes of a user and of an item is a sum
    of what it makes of each, so that it is computed once for each user and item of a batch.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of p and q.
        mlp_dim: length of p' and q'.
        layers: units of each dense layer; none leave the products alone.
        dropout: share of the layers' units that is set to 0 in training.
        generator: source of the initial weights and of dropout; None draws none.
        shard: which rows of both tables this process has; None for all.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        *,
        dim: int,
        mlp_dim: int,
        layers: Sequence[int],
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.dropout, self.generator = dim, dropout, generator
        width = dim + (mlp_dim if layers else 0)

        def draw(n: int) -> Tensor:
            return torch.randn(n, width, generator=generator) * 0.1

        self.users, self.items = (row_table(n, draw, shard) for n in (n_users, n_items))
        sizes = (2 * mlp_dim, *layers)
        self.layers = nn.ModuleList(
            dense(a, b, generator) for a, b in zip(sizes, layers, strict=False)
        )
        self.products = nn.Parameter(torch.ones(dim))
        # From 0, so that layers add nothing before they have learned something.
        self.units = nn.Parameter(torch.zeros(layers[-1] if layers else 0))
        self.offset = nn.Parameter(torch.zeros(1))

    def n_weights(self) -> int:
        """How many numbers are learned."""
        rows = self.users.n_weights() + self.items.n_weights()
        return rows + sum(weight.numel() for weight in self.parameters())

    def forward(self, users: Tensor, items: Tensor, l2: float = 0.0) -> tuple[Tensor, Tensor]:
        """Log-odds float[n, m] of int64[n] users with int64[n, m] items, and a penalty.

        The penalty is `l2` times the mean over pairs of the squares of both rows.
        """
        of_users, user = _occurring(users, self.users.n_rows)
        of_items, item = _occurring(items.flatten(), self.items.n_rows)
        p, q = self.users(of_users), self.items(of_items)
        penalty = p.new_zeros(())
        if l2:
            for rows, place, times in ((p, user, items.shape[1]), (q, item, 1)):
                counts = torch.bincount(place, minlength=len(rows)) * (times * l2 / items.numel())
                penalty = penalty + rows.square().sum(1) @ counts.to(rows.dtype)
        mine = (p[:, : self.dim] * self.products).index_select(0, user)
        theirs = q[:, : self.dim].index_select(0, item).view(*items.shape, self.dim)
        output = torch.bmm(theirs, mine.unsqueeze(2)).squeeze(2) + self.offset
        if len(self.layers):
            first, second = self.first_layer(p, q)
            x = second.index_select(0, item).view(*items.shape, -1)
            x = x + first.index_select(0, user).unsqueeze(1)
            output = output + self.of_layers(x.flatten(0, 1)).view(items.shape)
        return output, penalty

    def first_layer(self, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """What the first layer makes of rows of users, and of items with its bias."""
        layer, n = self._dense()[0], p.shape[1] - self.dim
        first = functional.linear(p[:, self.dim :], layer.weight[:, :n])
        return first, functional.linear(q[:, self.dim :], layer.weight[:, n:], layer.bias)

    def _dense(self) -> list[nn.Linear]:
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def of_layers(self, x: Tensor) -> Tensor:
        """float[n], what the layers add for float[n, units] sums of the first one's parts."""
        for layer in self._dense()[1:]:
            x = layer(self._activated(x))
        return self._activated(x) @ self.units

    def _activated(self, x: Tensor) -> Tensor:
        x = torch.relu(x)
        if self.training and self.dropout and self.generator is not None:
            return dropped(x, self.dropout, self.generator)
        return x

    def rows(self, p: Tensor, q: Tensor) -> Tensor:
        """float[n], the log-odds of each pair of float[n, width] rows."""
        output: Tensor = (p[:, : self.dim] * q[:, : self.dim]) @ self.products + self.offset
        if len(self.layers):
            first, second = self.first_layer(p, q)
            output = output + self.of_layers(first + second)
        return output

    def all_pairs(self, p: Tensor, q: Tensor) -> Tensor:
        """float[n, m], the log-odds of each of float[n, width] with each of float[m, width]."""
        output: Tensor = (p[:, : self.dim] * self.products) @ q[:, : self.dim].T + self.offset
        if not len(self.layers):
            return output
        first, second = self.first_layer(p, q)
        widest = max(layer.out_features for layer in self._dense())
        size = max(1, CELLS // (widest * max(1, len(q))))
        for start in range(0, len(p), size):
            part = first[start : start + size, None] + second
            output[start : start + size] += self.of_layers(part.flatten(0, 1)).view(-1, len(q))
        return output


def _occurring(index: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The different values of int64[...] below n, ascending, and the place of each among them."""
    occurs = torch.zeros(n, dtype=torch.bool)
    occurs[index] = True
    values = torch.nonzero(occurs)[:, 0]
    place = torch.empty(n, dtype=torch.int64)
    place[values] = torch.arange(len(values))
    return values, place[index]
