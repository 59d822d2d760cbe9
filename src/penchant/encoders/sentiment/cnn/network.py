"""The published network: a convolution over words whose products are looked up in a table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.errors import ParameterError
from penchant.nn.autoencoder.sparse_batches import dropped


@dataclass(frozen=True, kw_only=True)
class WordCNNShape:
    """The sizes of a `WordCNN`, by default the published ones.

    Attributes:
        words: rows of the embedding.
        length: words in a text.
        dim: length of a word's vector.
        filters: of the convolution.
        kernel: words that a filter sees.
        pool: places of which the largest is kept.
        hidden: units of the dense layer.
        outputs: units of the last layer.

    Raises:
        ParameterError: nothing is left after convolution and pooling.
    """

    words: int = 100
    length: int = 20
    dim: int = 150
    filters: int = 128
    kernel: int = 8
    pool: int = 2
    hidden: int = 30
    outputs: int = 2

    def __post_init__(self) -> None:
        """Refuse sizes that leave no place after pooling."""
        if min(vars(self).values()) < 1:
            raise ParameterError(f"The sizes of a network are at least 1: {self}.")
        if self.cells < 1:
            raise ParameterError(
                f"Of {self.length} words nothing is left after a kernel of {self.kernel} and "
                f"pooling by {self.pool}: take longer texts."
            )

    @property
    def positions(self) -> int:
        """Positions of the convolution's filters."""
        return self.length - self.kernel + 1

    @property
    def cells(self) -> int:
        """Positions after pooling; those left over at the end are dropped."""
        return self.positions // self.pool

    def windows(self, tokens: Tensor) -> Tensor:
        """int64[n · cells · pool, kernel], the row of the table of each word of each window.

        Row `word · kernel + k` of the table is what the word at place `k` of a window adds.
        """
        words = tokens.unfold(1, self.kernel, 1)[:, : self.cells * self.pool]
        return (words * self.kernel + torch.arange(self.kernel)).reshape(-1, self.kernel)


class WordCNN(nn.Module):
    """Embedding, convolution, relu, max-pooling, dense relu, dense: logits.

    A text has few different words, so embedding and convolution are one table: the sum over the
    kernel of T[k, word] = kernel[k] · embedding[word]. All weights lie in one array, which an
    optimiser can pass over at once.

    Args:
        shape: the sizes.
        generator: source of the initial weights, which are drawn as Keras does: embeddings
            uniform to ±0.05, kernels by Glorot's rule, biases 0.
        dropout: of the pooled features and of the hidden units.
        batch_norm: normalises the pooled features of a batch.
    """

    def __init__(
        self,
        shape: WordCNNShape,
        generator: torch.Generator | None = None,
        *,
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        self.shape, self.dropout, self.generator = shape, dropout, generator
        n_features = shape.cells * shape.filters
        sizes = {
            "embedding": (shape.words, shape.dim),
            "kernel": (shape.dim, shape.kernel * shape.filters),
            "bias": (shape.filters,),
            "hidden": (n_features, shape.hidden),
            "hidden_bias": (shape.hidden,),
            "out": (shape.hidden, shape.outputs),
            "out_bias": (shape.outputs,),
        }
        lengths = [math.prod(size) for size in sizes.values()]
        self.flat = torch.zeros(sum(lengths))
        for (name, size), part in zip(sizes.items(), torch.split(self.flat, lengths), strict=True):
            self.register_parameter(name, nn.Parameter(part.view(size)))
        if generator is not None:
            self._draw(generator)
        self.norm = nn.BatchNorm1d(shape.filters, eps=1e-3, momentum=0.01) if batch_norm else None

    embedding: nn.Parameter
    kernel: nn.Parameter
    bias: nn.Parameter
    hidden: nn.Parameter
    hidden_bias: nn.Parameter
    out: nn.Parameter
    out_bias: nn.Parameter

    def forward(self, tokens: Tensor) -> Tensor:
        """float32[n, outputs], logits, from int64[n, length]."""
        shape = self.shape
        table = (self.embedding @ self.kernel).view(-1, shape.filters)
        sums = functional.embedding_bag(shape.windows(tokens), table, mode="sum")
        # The bias is the same for all places: it may come after the pooling.
        best = sums.view(-1, shape.cells, shape.pool, shape.filters).amax(2)
        cells = torch.relu(best + self.bias)
        if self.norm is not None:
            cells = self.norm(cells.transpose(1, 2)).transpose(1, 2)
        flat = self._dropped(cells.flatten(1))
        hidden = self._dropped(torch.relu(flat @ self.hidden + self.hidden_bias))
        return hidden @ self.out + self.out_bias

    def _dropped(self, x: Tensor) -> Tensor:
        if not self.training or self.generator is None:
            return x
        return dropped(x, self.dropout, self.generator)

    @torch.no_grad()
    def _draw(self, generator: torch.Generator) -> None:
        shape = self.shape
        self.embedding.uniform_(-0.05, 0.05, generator=generator)
        fans = {
            "kernel": (shape.kernel * shape.dim, shape.kernel * shape.filters),
            "hidden": self.hidden.shape,
            "out": self.out.shape,
        }
        for name, (before, after) in fans.items():
            edge = math.sqrt(6 / (before + after))
            self.get_parameter(name).uniform_(-edge, edge, generator=generator)
