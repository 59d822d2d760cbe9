"""Users and items as sums of the vectors of their features."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from penchant.features.categorical import CategoricalFeatures
from penchant.nn.feature_table import feature_table
from penchant.nn.row_exchange import RowShard
from penchant.typing import Float32, Int64

Ridge = tuple[float, float] | None
"""What multiplies the squares of vectors, and of weights; None for no penalty."""

_OWNERS_AT_ONCE = 2**14
_MOST = 8.0  # features, its id apart, that an owner can have and each count whole


class Side(nn.Module):
    """The features of all users, or of all items, each with a vector and a weight.

    An owner's id counts whole. Where there are more than a few further features, such as an
    item's many labels, each counts so much less that together they count as a few, as Rendle,
    "Factorization Machines" (2010), figure 1, lets the values of a set add up to 1. Sums of
    hundreds would outweigh all else, and learning would overshoot.

    Args:
        bags: the features of each owner.
        dim: length of the vectors.
        within: whether features of one owner go together, too, as in a factorisation machine.
        generator: source of the initial vectors.
        shard: which rows of the table this process has; None for all.
    """

    index: Tensor
    rarity: Tensor

    def __init__(
        self,
        bags: CategoricalFeatures,
        dim: int,
        *,
        within: bool,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.within, self.size = dim, within, bags.size
        self.table = feature_table(bags.size, dim, generator, shard)
        self.register_buffer("index", torch.from_numpy(bags.index), persistent=False)
        self.register_buffer("rarity", torch.ones(bags.size + 1), persistent=False)

    def count(self, owners: Int64) -> Int64:
        """int64[size], in how many of these events each feature occurs; and learn their rarity."""
        counts = np.bincount(self.index.numpy()[owners].ravel(), minlength=self.size + 1)
        self.rarity = torch.from_numpy(1 / np.maximum(counts, 1)).float()
        return np.asarray(counts[:-1])

    def forward(self, owners: Tensor, ridge: Ridge = None) -> tuple[Tensor, Tensor, Tensor]:
        """Vectors float[n, dim], biases float[n], and penalties float[n].

        The bias holds what features of one owner are together. Penalties of a feature add up to
        the ridge times its squares over all training events.
        """
        index = self.index[owners]
        there = (index < self.size).unsqueeze(-1)
        rows = self.table(index.flatten()).view(*index.shape, -1) * there
        values = self.values(owners).unsqueeze(-1)
        plain, rows = rows, rows * values
        vectors = rows[..., : self.dim]
        total, bias = vectors.sum(1), rows[..., self.dim].sum(1)
        if self.within:
            bias = bias + (total.square() - vectors.square().sum(1)).sum(1) / 2
        if ridge is None:
            return total, bias, torch.zeros_like(bias)
        squares = plain.square()
        each = ridge[0] * squares[..., : self.dim].sum(2) + ridge[1] * squares[..., self.dim]
        return total, bias, (each * self.rarity[index]).sum(1)

    def values(self, owners: Tensor) -> Tensor:
        """float32[n, width], how much each of the features of int64[n] owners counts."""
        further = (self.index[owners, 1:] < self.size).sum(1, keepdim=True)
        found = (_MOST / further.clamp(min=_MOST)).repeat(1, self.index.shape[1])
        found[:, 0] = 1
        return found

    @torch.no_grad()
    def collapsed(self, bags: CategoricalFeatures) -> tuple[Float32, Float32]:
        """float32[n_owners, dim] and float32[n_owners], the vector and bias of each owner.

        Args:
            bags: those given before, or with fewer features.
        """
        self.index = torch.from_numpy(bags.index)
        everyone = torch.split(torch.arange(len(bags.index) - 1), _OWNERS_AT_ONCE)
        parts = [self(some) for some in everyone]
        vectors, biases = (torch.cat([part[n] for part in parts]).numpy() for n in range(2))
        return vectors, biases


class FeatureNetwork(nn.Module):
    """offset + b_u + b_i + p_u . q_i, where p, q and b are sums over features.

    With `within` this is Rendle, "Factorization Machines" (2010), eq. 1, over the features of
    user and item: of all pairs of features, those across are in the dot product of the sums and
    those on one side in its bias, by eq. 5. Without, it is Kula, "Metadata Embeddings for User
    and Item Cold-start Recommendations" (2015), eq. 1.

    Args:
        users: the features of users.
        items: the features of items.
        dim: length of the vectors.
        within: whether features of one side go together.
        generator: source of the initial vectors.
        shard: which rows of both tables this process has; None for all.
    """

    def __init__(
        self,
        users: CategoricalFeatures,
        items: CategoricalFeatures,
        dim: int,
        *,
        within: bool,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.users = Side(users, dim, within=within, generator=generator, shard=shard)
        self.items = Side(items, dim, within=within, generator=generator, shard=shard)
        self.offset = nn.Parameter(torch.zeros(1))

    def forward(self, users: Tensor, items: Tensor, ridge: Ridge = None) -> tuple[Tensor, Tensor]:
        """Outputs float[n] of pairs, before any sigmoid, and their penalties float[n]."""
        p, of_user, first = self.users(users, ridge)
        q, of_item, second = self.items(items, ridge)
        return self.offset + of_user + of_item + (p * q).sum(1), first + second
