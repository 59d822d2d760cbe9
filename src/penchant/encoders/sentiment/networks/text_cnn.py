"""Classifiers of sentiment by convolutions over whole reviews, with and without a GRU."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import rnn

from penchant.encoders.sentiment.base import check_parameter
from penchant.encoders.sentiment.networks.base import Inputs, NetworkClassifier
from penchant.encoders.text.ragged import Ragged
from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.loop import Optimiser

_LENGTHS = {"summary": 16, "text": 120}
_DEFAULT_LENGTH = 120

PaddedBatch = tuple[Tensor, Tensor]
"""Words, int64[n, length], and how many of each row are filled, int64[n]."""


class ConvolutionBranch(nn.Module):
    """One column's convolutions, of several widths, and the largest value of each filter.

    Kim, "Convolutional Neural Networks for Sentence Classification" (2014); or, with a recurrent
    layer, filters whose values in order go through a GRU, as in Zhou et al., "A C-LSTM Neural
    Network for Text Classification" (2015).

    Args:
        words: rows of the embedding; row 0 stands for nothing.
        dim: length of a word's vector.
        filters: of each width.
        widths: words that filters see.
        units: of the recurrent layer; 0 takes the largest values.
    """

    def __init__(
        self, words: int, dim: int, filters: int, widths: Sequence[int], units: int
    ) -> None:
        super().__init__()
        self.vectors = nn.Embedding(words, dim, padding_idx=0)
        self.filters = nn.ModuleList(nn.Conv1d(dim, filters, width) for width in widths)
        wide = filters * len(widths)
        self.recurrent = (
            nn.GRU(wide, units, batch_first=True, bidirectional=True) if units else None
        )
        self.size = 2 * units if units else wide

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """float32[n, size] from int64[n, length], of which the first int64[n] places are filled.

        The features of a text do not depend on how far it is padded.
        """
        x = self.vectors(tokens).transpose(1, 2)
        filled = (torch.arange(tokens.shape[1]) < lengths[:, None]).unsqueeze(1)
        maps = []
        for filters in self.filters:
            assert isinstance(filters, nn.Conv1d)
            width = filters.kernel_size[0]
            # Filters of all widths give a value at each place.
            padded = functional.pad(x, ((width - 1) // 2, width // 2))
            maps.append(torch.relu(filters(padded)) * filled)
        if self.recurrent is None:
            return torch.cat([values.amax(2) for values in maps], 1)
        values = torch.cat(maps, 1)
        # Two places at once: half the steps, and a rare word is not missed.
        pooled = functional.max_pool1d(values, 2, ceil_mode=True).transpose(1, 2)
        packed = rnn.pack_padded_sequence(
            pooled, (lengths + 1) // 2, batch_first=True, enforce_sorted=False
        )
        # States lie above -1, so that places beyond a text are never the largest.
        states, _ = rnn.pad_packed_sequence(
            self.recurrent(packed)[0], batch_first=True, padding_value=-1.0
        )
        return states.amax(1)


class TextCNNNetwork(nn.Module):
    """A branch for each column of texts and one dense layer."""

    def __init__(
        self,
        branches: Sequence[ConvolutionBranch],
        thresholds: int,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.out = nn.Linear(sum(branch.size for branch in branches), thresholds)
        self.dropout, self.generator = dropout, generator
        with torch.no_grad():
            for name, weight in self.named_parameters():
                if "vectors" in name:
                    weight.uniform_(-0.1, 0.1, generator=generator)[0] = 0
                elif weight.ndim == 1:
                    weight.zero_()
                else:
                    # Glorot's rule; a convolution's places count as inputs.
                    places = math.prod(weight.shape[2:])
                    edge = math.sqrt(6 / (places * (weight.shape[0] + weight.shape[1])))
                    weight.uniform_(-edge, edge, generator=generator)

    def forward(self, columns: list[PaddedBatch]) -> Tensor:
        """float32[n, thresholds], logits, from each column's words and lengths."""
        read = [branch(*part) for branch, part in zip(self.branches, columns, strict=True)]
        x = torch.cat(read, 1)
        x = dropped(x, self.dropout if self.training else 0.0, self.generator)
        logits: Tensor = self.out(x)
        return logits


@dataclass(kw_only=True, eq=False)
class TextCNN(NetworkClassifier):
    """Convolutions of several widths over summary and text, each filter's largest value.

    Beyond the published network it has the words that are in use instead of a hundred, a branch
    for each column, filters that fire wherever their words stand, word dropout, and an output for
    each threshold of the stars.

    Attributes:
        dim: length of a word's vector.
        filters: of each width.
        widths: words that filters see.
        lengths: words read of a column, by its name (120 of others): two thirds from the
            beginning, and the rest from the end.
    """

    min_count: int = 3
    networks: int = 1
    epochs: int = 4
    batch_size: int = 32
    learning_rate: float = 1.5e-3
    dropout: float = 0.5
    word_dropout: float = 0.2
    dim: int = 50
    filters: int = 64
    widths: Sequence[int] = (1, 2, 3)
    lengths: Mapping[str, int] = field(default_factory=lambda: dict(_LENGTHS))
    name: ClassVar[str] = "text-cnn"
    unknown: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        super().__post_init__()
        for name in ("dim", "filters"):
            check_parameter(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        check_parameter(min(self.widths, default=0) >= 1, "widths", self.widths, "at least 1 each")
        check_parameter(
            min(self.lengths.values(), default=1) >= 3, "lengths", self.lengths, "at least 3 each"
        )

    def _recurrent_units(self) -> int:
        return 0

    def _network(self, generator: torch.Generator) -> TextCNNNetwork:
        units = self._recurrent_units()
        branches = [
            ConvolutionBranch(tokeniser.size, self.dim, self.filters, self.widths, units)
            for tokeniser in self.tokenisers_
        ]
        return TextCNNNetwork(branches, self.thresholds_, self.dropout, generator)

    def _optimisers(self, network: nn.Module) -> Sequence[Optimiser]:
        return [torch.optim.Adam(network.parameters(), self.learning_rate, fused=True)]

    def _inputs(self, texts: pl.DataFrame) -> Inputs:
        return [
            _both_ends(tokeniser.encode(texts[column]), self.lengths.get(column, _DEFAULT_LENGTH))
            for tokeniser, column in zip(self.tokenisers_, texts.columns, strict=True)
        ]

    def _batch(self, rows: Ragged, rng: np.random.Generator | None) -> PaddedBatch:
        if rng is not None:
            hidden = self._hidden_words(rows, rng)
            # 0 stands at no place of a text: it hides a word and keeps the places of the rest.
            rows = Ragged(rows.offsets, np.where(hidden, 0, rows.values))
        longest = int(rows.lengths.max(initial=1))
        tokens = torch.from_numpy(rows.padded(longest, padding="post")).long()
        return tokens, torch.from_numpy(np.maximum(rows.lengths, 1))

    def _weights_of(self, network: nn.Module) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in network.state_dict().items()}

    def _load(self, network: nn.Module, weights: Mapping[str, Tensor]) -> None:
        network.load_state_dict(dict(weights))


@dataclass(kw_only=True, eq=False)
class TextCNNRNN(TextCNN):
    """Convolutions whose values a recurrent layer reads from both sides.

    Attributes:
        recurrent: units of that layer, in each direction.
    """

    filters: int = 48
    widths: Sequence[int] = (3,)
    recurrent: int = 32
    epochs: int = 3
    name: ClassVar[str] = "cnn-rnn"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        super().__post_init__()
        check_parameter(self.recurrent >= 1, "recurrent", self.recurrent, "at least 1")

    def _recurrent_units(self) -> int:
        return self.recurrent


def _both_ends(words: Ragged, length: int) -> Ragged:
    """Rows cut in the middle where they are longer: two thirds from the front, the rest behind."""
    front = length - length // 3
    place = np.arange(len(words.values)) - np.repeat(words.offsets[:-1], words.lengths)
    left = np.repeat(words.lengths, words.lengths) - place
    return words.only((place < front) | (left <= length - front))
