"""Two towers: one makes vectors of items from what they are, one of users from what they had."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from penchant.nn.autoencoder.sparse_batches import SparseBatch, dropped
from penchant.nn.dense import dense
from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.loop import TrainingStep
from penchant.typing import Bool

_ITEMS_AT_ONCE = 2**16


class TwoTowerNetwork(nn.Module):
    """A vector for each item and each history, whose products say how well they go together.

    Item: a hidden layer over the content gives a vector and a bias, to which the item's own ones
    are added. User: the mean of the history's item vectors, and what a hidden layer makes of it.

    Args:
        content: float32[n_items, n]; n may be 0.
        dim: length of the vectors.
        hidden: units of the hidden layers.
        generator: source of the initial weights.
    """

    content: Tensor

    def __init__(
        self, content: Tensor, dim: int, hidden: int, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.dim = dim
        n_items, n_inputs = content.shape
        self.register_buffer("content", content, persistent=False)
        rows = torch.zeros(n_items, dim + 1)
        rows[:, :dim].normal_(0, 0.1, generator=generator)
        self.items = RowTable(rows)
        self.content_hidden = dense(n_inputs, hidden, generator) if n_inputs else None
        self.content_output = dense(hidden, dim + 1, generator) if n_inputs else None
        self.user_hidden = dense(dim, hidden, generator)
        self.user_output = dense(hidden, dim, generator)

    def n_weights(self) -> int:
        """How many numbers are learned."""
        return self.items.weight.numel() + sum(p.numel() for p in self.parameters())

    def item_vectors(self, items: Tensor, own: Tensor | None = None) -> Tensor:
        """float32[n, dim + 1], the vectors and biases of int64[n] distinct items.

        Args:
            items: which.
            own: float32[n], 0 for items that are to stand on their content alone.
        """
        rows = self.items(items)
        found: Tensor = rows if own is None else rows * own[:, None]
        if self.content_hidden is not None and self.content_output is not None:
            found = found + self.content_output(
                torch.relu(self.content_hidden(self.content[items]))
            )
        return found

    def all_item_vectors(self) -> Tensor:
        """float32[n_items, dim + 1], of all items, with hidden units of some at a time."""
        every = torch.split(torch.arange(len(self.content)), _ITEMS_AT_ONCE)
        return torch.cat([self.item_vectors(items) for items in every])

    def user_vectors(self, mean: Tensor) -> Tensor:
        """float32[n, dim], users' vectors from float32[n, dim], the means over their histories."""
        found: Tensor = mean + self.user_output(torch.relu(self.user_hidden(mean)))
        return found


def mean_vectors(histories: sparse.csr_array, vectors: Tensor) -> Tensor:
    """float32[n, dim], sums of float32[m, dim] vectors over rows of a csr[n, m] of weights.

    They are divided by the root of the sum of the squared weights, which is that of their number
    where all are 1, so that their length tells little of it. An empty row gives zeros.
    """
    rows = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    squares = np.bincount(rows, histories.data.astype(np.float64) ** 2, histories.shape[0])
    share = (histories.data / np.sqrt(squares)[rows]).astype(np.float32)
    shares = sparse.csr_array((share, histories.indices, histories.indptr), shape=histories.shape)
    return SparseBatch(shares).times(vectors)


def softmax_step(
    network: TwoTowerNetwork,
    events: sparse.csr_array,
    *,
    learning_rate: float,
    id_dropout: float,
    dropout: float,
    l2: float,
    sampled: bool,
    generator: torch.Generator,
) -> TrainingStep:
    """How a batch of users is learned from: some of their events foretell the others.

    The loss is the mean of -log softmax over hidden events, each by its weight. Where the softmax
    is sampled, its candidates are the items of the batch's hidden events, which are there as often
    as they are popular: Yi et al., "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item
    Recommendations" (2019), eq. 3, take log q_j from the logit of an item that is there with the
    probability q_j. Otherwise all items with training events are candidates, and nothing is
    to be corrected.

    Args:
        network: what to train.
        events: csr[n_users, n_items], the weights of training events, 1 on average of each row;
            no row is empty.
        learning_rate: of Adam.
        id_dropout: the share of items that stand on their content alone.
        dropout: the share of numbers of users' vectors that is dropped.
        l2: weight of the squares of all own vectors of a batch's items, per item.
        sampled: whether candidates are those of the batch.
        generator: decides all draws.
    """
    counts = np.bincount(events.indices, minlength=events.shape[1])
    warm, chance = np.flatnonzero(counts), counts / max(1, counts.sum())
    weighted = bool((events.data != 1).any())
    adam = RowAdam([network.items], list(network.parameters()), learning_rate)

    def step(users: Tensor) -> Tensor:
        adam.zero_grad()
        batch = events[users.numpy()]
        hides = _hidden(batch, generator)
        items = np.unique(batch.indices) if sampled else warm
        place = np.searchsorted(items, batch.indices)
        owner = np.repeat(np.arange(len(users)), np.diff(batch.indptr))
        shape = (len(users), len(items))
        shown = sparse.csr_array((batch.data[~hides], (owner[~hides], place[~hides])), shape=shape)
        own = None
        if id_dropout:
            own = (torch.rand(len(items), generator=generator) >= id_dropout).float()
        q = network.item_vectors(torch.from_numpy(items.astype(np.int64)), own)
        rows = network.items.touched[-1][2]
        p = network.user_vectors(mean_vectors(shown, q[:, : network.dim]))
        if dropout:
            p = dropped(p, dropout, generator)
        owners, goals = torch.from_numpy(owner[hides]), place[hides]
        if sampled:
            candidates, goals = np.unique(goals, return_inverse=True)
            q = q[torch.from_numpy(candidates)]
        logits = p @ q[:, : network.dim].T + q[:, network.dim]
        if sampled:
            # An item is there unless all draws have missed it.
            there = -np.expm1(len(goals) * np.log1p(-chance[items[candidates]]))
            logits = logits - torch.from_numpy(np.log(there)).float()
        spread = torch.logsumexp(logits, 1)[owners]
        losses = spread - logits[owners, torch.from_numpy(goals)]
        value = (losses * torch.from_numpy(batch.data[hides])).mean() if weighted else losses.mean()
        (value + l2 * rows.square().sum() / len(rows)).backward()  # type: ignore[no-untyped-call]
        adam.step()
        return value.detach()

    return step


def _hidden(batch: sparse.csr_array, generator: torch.Generator) -> Bool:
    """bool[n_events], which are to be foretold: a share that is drawn for each user, or one."""
    lengths = np.diff(batch.indptr)
    share = np.repeat(torch.rand(len(lengths), generator=generator).numpy(), lengths)
    hides: Bool = torch.rand(len(share), generator=generator).numpy() < share
    one = torch.rand(len(lengths), generator=generator).numpy() * lengths
    hides[batch.indptr[:-1] + np.minimum(one.astype(np.int64), lengths - 1)] = True
    return hides
