"""A classifier of sentiment on bags of hashed n-grams, as in fastText."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.encoders.sentiment.base import check_parameter
from penchant.encoders.sentiment.networks.base import Inputs, NetworkClassifier
from penchant.encoders.text.ragged import Ragged
from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.loop import Optimiser

Bag = tuple[Tensor, Tensor]
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Knuth's multiplicative hashing


def hashed_pairs(words: Ragged, n_words: int, buckets: int) -> Ragged:
    """Numbers of the words of each text, followed by its hashed pairs of neighbours.

    Args:
        words: numbers from 1 to n_words - 1.
        n_words: one more than the largest number; pairs have the numbers from there on.
        buckets: how many numbers pairs share; 0 leaves pairs out.
    """
    if not buckets or not len(words.values):
        return words
    row, values = words.row, words.values.astype(np.uint64)
    same_text = row[1:] == row[:-1]
    mixed = (values[:-1] * np.uint64(n_words) + values[1:]) * _MIX
    pairs = n_words + ((mixed >> np.uint64(20)) % np.uint64(buckets)).astype(np.int64)
    rows = np.concatenate([row, row[:-1][same_text]])
    order = np.argsort(rows, kind="stable")
    every = np.concatenate([words.values, pairs[same_text]])[order]
    return Ragged.of(np.bincount(rows, minlength=len(words)), every)


class BagNetwork(nn.Module):
    """The mean vector of each column's n-grams, a hidden layer, and a logit for each threshold.

    Args:
        sizes: rows of each column's table.
        dim: length of the vectors.
        hidden: units of the hidden layer.
        thresholds: how many outputs.
        dropout: of vectors and hidden units.
        generator: source of the initial weights and of what is dropped.
    """

    def __init__(
        self,
        sizes: list[int],
        dim: int,
        hidden: int,
        thresholds: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.tables = nn.ModuleList(
            RowTable(torch.rand(size, dim, generator=generator).mul_(0.2).sub_(0.1))
            for size in sizes
        )
        self.dense = nn.ModuleList(
            [nn.Linear(dim * len(sizes), hidden), nn.Linear(hidden, thresholds)]
        )
        for layer in self.dense:
            assert isinstance(layer, nn.Linear)
            nn.init.xavier_uniform_(layer.weight, generator=generator)
            nn.init.zeros_(layer.bias)
        self.dropout, self.generator = dropout, generator

    def forward(self, bags: list[Bag]) -> Tensor:
        """float32[n, thresholds] from the n-grams, int64, and the offsets of each column's rows."""
        means = []
        for table, (values, offsets) in zip(self.tables, bags, strict=True):
            distinct, place = torch.unique(values, return_inverse=True)
            means.append(functional.embedding_bag(place, table(distinct), offsets, mode="mean"))
        hidden, out = self.dense
        x = torch.relu(hidden(self._dropped(torch.cat(means, 1))))
        logits: Tensor = out(self._dropped(x))
        return logits

    def _dropped(self, x: Tensor) -> Tensor:
        return dropped(x, self.dropout if self.training else 0.0, self.generator)


@dataclass(kw_only=True, eq=False)
class HashedBag(NetworkClassifier):
    """Averaged vectors of words and hashed pairs: Joulin et al., "Bag of Tricks" (2017).

    Beyond fastText there is a hidden layer, a table for each column of texts, word dropout, an
    output for each threshold of the stars, and several networks whose log-odds are averaged.

    Attributes:
        dim: length of the vectors.
        hidden: units of the hidden layer.
        buckets: numbers that pairs of words share.
    """

    dim: int = 64
    hidden: int = 32
    buckets: int = 2**15
    name: ClassVar[str] = "bag"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        super().__post_init__()
        for name in ("dim", "hidden"):
            check_parameter(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        check_parameter(self.buckets >= 0, "buckets", self.buckets, "at least 0")

    def _network(self, generator: torch.Generator) -> BagNetwork:
        sizes = [t.size + self.buckets for t in self.tokenisers_]
        return BagNetwork(sizes, self.dim, self.hidden, self.thresholds_, self.dropout, generator)

    def _optimisers(self, network: BagNetwork) -> Sequence[Optimiser]:
        tables: Any = list(network.tables)
        return [RowAdam(tables, list(network.dense.parameters()), lr=self.learning_rate)]

    def _inputs(self, texts: pl.DataFrame) -> Inputs:
        return [
            hashed_pairs(tokeniser.encode(texts[column]), tokeniser.size, self.buckets)
            for tokeniser, column in zip(self.tokenisers_, texts.columns, strict=True)
        ]

    def _batch(self, rows: Ragged, rng: np.random.Generator | None) -> Bag:
        bag = rows if rng is None else rows.only(~self._hidden_words(rows, rng))
        return torch.from_numpy(bag.values), torch.from_numpy(bag.offsets[:-1].copy())

    def _weights_of(self, network: BagNetwork) -> dict[str, Tensor]:
        weights = {name: p.detach().clone() for name, p in network.dense.named_parameters()}
        for number, table in enumerate(network.tables):
            assert isinstance(table, RowTable)
            weights[f"table{number}"] = table.weight.detach().clone()
        return weights

    def _load(self, network: BagNetwork, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in network.dense.named_parameters():
            parameter.data.copy_(weights[name])
        for number, table in enumerate(network.tables):
            assert isinstance(table, RowTable)
            table.weight.copy_(weights[f"table{number}"])
