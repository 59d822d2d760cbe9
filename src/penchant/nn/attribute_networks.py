"""Networks that judge an item's attributes for a user of whom there is a profile."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from penchant.nn.loop import Arrays

Cell = Literal["gru", "lstm"]
CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
MOST_NUMBERS = 2**22
"""Numbers that the largest array of a step of `grid` may have."""


class FeedForward(nn.Module):
    """Hidden layers over profile, attributes and their products, and one linear unit.

    The first layer's sums are computed part by part, so that for many users and patterns at once
    the products need never be laid out.

    Args:
        n_overall: numbers of a profile that belong to no attribute.
        n_attributes: attributes.
        n_each: numbers of a profile for each attribute.
        units: of each hidden layer.
        layers: hidden layers.
        dropout: share of the last hidden layer's outputs that is dropped in training.
    """

    def __init__(
        self,
        n_overall: int,
        n_attributes: int,
        n_each: int,
        *,
        units: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        each = n_attributes * n_each
        self.profile = nn.Linear(n_overall + each, units)
        self.item = nn.Linear(n_attributes, units, bias=False)
        self.product = nn.Linear(each, units, bias=False)
        self.hidden = nn.ModuleList(nn.Linear(units, units) for _ in range(layers - 1))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, 1)

    def forward(self, overall: Tensor, each: Tensor, patterns: Tensor) -> Tensor:
        """float32[n], the logit of each pair.

        Args:
            overall: float32[n, n_overall].
            each: float32[n, n_attributes, n_each].
            patterns: float32[n, n_attributes].
        """
        sums = self._of_profile(overall, each) + self.item(patterns)
        sums += self.product((each * patterns[:, :, None]).flatten(1))
        return self._rest(sums)

    def grid(self, overall: Tensor, each: Tensor, patterns: Tensor) -> Tensor:
        """float32[n_users, n_patterns], the logit of each user with each pattern."""
        units, (n, n_attributes, n_each) = self.output.in_features, each.shape
        weights = self.product.weight.view(units, n_attributes, n_each)
        items = self.item(patterns)
        found = overall.new_empty(n, len(patterns))
        size = max(1, MOST_NUMBERS // (units * max(1, len(patterns))))
        for start in range(0, n, size):
            part = slice(start, start + size)
            own = torch.einsum("uak,hak->uah", each[part], weights)
            sums = torch.matmul(patterns, own)
            sums += items
            sums += self._of_profile(overall[part], each[part])[:, None]
            found[part] = self._rest(sums)
        return found

    def _of_profile(self, overall: Tensor, each: Tensor) -> Tensor:
        sums: Tensor = self.profile(torch.cat([overall, each.flatten(1)], 1))
        return sums

    def _rest(self, sums: Tensor) -> Tensor:
        x = sums.relu_()
        for layer in self.hidden:
            x = layer(x).relu_()
        logits: Tensor = self.output(self.dropout(x))[..., 0]
        return logits


class Recurrent(nn.Module):
    """A recurrent layer over the attributes, one step each, and one linear unit on its last state.

    A step's input is whether the item has the attribute, what the profile says of the attribute,
    and what it says of the user as a whole.

    Args:
        n_overall: numbers of a profile that belong to no attribute.
        n_each: numbers of a profile for each attribute.
        cell: `gru` or `lstm`.
        units: of each recurrent layer.
        layers: recurrent layers, one above the other.
        dropout: share of the last state that is dropped in training.
    """

    def __init__(
        self, n_overall: int, n_each: int, *, cell: Cell, units: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.layer = CELLS[cell](1 + n_each + n_overall, units, num_layers=layers)
        # The second gate decides how much of the state stays, of LSTM and of GRU. It starts open
        # (Jozefowicz et al. 2015), because what the first attributes said must reach the end.
        for name, bias in self.layer.named_parameters():
            if name.startswith("bias_hh"):
                bias.data[units : 2 * units] = 1
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(units, 1)

    def forward(self, overall: Tensor, each: Tensor, patterns: Tensor) -> Tensor:
        """float32[n], the logit of each pair; see `FeedForward.forward`."""
        steps = patterns.shape[1]
        inputs = torch.cat(
            [patterns.T[:, :, None], each.transpose(0, 1), overall.expand(steps, -1, -1)], 2
        )
        states, _ = self.layer(inputs)
        logits: Tensor = self.output(self.dropout(states[-1]))[:, 0]
        return logits

    def grid(self, overall: Tensor, each: Tensor, patterns: Tensor) -> Tensor:
        """float32[n_users, n_patterns], the logit of each user with each pattern."""
        n, p, wide = len(overall), len(patterns), self.output.in_features * patterns.shape[1]
        found = overall.new_empty(n * p)
        size = max(1, MOST_NUMBERS // wide)
        for start in range(0, n * p, size):
            pair = torch.arange(start, min(start + size, n * p))
            user, pattern = pair // p, pair % p
            found[pair] = self(overall[user], each[user], patterns[pattern])
        return found.view(n, p)


class AttributeJudge(nn.Module):
    """A body, and where wanted the item's own like rate as one more input of the last unit.

    Args:
        body: what judges profiles and patterns.
        with_rate: whether there is a like rate.
    """

    def __init__(self, body: FeedForward | Recurrent, *, with_rate: bool) -> None:
        super().__init__()
        self.body = body
        self.rate = nn.Parameter(torch.ones(1)) if with_rate else None

    def forward(self, overall: Tensor, each: Tensor, patterns: Tensor, rates: Tensor) -> Tensor:
        """float32[n], the logit of each pair; `rates` is float32[n]."""
        logits: Tensor = self.body(overall, each, patterns)
        return logits if self.rate is None else logits + self.rate * rates

    def in_parts(self, arrays: Arrays, size: int) -> Tensor:
        """`forward`, a part of the rows after the other."""
        parts = zip(*(torch.split(a, size) for a in arrays), strict=True)
        return torch.cat([self(*part) for part in parts])
