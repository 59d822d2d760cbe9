"""Bayesian personalised ranking by vectors of ids and by what users see in items' content."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.dot.fold_in import UserEvents, newton
from penchant.nn.dot.training import Objective
from penchant.nn.removal import falls_without, slope_and_curvature
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import row_table
from penchant.typing import Bool, Float32, Float64, Int32, Int64

_CELLS = 2**22  # numbers of pairs that are gathered at once


class VBPRNetwork(nn.Module):
    """b_i + gamma_u . gamma_i + theta_u . (E f_i) + beta . f_i, of two items' difference.

    He and McAuley, "VBPR: Visual Bayesian Personalized Ranking from Implicit Feedback" (2016),
    eq. 4, without what a ranking of one user does not depend on.

    Args:
        content: float32[n_items, n], the f; n may be 0.
        n_users: users in the vocabulary.
        dim: length of the gammas.
        content_dim: length of the thetas.
        generator: source of the initial weights.
        shard: which rows of both tables this process has; None for all.
    """

    content: Tensor

    def __init__(
        self,
        content: Tensor,
        n_users: int,
        dim: int,
        content_dim: int,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim = dim
        n_items, n_inputs = content.shape
        self.register_buffer("content", content, persistent=False)

        def draw_users(n: int) -> Tensor:
            return torch.randn(n, dim + content_dim, generator=generator) * 0.1

        def draw_items(n: int) -> Tensor:
            items = torch.randn(n, dim + 1, generator=generator) * 0.1
            items[:, dim] = 0
            return items

        self.users = row_table(n_users, draw_users, shard)
        self.items = row_table(n_items, draw_items, shard)
        self.embedding = nn.Parameter(torch.empty(n_inputs, content_dim))
        self.slope = nn.Parameter(torch.zeros(n_inputs))
        if self.embedding.numel():
            nn.init.xavier_uniform_(self.embedding, generator=generator)

    def n_weights(self) -> int:
        """How many numbers are learned."""
        rows = self.users.n_weights() + self.items.n_weights()
        return rows + sum(p.numel() for p in self.parameters())

    def forward(
        self, users: Tensor, items: Tensor, others: Tensor, l2: float = 0.0, l2_content: float = 0.0
    ) -> Tensor:
        """The mean of -log sigmoid(x_ui - x_uj) with its penalties: eq. 7.

        Args:
            users: int64[n].
            items: int64[n], an item of each user.
            others: int64[n], one that the user does not have.
            l2: weight of the squares of rows, for each pair.
            l2_content: weight of the squares of E and beta.
        """
        p, q, r = self.users(users), self.items(items), self.items(others)
        f = self.content[items] - self.content[others]
        rest = q - r
        above = rest[:, self.dim] + (p[:, : self.dim] * rest[:, : self.dim]).sum(1)
        above = above + (p[:, self.dim :] * (f @ self.embedding)).sum(1) + f @ self.slope
        value = functional.softplus(-above).mean()
        if l2:
            value = value + l2 / len(users) * sum(x.square().sum() for x in (p, q, r))
        if l2_content:
            shared = self.embedding.square().sum() + self.slope.square().sum()
            value = value + l2_content * shared
        return value

    @torch.no_grad()
    def item_factors(self, rows: Tensor) -> tuple[Float32, Float32]:
        """What users' rows are multiplied with, float32[n_items, dim + content_dim], and biases.

        Args:
            rows: float32[n_items, dim + 1], the table of items.
        """
        seen = self.content @ self.embedding
        vectors = torch.cat([rows[:, : self.dim], seen], 1)
        return vectors.numpy(), (rows[:, self.dim] + self.content @ self.slope).numpy()


def fit_ranking_rows(
    user_events: UserEvents, vectors: Float32, biases: Float32, drawn: Bool, l2: float
) -> Float32:
    """The row of each user that ranks the history above drawn items, all else held fixed.

    It is the minimum of the mean of -log sigmoid(x_ui - x_uj) + l2 |row|^2 over pairs of a
    user's items and negatives, dealt to the items in turn, by Newton's method.

    Args:
        user_events: the users' items as ones and, behind them, negatives as zeros; a pair weighs
            as its item.
        vectors: float32[n_items, k], what rows are multiplied with.
        biases: float32[n_items].
        drawn: bool[n_items], what may be a negative.
        l2: weight of the penalty.

    Returns:
        float32[n_users, k], zeros for a user without pairs.
    """
    k = vectors.shape[1]
    found = np.zeros((len(user_events.offsets) - 1, k))
    z, base = torch.from_numpy(vectors).double(), torch.from_numpy(biases).double()
    for users, owner, event, against in _pairs(user_events, drawn, k):
        items, others = user_events.items[event], user_events.items[against]
        counts = np.bincount(owner, minlength=len(users))
        goals = UserEvents(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.arange(len(owner)),
            np.ones(len(owner)),
            None if user_events.weights is None else user_events.weights[event],
        )
        part = np.zeros((len(users), k))
        newton(part, z[items] - z[others], base[items] - base[others], goals, Objective("bce", l2))
        found[users] = part
    return found.astype(np.float32)


def ranking_row_falls(
    user_events: UserEvents,
    vectors: Float32,
    biases: Float32,
    drawn: Bool,
    l2: float,
    items: Int32,
) -> tuple[Float64, Int64]:
    """What some items lose without each pair that the row of a single user is fitted to.

    Args:
        user_events: as in `fit_ranking_rows`, of one user.
        vectors: likewise.
        biases: likewise.
        drawn: likewise.
        l2: likewise.
        items: int32[n], whose scores fall.

    Returns:
        float64[n, n_pairs], and int64[n_pairs], the item of the history that each pair is of.
    """
    k = vectors.shape[1]
    row = fit_ranking_rows(user_events, vectors, biases, drawn, l2)[0]
    z, base = torch.from_numpy(vectors).double(), torch.from_numpy(biases).double()
    for _, _, event, against in _pairs(user_events, drawn, k):
        own, others = user_events.items[event], user_events.items[against]
        rest = z[own] - z[others]
        output = rest @ torch.from_numpy(row).double() + base[own] - base[others]
        weights = None if user_events.weights is None else user_events.weights[event]
        goals = UserEvents(np.array([0, len(own)]), own, np.ones(len(own)), weights)
        slopes = slope_and_curvature(Objective("bce"), output, goals)
        return falls_without(z[items], rest, *slopes, 2 * l2 * len(own)), own
    return np.zeros((len(items), 0)), np.zeros(0, np.int64)


def _pairs(user_events: UserEvents, drawn: Bool, k: int) -> Iterator[tuple[Int64, ...]]:
    """Some users, and of each of their pairs the user's place among them, event and negative."""
    starts, counts = user_events.offsets[:-1], np.diff(user_events.offsets)
    if not counts.any():
        return
    owner = np.repeat(np.arange(len(counts)), counts)
    own = np.bincount(owner, weights=user_events.targets, minlength=len(counts)).astype(np.int64)
    against = np.flatnonzero((user_events.targets == 0) & drawn[user_events.items])
    against = against[own[owner[against]] > 0]
    whose = owner[against]
    turn = (against - starts[whose] - own[whose]) % np.maximum(own[whose], 1)
    event = starts[whose] + turn
    block = np.cumsum(counts) // max(1, _CELLS // k)
    for users in np.split(np.arange(len(counts)), np.flatnonzero(np.diff(block)) + 1):
        inside = slice(*np.searchsorted(whose, [users[0], users[-1] + 1]))
        yield users, whose[inside] - users[0], event[inside], against[inside]
