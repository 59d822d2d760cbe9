"""A network that joins a user's and an item's vector by their dot product."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import torch
from torch import Tensor, nn

from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.dense import ACTIVATIONS, ActivationName
from penchant.nn.embedding_rows import RowTable
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import drawn_rows, row_table

Skip = Literal["none", "dot", "first"]
Initialisation = Literal["normal", "glorot-normal", "uniform"]

_BLOCK_CELLS = 2**21  # numbers of the widest layer in a block, 16 MB in float64
_TRUNCATED = 0.87962566  # standard deviation of a standard normal cut off at -2 and 2


class Head(nn.Module):
    """From dot products to predictions: dense layers, if any, and a linear unit.

    Args:
        dim: length of the vectors.
        layers: units of each dense layer.
        activation: of the dense layers.
        skip: where both vectors are concatenated to the input of the next layer: `dot` to the
            dot product, `first` to the output of the first dense layer, `none` nowhere.
    """

    def __init__(
        self,
        dim: int,
        layers: Sequence[int] = (),
        activation: ActivationName = "relu",
        skip: Skip = "none",
    ) -> None:
        super().__init__()
        self.activation, self.skip = ACTIVATIONS[activation], skip
        beside = {"none": -1, "dot": 0, "first": 1}[skip]
        inputs = [n + 2 * dim * (place == beside) for place, n in enumerate((1, *layers))]
        self.layers = nn.ModuleList(
            nn.Linear(n_in, units, device="meta").to_empty(device="cpu")
            for n_in, units in zip(inputs, layers, strict=False)
        )
        self.output = nn.Parameter(torch.empty(inputs[-1] + 1))  # weights of the unit, and offset
        self.widest = max(*inputs, *layers, 1)

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the linear unit on the dot product."""
        return len(self.output) == 2 and not self.layers

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Glorot-normal weights (Glorot and Bengio 2010, cut off at two deviations), biases of 0.

        A unit on the dot product alone starts with a weight of 1.
        """
        self.output[-1] = 0
        if self.is_plain:
            self.output[0] = 1
            return
        layers = [layer for layer in self.layers if isinstance(layer, nn.Linear)]
        for layer in layers:
            glorot_normal(layer.weight, layer.in_features, layer.out_features, generator)
            layer.bias.zero_()
        glorot_normal(self.output[:-1], len(self.output) - 1, 1, generator)

    def forward(self, dot: Tensor, p: Tensor, q: Tensor) -> Tensor:
        """float[...], the prediction from float[...] dot products of float[..., dim] vectors."""
        weight, offset = self.output[:-1], self.output[-1]
        if self.is_plain:
            return torch.addcmul(offset, dot, weight)
        x = dot.unsqueeze(-1)
        if self.skip == "dot":
            x = torch.cat([x, p, q], dim=-1)
        for place, layer in enumerate(self.layers):
            x = self.activation(layer(x))
            if self.skip == "first" and place == 0:
                x = torch.cat([x, p, q], dim=-1)
        return x @ weight + offset

    def row_pairs(self, p: Tensor, q: Tensor) -> Tensor:
        """float[n], the prediction for each pair of float[n, dim], in bounded memory."""
        size = max(1, _BLOCK_CELLS // self.widest)
        parts = zip(torch.split(p, size), torch.split(q, size), strict=True)
        return torch.cat([self((a * b).sum(1), a, b) for a, b in parts])

    def all_pairs(self, p: Tensor, q: Tensor) -> Tensor:
        """float[n, m], the prediction of each float[n, dim] with each float[m, dim]."""
        predictions = p.new_empty(len(p), len(q))
        size = max(1, _BLOCK_CELLS // (self.widest * max(1, len(p))))
        for start in range(0, len(q), size):
            block = q[start : start + size]
            shape = len(p), len(block), -1
            both = p[:, None].expand(shape), block[None].expand(shape)
            predictions[:, start : start + size] = self(p @ block.T, *both)
        return predictions


class DotNetwork(nn.Module):
    """head(p_u . q_i, p_u, q_i), and where wanted a bias of each user and item.

    Without dense layers and skips the head is weight * (p_u . q_i) + offset. The last row of each
    table serves users and items that training has not seen. A bias is the last column of its
    table.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of the vectors.
        biases: whether there are biases.
        by_rows: whether tables are updated by `RowAdam` rather than by a dense optimiser.
        generator: source of the initial weights, and of dropout.
        layers: units of each dense layer after the dot product.
        activation: of the dense layers.
        skip: where both vectors are concatenated to the input of the next layer, see `Head`.
        dropout: in training, the share of the numbers of both vectors that is set to 0 before
            anything is computed from them; the others are enlarged to keep the expected sum.
        initialisation: of the vectors: `normal` with a deviation of .01, `uniform` between -.05
            and .05, or `glorot-normal` over a whole table. Biases start at 0.
        shard: which rows of both tables this process has; None for all. They are updated by
            `RowAdam`, with all rows in each step where not `by_rows`.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        dim: int,
        *,
        biases: bool,
        by_rows: bool,
        generator: torch.Generator,
        layers: Sequence[int] = (),
        activation: ActivationName = "relu",
        skip: Skip = "none",
        dropout: float = 0.0,
        initialisation: Initialisation = "normal",
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.biases, self.dropout = dim, biases, dropout
        self.by_rows = by_rows
        self.generator = generator
        self.users, self.items = (
            self._table(n + 1, initialisation, shard) for n in (n_users, n_items)
        )
        self.head = Head(dim, layers, activation, skip)
        self.head.initialise(generator)

    def _table(
        self, rows: int, initialisation: Initialisation, shard: RowShard | None
    ) -> RowTable | nn.Embedding:
        def draw(n: int) -> Tensor:
            weights = torch.zeros(n, self.dim + self.biases)
            if initialisation == "glorot-normal":
                glorot_normal(weights[:, : self.dim], rows, self.dim, self.generator)
            elif initialisation == "uniform":
                weights[:, : self.dim].uniform_(-0.05, 0.05, generator=self.generator)
            else:
                weights = torch.randn(weights.shape, generator=self.generator) * 0.01
                if self.biases:
                    weights[:, -1] = 0
            return weights

        if self.by_rows or shard is not None:
            return row_table(rows, draw, shard)
        return nn.Embedding(rows, self.dim + self.biases, _weight=drawn_rows(rows, draw))

    def n_weights(self) -> int:
        """How many numbers are learned."""
        tables = self.users.weight.numel() + self.items.weight.numel()
        return tables + sum(weight.numel() for weight in self.head.parameters())

    def combine(self, p: Tensor, q: Tensor) -> Tensor:
        """float32[n], the prediction for each pair of rows of the tables, before any sigmoid."""
        vectors = p[:, : self.dim], q[:, : self.dim]
        if self.training and self.dropout:
            vectors = (
                dropped(vectors[0], self.dropout, self.generator),
                dropped(vectors[1], self.dropout, self.generator),
            )
        out: Tensor = self.head((vectors[0] * vectors[1]).sum(1), *vectors)
        return out + p[:, -1] + q[:, -1] if self.biases else out

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """float32[n], the prediction for each pair of int64[n] users and items."""
        return self.combine(self.users(users), self.items(items))


def glorot_normal(weight: Tensor, fan_in: int, fan_out: int, generator: torch.Generator) -> None:
    """Draw weights with a variance of 2 / (fan_in + fan_out), none beyond two deviations."""
    spread = sqrt(2 / (fan_in + fan_out)) / _TRUNCATED
    nn.init.trunc_normal_(weight, 0, spread, -2 * spread, 2 * spread, generator=generator)
