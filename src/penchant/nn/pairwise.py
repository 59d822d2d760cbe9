"""Vectors of users and items, trained so that a user's items come before others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from penchant.compiled import AVAILABLE, compiled, loop_range, thread_count
from penchant.nn.ranking_factors import RankingFactors, adagrad_
from penchant.typing import Float32, Int64

Loss = Literal["bpr", "warp"]


class PairwiseFactors(RankingFactors):
    """Vectors that rank pairs of items."""

    def losses(self, loss: Loss, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """float32[n], see `PairwiseStep`."""
        gains = (self.items[items][:, None] - self.items[others]).transpose(1, 2)
        above = torch.bmm(_with_one(self.users[users])[:, None], gains)[:, 0]
        if loss == "bpr":
            return nn.functional.softplus(-above[:, 0])
        trial, weight = first_violation(above, len(self.items))
        return weight * (1 - above.gather(1, trial[:, None])[:, 0]).clamp(min=0)


class PairwiseStep:
    """One step of AdaGrad, with one rate for each row, on a batch of pairs.

    `bpr` is -log sigmoid(x_ui - x_uj) of the first of the drawn items: Rendle et al., "BPR:
    Bayesian Personalized Ranking from Implicit Feedback" (2009). `warp` takes the first of them
    whose score comes within 1 of the item's and weighs max(0, 1 - x_ui + x_uj) by the logarithm of
    the rank that its place tells of: Weston, Bengio and Usunier, "WSABIE: Scaling Up To Large
    Vocabulary Image Annotation" (2011). Rows of a batch that occur more than once are changed by
    the sum of what their pairs say.

    Args:
        network: what is trained.
        loss: see above.
        learning_rate: of AdaGrad.
        l2: weight of the squares of rows, for each pair.
    """

    def __init__(
        self, network: PairwiseFactors, loss: Loss, learning_rate: float, l2: float
    ) -> None:
        self.network, self.loss = network, loss
        self.learning_rate, self.l2 = learning_rate, l2
        self._workspace: _Workspace | None = None

    @torch.no_grad()
    def __call__(self, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """Learn from int64[n] users and items and int64[n, k] drawn items; the mean loss before."""
        if AVAILABLE:
            return torch.tensor(self._compiled_step(users, items, others))
        network, rows = self.network, torch.arange(len(users))
        p, q, every = network.users[users], network.items[items], network.items[others]
        above = torch.bmm((q[:, None] - every), _with_one(p)[:, :, None])[:, :, 0]
        if self.loss == "bpr":
            trial, slope = torch.zeros_like(users), torch.sigmoid(-above[:, 0])
            total = nn.functional.softplus(-above[:, 0]).mean()
        else:
            trial, weight = first_violation(above, len(network.items))
            slope = weight
            total = (weight * (1 - above[rows, trial]).clamp(min=0)).mean()
        chosen, r = others[rows, trial], every[rows, trial]
        dim, g = p.shape[1], slope[:, None]
        change_p = g * (q - r)[:, :dim] - self.l2 * p
        change_q = g * _with_one(p) - self.l2 * q
        change_r = -g * _with_one(p) - self.l2 * r
        rate = self.learning_rate
        adagrad_(network.users, network.user_squares, users, change_p, rate)
        both, changes = torch.cat([items, chosen]), torch.cat([change_q, change_r])
        adagrad_(network.items, network.item_squares, both, changes, rate)
        return total

    def _compiled_step(self, users: Tensor, items: Tensor, others: Tensor) -> float:
        network, n = self.network, len(users)
        if self._workspace is None or len(self._workspace.losses) < n:
            self._workspace = _Workspace.of(n, network.users.shape[1])
        space = self._workspace
        u, both = users.numpy(), space.items[: 2 * n]  # of items, and of drawn ones behind them
        both[:n] = items.numpy()
        change_p, changes = space.change_p[:n], space.changes[: 2 * n]
        size_p, sizes, losses = space.size_p[:n], space.sizes[: 2 * n], space.losses[:n]
        _changes(
            u,
            both[:n],
            others.numpy(),
            network.users.numpy(),
            network.items.numpy(),
            self.loss == "warp",
            np.float32(self.l2),
            change_p,
            changes[:n],
            changes[n:],
            both[n:],
            losses,
            size_p,
            sizes[:n],
            sizes[n:],
        )
        rate, threads = np.float32(self.learning_rate), thread_count()
        for table, squares, rows, change, size in (
            (network.users, network.user_squares, u, change_p, size_p),
            (network.items, network.item_squares, both, changes, sizes),
        ):
            _apply(table.numpy(), squares.numpy(), rows, change, size, rate, threads)
        return float(losses.mean(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class _Workspace:
    """What the compiled loops write to: taken from the system once, and not for each batch.

    Attributes:
        change_p: float32[n, dim], of users.
        changes: float32[2 * n, dim + 1], of items and of drawn ones.
        items: int64[2 * n], their rows.
        size_p: float32[n], mean squares of changes.
        sizes: float32[2 * n], likewise.
        losses: float32[n].
    """

    change_p: Float32
    changes: Float32
    items: Int64
    size_p: Float32
    sizes: Float32
    losses: Float32

    @classmethod
    def of(cls, n: int, dim: int) -> _Workspace:
        """For batches of so many rows."""
        return cls(
            np.empty((n, dim), np.float32),
            np.empty((2 * n, dim + 1), np.float32),
            np.empty(2 * n, np.int64),
            np.empty(n, np.float32),
            np.empty(2 * n, np.float32),
            np.empty(n, np.float32),
        )


def first_violation(above: Tensor, n_items: int) -> tuple[Tensor, Tensor]:
    """The first of the drawn items that is not clearly below, and the weight of its rank.

    Args:
        above: float32[n, k], scores of items less those of drawn ones.
        n_items: in the catalogue.

    Returns:
        int64[n] places, and float32[n] weights, 0 where all are below.
    """
    violated = above < 1
    trial = violated.int().argmax(1)
    rank = ((n_items - 1) // (trial + 1)).clamp(min=1).float()
    scale = math.log1p(max(1, n_items - 1))
    return trial, torch.where(violated.any(1), torch.log1p(rank) / scale, 0.0)


def _with_one(vectors: Tensor) -> Tensor:
    return torch.cat([vectors, vectors.new_ones(len(vectors), 1)], 1)


@compiled
def _changes(
    users: Int64,
    items: Int64,
    others: Int64,
    p: Float32,
    q: Float32,
    warp: bool,
    l2: np.float32,
    change_p: Float32,
    change_q: Float32,
    change_r: Float32,
    chosen: Int64,
    losses: Float32,
    size_p: Float32,
    size_q: Float32,
    size_r: Float32,
) -> None:
    n, dim, n_items = len(users), p.shape[1], len(q)
    scale = np.log(np.float32(max(2, n_items)))
    for place in loop_range(n):
        mine, own = p[users[place]], q[items[place]]
        drawn, slope, loss = others[place, 0], np.float32(0), np.float32(0)
        for trial in range(others.shape[1]):
            theirs = q[others[place, trial]]
            above = own[dim] - theirs[dim]
            for k in range(dim):
                above += mine[k] * (own[k] - theirs[k])
            if not warp:
                slope = np.float32(1) / (np.float32(1) + np.exp(above))
                loss = max(-above, np.float32(0)) + np.log1p(np.exp(-abs(above)))
                break
            if above < 1:
                drawn = others[place, trial]
                rank = np.float32(max(1, (n_items - 1) // (trial + 1)))
                slope = np.log1p(rank) / scale
                loss = slope * (np.float32(1) - above)
                break
        theirs = q[drawn]
        of_p, of_q, of_r = np.float32(0), np.float32(0), np.float32(0)
        for k in range(dim):
            p_k = slope * (own[k] - theirs[k]) - l2 * mine[k]
            q_k = slope * mine[k] - l2 * own[k]
            r_k = -slope * mine[k] - l2 * theirs[k]
            change_p[place, k], change_q[place, k], change_r[place, k] = p_k, q_k, r_k
            of_p += p_k * p_k
            of_q += q_k * q_k
            of_r += r_k * r_k
        q_k, r_k = slope - l2 * own[dim], -slope - l2 * theirs[dim]
        change_q[place, dim], change_r[place, dim] = q_k, r_k
        size_p[place] = of_p / np.float32(dim)
        size_q[place] = (of_q + q_k * q_k) / np.float32(dim + 1)
        size_r[place] = (of_r + r_k * r_k) / np.float32(dim + 1)
        chosen[place], losses[place] = drawn, loss


@compiled
def _apply(
    table: Float32,
    squares: Float32,
    rows: Int64,
    changes: Float32,
    sizes: Float32,
    rate: np.float32,
    threads: int,
) -> None:
    n, width = changes.shape
    for place in range(n):
        squares[rows[place]] += sizes[place]
    for place in loop_range(n):
        sizes[place] = rate / np.sqrt(squares[rows[place]])
    # Each thread has columns of its own, so that the order of changes is always the same.
    size = (width + threads - 1) // threads
    for chunk in loop_range(threads):
        start, stop = chunk * size, min(width, (chunk + 1) * size)
        for place in range(n):
            row = rows[place]
            for k in range(start, stop):
                table[row, k] += sizes[place] * changes[place, k]
