"""Networks over fields of users and items, each a vector, and numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.dense import dense
from penchant.nn.feature_table import feature_table
from penchant.nn.row_exchange import RowShard
from penchant.typing import Float32, Int64

Structure = Literal["parallel", "stacked"]

_OWNERS_AT_ONCE = 2**14


class FieldTable(nn.Module):
    """The features of all users, or of all items, with a vector and a weight each.

    A field, such as the id or the labels of one column, is the mean over the features that an
    owner has in it, and zeros where there are none.

    Args:
        index: int64[n_owners, sum of widths], the features of each owner, filled up with the
            number of features; the last owner stands for unknown ones.
        widths: columns of each field.
        size: how many features there are.
        dim: length of the vectors.
        generator: source of the initial vectors.
        shard: which rows of the table this process has; None for all.
    """

    index: Tensor
    rarity: Tensor

    def __init__(
        self,
        index: Int64,
        widths: Sequence[int],
        size: int,
        dim: int,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.widths, self.size = dim, list(widths), size
        self.table = feature_table(size, dim, generator, shard)
        self.register_buffer("index", torch.tensor(index), persistent=False)
        self.register_buffer("rarity", torch.zeros(size + 1), persistent=False)

    def count(self, owners: Int64) -> None:
        """Leave out the features that these events do not have, and learn how rare others are."""
        counts = np.bincount(self.index.numpy()[owners].ravel(), minlength=self.size + 1)
        counts[-1] = 0
        self.rarity = torch.from_numpy(1 / np.maximum(counts, 1)).float()
        self.index[torch.from_numpy(counts == 0)[self.index]] = self.size

    def forward(self, owners: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, ...]:
        """Vectors float[n, fields, dim], sums of weights float[n], and squares float[n].

        Squares of a feature add up to those of its vector and weight over all training events.

        Args:
            owners: int64[n].
            hidden: bool[n], of whom the id is left out.
        """
        index = self.index[owners]
        if hidden is not None:
            index[hidden, 0] = self.size
        there = (index < self.size).unsqueeze(-1)
        rows = self.table(index.flatten()).view(*index.shape, -1) * there
        parts = (torch.split(x, self.widths, 1) for x in (rows, there))
        fields = [some.sum(1) / has.sum(1).clamp(min=1) for some, has in zip(*parts, strict=True)]
        found = torch.stack(fields, 1)
        squares = (rows.square().sum(2) * self.rarity[index]).sum(1)
        return found[..., : self.dim], found[..., self.dim].sum(1), squares

    @torch.no_grad()
    def collapsed(self) -> tuple[Float32, Float32]:
        """float32[n_owners, fields, dim] and float32[n_owners], the last of unknown owners."""
        everyone = torch.split(torch.arange(len(self.index)), _OWNERS_AT_ONCE)
        parts = [self(some) for some in everyone]
        vectors, weights = (torch.cat([part[n] for part in parts]) for n in range(2))
        return vectors.numpy(), weights.numpy()


class Layers(nn.Module):
    """Dense layers with relu, and dropout in training.

    Args:
        sizes: numbers of the input, and units of each layer.
        dropout: share of units that is set to 0 in training.
        generator: source of the initial weights and of dropout; None draws none.
    """

    def __init__(
        self, sizes: Sequence[int], dropout: float, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.dropout, self.generator = dropout, generator
        self.of = nn.ModuleList(dense(a, b, generator) for a, b in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        """float[n, units of the last layer]; the input itself without layers."""
        for layer in self.of:
            x = torch.relu(layer(x))
            if self.training and self.dropout and self.generator is not None:
                x = dropped(x, self.dropout, self.generator)
        return x


class DeepFMHead(nn.Module):
    """A factorisation machine and dense layers over the same vectors.

    Guo, Tang, Ye, Li and He, "DeepFM: A Factorization-Machine based Neural Network for CTR
    Prediction" (2017), eq. 1 to 4. Each number is a feature whose value multiplies its vector.

    Args:
        n_fields: fields of a pair.
        dim: length of vectors.
        n_numbers: numbers of a pair.
        layers: units of each dense layer.
        dropout: share of units that is set to 0 in training.
        generator: source of the initial weights and of dropout; None draws none.
    """

    def __init__(
        self,
        n_fields: int,
        dim: int,
        n_numbers: int,
        layers: Sequence[int],
        *,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        width = n_fields * dim + n_numbers
        self.deep = Layers((width, *layers), dropout, generator)
        self.output = dense(layers[-1], 1, generator) if layers else None
        self.vectors = nn.Parameter(torch.randn(n_numbers, dim, generator=generator) * 0.01)
        self.weights = nn.Parameter(torch.zeros(n_numbers))
        self.offset = nn.Parameter(torch.zeros(1))

    def forward(self, fields: Tensor, weights: Tensor, numbers: Tensor) -> Tensor:
        """float[n], from float[n, fields, dim], float[n] sums of weights, and float[n, numbers]."""
        total = fields.sum(1) + numbers @ self.vectors
        squares = fields.square().sum(1) + numbers.square() @ self.vectors.square()
        output = self.offset + weights + numbers @ self.weights
        output = output + (total.square() - squares).sum(1) / 2
        if self.output is not None:
            deep = self.deep(torch.cat([fields.flatten(1), numbers], 1))
            output = output + self.output(deep)[:, 0]
        return output


class CrossLayer(nn.Module):
    """x0 * (W x + b) + x, or with W of low rank, or a gated mixture of such.

    Wang, Shivanna, Cheng, Jain, Lin, Hong and Chi, "DCN V2: Improved Deep & Cross Network and
    Practical Lessons for Web-scale Learning to Rank Systems" (2021), eq. 1, 2 and 3.

    Args:
        width: numbers of the input.
        rank: of W; 0 for a full matrix.
        experts: matrices of low rank among which a softmax gate divides; one needs no gate.
        generator: source of the initial weights; None draws none.
    """

    def __init__(
        self, width: int, rank: int, experts: int, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.rank, self.experts = rank, experts
        self.bias = nn.Parameter(torch.zeros(width))
        if not rank:
            self.full = nn.Parameter(_drawn((width, width), width, width, generator))
            return
        self.down = nn.Parameter(_drawn((experts, width, rank), width, rank, generator))
        self.up = nn.Parameter(_drawn((experts, rank, width), rank, width, generator))
        if experts > 1:
            self.middle = nn.Parameter(_drawn((experts, rank, rank), rank, rank, generator))
            self.gate = nn.Parameter(torch.zeros(width, experts))

    def forward(self, first: Tensor, x: Tensor) -> Tensor:
        """float[n, width], from the network's input and the layer's."""
        if not self.rank:
            return torch.addcmul(x, first, x @ self.full + self.bias)
        if self.experts == 1:
            return torch.addcmul(x, first, x @ self.down[0] @ self.up[0] + self.bias)
        low = torch.tanh(torch.tanh(x @ self.down) @ self.middle)
        shares = torch.softmax(x @ self.gate, 1)
        mixed = ((low * shares.T.unsqueeze(2)) @ self.up).sum(0)
        return torch.addcmul(x, first, mixed + self.bias)


class CrossHead(nn.Module):
    """Cross layers over all vectors and numbers, and dense layers beside or behind them.

    Args:
        n_fields: fields of a pair.
        dim: length of vectors.
        n_numbers: numbers of a pair.
        layers: units of each dense layer.
        cross_layers: how many cross layers.
        rank: see `CrossLayer`.
        experts: see `CrossLayer`.
        structure: whether dense layers stand beside the cross layers or take their output.
        dropout: share of the dense layers' units that is set to 0 in training.
        generator: source of the initial weights and of dropout; None draws none.
    """

    def __init__(
        self,
        n_fields: int,
        dim: int,
        n_numbers: int,
        layers: Sequence[int],
        *,
        cross_layers: int,
        rank: int,
        experts: int,
        structure: Structure,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        width = n_fields * dim + n_numbers
        self.parallel = structure == "parallel" and bool(layers)
        self.cross = nn.ModuleList(
            CrossLayer(width, rank, experts, generator) for _ in range(cross_layers)
        )
        self.deep = Layers((width, *layers), dropout, generator)
        last = layers[-1] if layers else width
        self.output = dense(last + width * self.parallel, 1, generator)

    def forward(self, fields: Tensor, weights: Tensor, numbers: Tensor) -> Tensor:
        """float[n], from float[n, fields, dim], float[n] sums of weights, and float[n, numbers]."""
        first = torch.cat([fields.flatten(1), numbers], 1)
        x = first
        for layer in self.cross:
            x = layer(first, x)
        joined = torch.cat([x, self.deep(first)], 1) if self.parallel else self.deep(x)
        output: Tensor = functional.linear(joined, self.output.weight, self.output.bias)[:, 0]
        return output + weights


class FieldNetwork(nn.Module):
    """What a head makes of the fields of users and items, and of numbers.

    Args:
        users: the fields of users.
        items: the fields of items.
        head: a `DeepFMHead` or `CrossHead`.
    """

    def __init__(self, users: FieldTable, items: FieldTable, head: nn.Module) -> None:
        super().__init__()
        self.users, self.items, self.head = users, items, head

    def forward(
        self,
        users: Tensor,
        items: Tensor,
        numbers: Tensor,
        hidden: tuple[Tensor | None, Tensor | None] = (None, None),
    ) -> tuple[Tensor, Tensor]:
        """Outputs float[n] of pairs, and squares float[n]; `hidden` as in `FieldTable`."""
        first, of_users, squares = self.users(users, hidden[0])
        second, of_items, further = self.items(items, hidden[1])
        output = self.head(torch.cat([first, second], 1), of_users + of_items, numbers)
        return output, squares + further


def _drawn(
    shape: tuple[int, ...], fan_in: int, fan_out: int, generator: torch.Generator | None
) -> Tensor:
    """Glorot-uniform weights."""
    bound = (6 / (fan_in + fan_out)) ** 0.5
    found: Tensor = (torch.rand(shape, generator=generator) * 2 - 1) * bound
    return found
