"""Networks that predict likes from an item's attributes and a user's profile."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from penchant.nn.loop import Tensors

CellName = Literal["gru", "lstm"]
RECURRENT_LAYERS = {"gru": nn.GRU, "lstm": nn.LSTM}
MAX_BLOCK = 2**22
"""Numbers that the largest array of a block of `all_pairs` may have."""


class FeedForwardBody(nn.Module):
    """Hidden layers over profile, attributes and their products, and one linear unit.

    The first layer's sums are computed part by part, so that for many users and patterns at once
    the products need never be laid out.

    Args:
        n_overall: numbers of a profile that belong to no attribute.
        n_attributes: attributes.
        n_per_attribute: numbers of a profile for each attribute.
        hidden: units of each hidden layer.
        layers: hidden layers.
        dropout: share of the last hidden layer's outputs that is dropped in training.
    """

    def __init__(
        self,
        n_overall: int,
        n_attributes: int,
        n_per_attribute: int,
        *,
        hidden: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        n_products = n_attributes * n_per_attribute
        self.profile = nn.Linear(n_overall + n_products, hidden)
        self.item = nn.Linear(n_attributes, hidden, bias=False)
        self.product = nn.Linear(n_products, hidden, bias=False)
        self.hidden_layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers - 1))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, 1)

    def forward(self, overall: Tensor, by_attribute: Tensor, patterns: Tensor) -> Tensor:
        """float32[n], the logit of each pair.

        Args:
            overall: float32[n, n_overall].
            by_attribute: float32[n, n_attributes, n_per_attribute].
            patterns: float32[n, n_attributes].
        """
        sums = self._profile_sums(overall, by_attribute) + self.item(patterns)
        sums += self.product((by_attribute * patterns[:, :, None]).flatten(1))
        return self._upper_layers(sums)

    def all_pairs(self, overall: Tensor, by_attribute: Tensor, patterns: Tensor) -> Tensor:
        """float32[n_users, n_patterns], the logit of each user with each pattern."""
        hidden, n = self.output.in_features, len(overall)
        weights = self.product.weight.view(hidden, *by_attribute.shape[1:])
        items = self.item(patterns)
        logits = overall.new_empty(n, len(patterns))
        size = max(1, MAX_BLOCK // (hidden * max(1, len(patterns))))
        for start in range(0, n, size):
            part = slice(start, start + size)
            products = torch.einsum("uak,hak->uah", by_attribute[part], weights)
            sums = torch.matmul(patterns, products)
            sums += items
            sums += self._profile_sums(overall[part], by_attribute[part])[:, None]
            logits[part] = self._upper_layers(sums)
        return logits

    def _profile_sums(self, overall: Tensor, by_attribute: Tensor) -> Tensor:
        sums: Tensor = self.profile(torch.cat([overall, by_attribute.flatten(1)], 1))
        return sums

    def _upper_layers(self, sums: Tensor) -> Tensor:
        x = sums.relu_()
        for layer in self.hidden_layers:
            x = layer(x).relu_()
        logits: Tensor = self.output(self.dropout(x))[..., 0]
        return logits


class RecurrentBody(nn.Module):
    """A recurrent layer over the attributes, one step each, and one linear unit on its last state.

    A step's input is whether the item has the attribute, the profile's numbers of the attribute,
    and its overall numbers.

    Args:
        n_overall: numbers of a profile that belong to no attribute.
        n_per_attribute: numbers of a profile for each attribute.
        cell: `gru` or `lstm`.
        hidden: units of each recurrent layer.
        layers: recurrent layers, one above the other.
        dropout: share of the last state that is dropped in training.
    """

    def __init__(
        self,
        n_overall: int,
        n_per_attribute: int,
        *,
        cell: CellName,
        hidden: int,
        layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.layer = RECURRENT_LAYERS[cell](
            1 + n_per_attribute + n_overall, hidden, num_layers=layers
        )
        # The second gate decides how much of the state stays, of LSTM and of GRU. It starts open
        # (Jozefowicz et al. 2015), because the first attributes must reach the end.
        for name, bias in self.layer.named_parameters():
            if name.startswith("bias_hh"):
                bias.data[hidden : 2 * hidden] = 1
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, 1)

    def forward(self, overall: Tensor, by_attribute: Tensor, patterns: Tensor) -> Tensor:
        """float32[n], the logit of each pair; see `FeedForwardBody.forward`."""
        steps = patterns.shape[1]
        inputs = torch.cat(
            [patterns.T[:, :, None], by_attribute.transpose(0, 1), overall.expand(steps, -1, -1)], 2
        )
        states, _ = self.layer(inputs)
        logits: Tensor = self.output(self.dropout(states[-1]))[:, 0]
        return logits

    def all_pairs(self, overall: Tensor, by_attribute: Tensor, patterns: Tensor) -> Tensor:
        """float32[n_users, n_patterns], the logit of each user with each pattern."""
        n, p, wide = len(overall), len(patterns), self.output.in_features * patterns.shape[1]
        logits = overall.new_empty(n * p)
        size = max(1, MAX_BLOCK // wide)
        for start in range(0, n * p, size):
            pair = torch.arange(start, min(start + size, n * p))
            user, pattern = pair // p, pair % p
            logits[pair] = self(overall[user], by_attribute[user], patterns[pattern])
        return logits.view(n, p)


class LikeClassifier(nn.Module):
    """The logit of a like: a body's, and where wanted a share of the item's own like rate.

    Args:
        body: the network over profiles and patterns.
        with_rate: whether there is a like rate.
    """

    def __init__(self, body: FeedForwardBody | RecurrentBody, *, with_rate: bool) -> None:
        super().__init__()
        self.body = body
        self.rate = nn.Parameter(torch.ones(1)) if with_rate else None

    def forward(
        self, overall: Tensor, by_attribute: Tensor, patterns: Tensor, rates: Tensor
    ) -> Tensor:
        """float32[n], the logit of each pair; `rates` is float32[n]."""
        logits: Tensor = self.body(overall, by_attribute, patterns)
        return logits if self.rate is None else logits + self.rate * rates

    def in_blocks(self, arrays: Tensors, size: int) -> Tensor:
        """`forward`, computed for at most `size` rows at once."""
        parts = zip(*(torch.split(a, size) for a in arrays), strict=True)
        return torch.cat([self(*part) for part in parts])
