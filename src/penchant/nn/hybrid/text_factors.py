"""Vectors of users and items by alternating least squares, with a network of texts as the prior."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.loop import GradientStep, Tensors, TrainingStep
from penchant.nn.ridge_systems import PriorRows
from penchant.nn.text_reader import Reader, TextReader

_ITEMS_AT_ONCE = 2**11


class TextFactorNetwork(TextReader):
    """What the text of an item says of its row, and the rows of users.

    Args:
        size: how many numbers words have: 0 is padding, the last one stands for unknown words.
        dim: length of a row.
        width: see `TextReader`.
        kernel: likewise.
        reader: likewise.
        n_users: rows of users.
        reconstructs: whether words are foretold from rows.
    """

    users: Tensor

    def __init__(
        self,
        size: int,
        dim: int,
        width: int,
        kernel: int,
        reader: Reader,
        *,
        n_users: int,
        reconstructs: bool,
    ) -> None:
        super().__init__(size, dim, width, kernel, reader, padding=0)
        self.register_buffer("users", torch.zeros(n_users, dim))
        self.reconstructs = reconstructs
        if reconstructs:
            self.decoder = torch.nn.Linear(dim, width)

    def priors(
        self, tokens: Tensor, dropout: float = 0, generator: torch.Generator | None = None
    ) -> Tensor:
        """float32[n, dim], zeros for texts without words.

        Args:
            tokens: int64[n, length].
            dropout: share of the words that are unknown, and of what was read that is dropped.
            generator: decides which.
        """
        written = _written(tokens)
        if dropout and generator is not None:
            hidden = torch.rand(tokens.shape, generator=generator) < dropout
            tokens = torch.where(hidden & (tokens > 0), self.words.num_embeddings - 1, tokens)
            found = self.code(dropped(self.read(tokens), dropout, generator))
        else:
            found = self.encode(tokens)
        return torch.where(written[:, None], found, 0.0)

    @torch.no_grad()
    def all_priors(self, tokens: Tensor) -> Tensor:
        """float32[n, dim], of all texts, some at a time; texts without words cost nothing."""
        found = torch.zeros(len(tokens), self.code.out_features)
        for some in torch.split(_written(tokens).nonzero()[:, 0], _ITEMS_AT_ONCE):
            found[some] = self.priors(tokens[some])
        return found

    def word_loss(self, rows: Tensor, tokens: Tensor) -> Tensor:
        """The mean of minus the log chance of the words of a text, whatever their order."""
        chances = torch.log_softmax(self.decoder(rows) @ self.words.weight.T, 1)
        there = tokens > 0
        total = (chances.gather(1, tokens) * there).sum()
        return -total / there.sum().clamp(min=1)


class AlternatingEpoch:
    """Prepares an epoch: rows of users given those of items, then the systems of items' rows.

    Attributes:
        items: of the epoch; before the first, None.

    Args:
        network: what is trained.
        tokens: int64[n_items, length].
        start: float32[n_items, dim], the items' rows before the first epoch.
        solve_users: makes users' rows of items' rows.
        systems: makes of users' rows the systems of items' rows.
    """

    def __init__(
        self,
        network: TextFactorNetwork,
        tokens: Tensor,
        start: Tensor,
        solve_users: Callable[[Tensor], Tensor],
        systems: Callable[[Tensor], PriorRows],
    ) -> None:
        self.network, self.tokens, self.start = network, tokens, start
        self.solve_users, self.systems = solve_users, systems
        self.items: PriorRows | None = None

    @torch.no_grad()
    def __call__(self) -> Tensors:
        """Bring users and systems up to date; an epoch goes over the items that say something.

        Those without words have priors of 0, and of those without entries the words alone count.
        """
        rows = self.start if self.items is None else self.item_rows()
        self.network.users.copy_(self.solve_users(rows))
        self.items = self.systems(self.network.users)
        learned = self.items.has_entries | self.network.reconstructs
        useful = (_written(self.tokens) & learned).nonzero()[:, 0]
        return (useful if len(useful) else torch.arange(1),)

    @torch.no_grad()
    def item_rows(self) -> Tensor:
        """float32[n_items, dim], given the users' rows of the network."""
        if self.items is None:
            self.items = self.systems(self.network.users)
        return self.items.rows(self.network.all_priors(self.tokens))

    def step(
        self,
        *,
        scale: float,
        shrinkage: float,
        reconstruction: float,
        dropout: float,
        learning_rate: float,
        generator: torch.Generator,
    ) -> TrainingStep:
        """How the network learns from a batch of items, whose rows are eliminated.

        Args:
            scale: what the mean cost of rows is multiplied with.
            shrinkage: see `PriorRows.costs`.
            reconstruction: weight of the loss on words; 0 for none.
            dropout: see `TextFactorNetwork.priors`.
            learning_rate: of Adam.
            generator: decides what is dropped.
        """

        def loss(some: Tensor) -> Tensor:
            assert self.items is not None  # an epoch has begun
            tokens = self.tokens[some]
            prior = self.network.priors(tokens, dropout, generator)
            value = self.items.costs(prior, some, shrinkage).mean() * scale
            if reconstruction:
                value = value + reconstruction * self.network.word_loss(prior, tokens)
            return value

        adam = torch.optim.Adam(self.network.parameters(), lr=learning_rate, fused=True)
        return GradientStep(loss, [adam])


def _written(tokens: Tensor) -> Tensor:
    """bool[n], which texts have words."""
    return (tokens > 0).any(1)
