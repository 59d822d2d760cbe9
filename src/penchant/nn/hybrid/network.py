"""A network that joins vectors of users and items with what is known of the items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.autoencoder.sparse_batches import dropped
from penchant.nn.dense import dense, dense_layers
from penchant.nn.embedding_rows import RowTable

Matrix = Literal["cosine", "product", "none"]

_CELLS = 2**22  # numbers of the widest layer that are computed at once


class HybridNetwork(nn.Module):
    """Dense 64 and Dense 1, both linear, over up to three parts side by side.

    A: the cosine of a user's and an item's vector, or their product element by element. B: dense
    layers over a second pair of vectors. C and D: a dense layer over each kind of content of the
    item, and one over all of them together.

    The last row of the tables stands for users and items that training has not seen.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        content: float32[n_items, n] for each kind, and the units of its layer.
        dim: length of each of the vectors.
        matrix: how the first pair of vectors is joined; `none` leaves it out.
        layers: units over the second pair; empty leaves it out.
        joint: units over all content.
        last: units of the last layer but one.
        dropout: share of part B's numbers that is dropped in training.
        generator: source of the initial weights, and of what is dropped.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        content: Sequence[tuple[Tensor, int]],
        *,
        dim: int,
        matrix: Matrix,
        layers: Sequence[int],
        joint: int,
        last: int,
        dropout: float,
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self.dim, self.matrix, self.dropout = dim, matrix, dropout
        self.generator = generator
        width = dim * ((matrix != "none") + bool(layers))
        self.users, self.items = (
            RowTable(_uniform(n + 1, width, generator)) for n in (n_users, n_items)
        )
        self.layers = dense_layers([2 * dim, *layers], generator) if layers else nn.ModuleList()
        self.content = nn.ModuleList(
            dense(values.shape[1], units, generator) for values, units in content
        )
        for place, (values, _) in enumerate(content):
            self.register_buffer(f"content_{place}", values, persistent=False)
        seen = sum(units for _, units in content)
        self.joint = dense(seen, joint, generator) if content else None
        sizes = {"cosine": 1, "product": dim, "none": 0}
        total = sizes[matrix] + (layers[-1] if layers else 0) + (joint if content else 0)
        self.last = dense(total, last, generator)
        self.output = dense(last, 1, generator)

    def n_weights(self) -> int:
        """How many numbers are learned, those of users and items that nobody has seen apart."""
        rows = len(self.users.weight) + len(self.items.weight) - 2
        return rows * self.users.weight.shape[1] + sum(p.numel() for p in self.parameters())

    def content_features(self, items: Tensor) -> Tensor:
        """float[n, joint], parts C and D of int64[n] items."""
        assert self.joint is not None
        parts = [
            torch.relu(layer(getattr(self, f"content_{place}")[items]))
            for place, layer in enumerate(self.content)
        ]
        return torch.relu(self.joint(torch.cat(parts, 1)))

    def unknown_content(self) -> Tensor:
        """float[1, joint], what the layers say of an item of which nothing is known."""
        assert self.joint is not None
        parts = [torch.relu(dense.bias) for dense in self.content if isinstance(dense, nn.Linear)]
        return torch.relu(self.joint(torch.cat(parts)[None]))

    def combine(self, p: Tensor, q: Tensor, content: Tensor | None) -> Tensor:
        """float[n], outputs of rows of both tables and of `content_features`, each float[n, …]."""
        parts = []
        if self.matrix != "none":
            a, b = p[:, : self.dim], q[:, : self.dim]
            if self.matrix == "cosine":
                parts.append(functional.cosine_similarity(a, b, eps=1e-6)[:, None])
            else:
                parts.append(a * b)
        if len(self.layers):
            hidden = torch.cat([p[:, -self.dim :], q[:, -self.dim :]], 1)
            for layer in self.layers:
                hidden = torch.relu(layer(hidden))
            if self.training and self.dropout and self.generator is not None:
                hidden = dropped(hidden, self.dropout, self.generator)
            parts.append(hidden)
        if content is not None:
            parts.append(content)
        found: Tensor = self.output(self.last(torch.cat(parts, 1)))[:, 0]
        return found

    def forward(self, users: Tensor, items: Tensor, known: Tensor | None = None) -> Tensor:
        """float[n], the outputs of int64[n] users and items.

        Args:
            users: rows of the table of users, its last for unknown ones.
            items: items whose content is looked at.
            known: rows of the table of items; by default the items themselves.
        """
        content = self.content_features(items) if self.joint is not None else None
        rows = items if known is None else known
        return self.combine(self.users(users), self.items(rows), content)

    @torch.no_grad()
    def all_pairs(self, p: Tensor, q: Tensor, content: Tensor | None) -> Tensor:
        """float[n, m], the output of each float[n, width] with each float[m, width]."""
        n, m = len(p), len(q)
        widest = max(self.last.in_features, 2 * self.dim)
        size = max(1, _CELLS // (widest * max(1, n)))
        found = p.new_empty(n, m)
        for start in range(0, m, size):
            some = q[start : start + size]
            k = len(some)
            pairs = p.repeat_interleave(k, 0), some.repeat(n, 1)
            known = None if content is None else content[start : start + size].repeat(n, 1)
            found[:, start : start + k] = self.combine(*pairs, known).view(n, k)
        return found


def _uniform(rows: int, width: int, generator: torch.Generator | None) -> Tensor:
    """Keras' usual initial embeddings; the last row, of unknown ones, starts at 0."""
    weights = torch.empty(rows, width).uniform_(-0.05, 0.05, generator=generator)
    weights[-1] = 0
    return weights
