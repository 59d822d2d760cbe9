"""Ratings as ordered levels: how far a pair lies above thresholds gives the chance of each."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.embedding_rows import RowTable
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import row_table
from penchant.typing import Float64, Int64

STEPS, RATE = 100, 0.1
"""Of Adam when a user's row is fitted, with a rate that falls to 0."""
_EVENTS_AT_ONCE = 2**19


class Penalty:
    """Ridge on rows: `l2` on vectors, and `l2_bias` on all that stands behind them."""

    def __init__(self, dim: int, l2: float, l2_bias: float) -> None:
        self.dim, self.l2, self.l2_bias = dim, l2, l2_bias

    def __call__(self, rows: Tensor) -> Tensor:
        """float[n], the penalty of each row."""
        of_vector = rows[:, : self.dim].square().sum(1)
        return self.l2 * of_vector + self.l2_bias * rows[:, self.dim :].square().sum(1)


class OrdinalNetwork(nn.Module):
    """P(level <= s) = sigmoid(t_s - b_u - b_i - p_u . q_i) with t_(s+1) = t_s + exp(gap_s).

    Koren and Sill, "OrdRec" (2011), eq. 4 to 7. A user's row is the vector, the bias and, where
    users have thresholds of their own, what is added to each gap; the user's bias is at the same
    time the first of these thresholds.

    Args:
        n_users: users in the vocabulary.
        n_items: items in the vocabulary.
        dim: length of the vectors.
        shares: float[n_levels], how frequent each level is, none of them 0.
        own_gaps: whether users have thresholds of their own.
        generator: source of the initial vectors.
        shard: which rows of both tables this process has; None for all.
    """

    def __init__(
        self,
        n_users: int,
        n_items: int,
        dim: int,
        shares: Float64,
        *,
        own_gaps: bool,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.n_gaps = len(shares) - 2
        self.users = _table(n_users, dim, 1 + self.n_gaps * own_gaps, generator, shard)
        self.items = _table(n_items, dim, 1, generator, shard)
        at = torch.logit(torch.from_numpy(np.cumsum(shares)[:-1]), eps=1e-6)
        first = torch.cat([at[:1], at.diff().clamp(min=1e-3).log()])
        self.thresholds = nn.Parameter(first.float())  # the first one, and the gaps

    def loss(self, p: Tensor, q: Tensor, levels: Tensor) -> Tensor:
        """float[n], minus the logarithm of the chance of each level, from rows of both tables."""
        output = (p[:, : self.dim] * q[:, : self.dim]).sum(1) + p[:, self.dim] + q[:, self.dim]
        at = thresholds(self.thresholds, p[:, self.dim + 1 :])
        return minus_log_chance(at - output[:, None], levels)


def _table(
    n_rows: int, dim: int, further: int, generator: torch.Generator, shard: RowShard | None
) -> RowTable:
    def draw(n: int) -> Tensor:
        weights = torch.zeros(n, dim + further)
        weights[:, :dim] = torch.randn(n, dim, generator=generator) * 0.05
        return weights

    return row_table(n_rows, draw, shard)


def thresholds(shared: Tensor, own: Tensor) -> Tensor:
    """float[n, n_levels - 1], the thresholds of each row, ascending.

    Args:
        shared: float[n_levels - 1], the first threshold and the logarithms of the gaps.
        own: float[n, n_levels - 2], what is added to these logarithms; or float[n, 0].
    """
    gaps = (shared[1:] + own if own.shape[1] else shared[1:].expand(len(own), -1)).exp()
    start = shared[:1].expand(len(own), 1)
    return torch.cat([start, start + gaps.cumsum(1)], 1)


def minus_log_chance(above: Tensor, levels: Tensor) -> Tensor:
    """float[n], from how far each threshold lies above the output, float[n, n_levels - 1].

    log(sigmoid(b) - sigmoid(a)) = log(1 - exp(a - b)) - softplus(-b) - softplus(a) for a < b,
    which loses nothing where both are far from 0.
    """
    n = above.shape[1]
    low = above.gather(1, (levels - 1).clamp(min=0)[:, None])[:, 0]
    high = above.gather(1, levels.clamp(max=n - 1)[:, None])[:, 0]
    first, last = levels == 0, levels == n
    gap = torch.where(first | last, 1.0, (high - low).clamp(min=1e-6))
    inner = functional.softplus(-high) + functional.softplus(low) - torch.log(-torch.expm1(-gap))
    outer = torch.where(first, functional.softplus(-high), functional.softplus(low))
    return torch.where(first | last, outer, inner)


def fit_rows(
    offsets: Int64, levels: Int64, item_rows: Tensor, shared: Tensor, penalty: Penalty, width: int
) -> Tensor:
    """float64[n_users, width], the rows of users that suit their events best, by Adam from zero.

    None depends on another user.

    Args:
        offsets: int64[n_users + 1], where each user's events start and end.
        levels: int64[n_events].
        item_rows: float64[n_events, dim + 1], the row of each event's item.
        shared: float64[n_levels - 1], see `thresholds`.
        penalty: on rows.
        width: of a user's row.
    """
    found = torch.zeros(len(offsets) - 1, width, dtype=torch.float64)
    counts = np.diff(offsets)
    active = np.flatnonzero(counts)
    cuts = np.flatnonzero(np.diff(np.cumsum(counts[active]) // _EVENTS_AT_ONCE)) + 1
    dim = penalty.dim
    for users in np.split(active, cuts):
        if not len(users):
            continue
        inside = slice(int(offsets[users[0]]), int(offsets[users[-1] + 1]))
        owner = torch.from_numpy(np.repeat(np.arange(len(users)), counts[users]))
        of_items, wanted = item_rows[inside], torch.from_numpy(levels[inside])
        w = torch.zeros(len(users), width, dtype=torch.float64, requires_grad=True)
        adam = torch.optim.Adam([w], lr=RATE)
        for n in range(STEPS):
            p = w[owner]
            output = (p[:, :dim] * of_items[:, :dim]).sum(1) + p[:, dim] + of_items[:, dim]
            above = thresholds(shared, p[:, dim + 1 :]) - output[:, None]
            total = minus_log_chance(above, wanted).sum() + penalty(w).sum()
            (w.grad,) = torch.autograd.grad(total, [w])
            adam.param_groups[0]["lr"] = RATE * (1 - n / STEPS)
            adam.step()
        found[torch.from_numpy(users)] = w.detach()
    return found
