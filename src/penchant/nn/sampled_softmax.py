"""Vectors of users and items, trained by a softmax over items of which some are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from penchant.nn.loop import TrainingStep
from penchant.nn.ranking_factors import RankingFactors, adagrad_
from penchant.typing import Csr, Float32, Float64

FOLD_IN_STEPS, FOLD_IN_RATE = 100, 0.4  # of Adam, with a rate that falls to 0
_FOLD_IN_CELLS = 2**22  # scores at once


class Candidates:
    """Items to draw for a softmax, each with a chance that grows with its number of events.

    Args:
        counts: float32[n_items], events; items without any are never drawn.
        power: of the counts.
        n: how many are drawn at once, or all items with events, once each, where these are fewer.
        generator: decides what is drawn.
    """

    def __init__(self, counts: Tensor, power: float, n: int, generator: torch.Generator) -> None:
        self.warm = torch.nonzero(counts)[:, 0]
        weights = counts[self.warm].double() ** power
        self.chances = weights / weights.sum()
        self.up_to = self.chances.cumsum(0)
        self.n, self.generator = n, generator

    def draw(self) -> tuple[Tensor, Tensor]:
        """int64[n] items, and float32[n], the logarithm of how often each is expected."""
        if self.n >= len(self.warm):
            return self.warm, torch.zeros(len(self.warm))
        places = torch.rand(self.n, dtype=torch.float64, generator=self.generator)
        drawn = torch.searchsorted(self.up_to, places).clamp_(max=len(self.warm) - 1)
        return self.warm[drawn], (self.chances[drawn] * self.n).log().float()


def softmax_step(
    network: RankingFactors, candidates: Candidates, *, learning_rate: float, l2: float
) -> TrainingStep:
    """A step of AdaGrad, with one rate for each row, on a batch of events.

    The loss of an event is -log(exp s / (exp s + sum over others of exp s')), its sum over all
    others estimated by drawn ones, each divided by how often it is expected to be drawn ("logQ
    correction"): Bengio and Senécal, "Adaptive Importance Sampling to Accelerate Training of a
    Neural Probabilistic Language Model" (2008), eq. 12. The event's own item is in it once,
    drawn or not, and needs no correction.

    Args:
        network: what is trained.
        candidates: what is drawn for each batch.
        learning_rate: of AdaGrad.
        l2: weight of the squares of the rows of an event's user and item.
    """

    @torch.no_grad()
    def step(users: Tensor, items: Tensor, weights: Tensor) -> Tensor:
        """Learn from int64[n] users and items and float32[n] weights; the mean loss before."""
        p = network.users[users]
        found = softmax_changes(p, network.items, items, weights, candidates, l2)
        adagrad_(network.users, network.user_squares, users, found.states, learning_rate)
        adagrad_(network.items, network.item_squares, found.rows, found.items, learning_rate)
        return found.losses.mean()

    return step


@dataclass(frozen=True)
class SoftmaxChanges:
    """What lowers the losses of a batch.

    Attributes:
        losses: float32[n], of each event, weighed.
        states: float32[n, dim], changes of the vectors of users or states.
        rows: int64[n + n_drawn], items whose vectors change, some more than once.
        items: float32[n + n_drawn, dim + 1], their changes, the bias last.
    """

    losses: Tensor
    states: Tensor
    rows: Tensor
    items: Tensor


def softmax_changes(
    p: Tensor, table: Tensor, items: Tensor, weights: Tensor, candidates: Candidates, l2: float
) -> SoftmaxChanges:
    """The downhill direction of the losses of `softmax_step` for a batch of events.

    Args:
        p: float32[n, dim], the vectors of users or states.
        table: float32[n_items, dim + 1], those of items, the bias last.
        items: int64[n], the item of each event.
        weights: float32[n], of the events.
        candidates: what is drawn.
        l2: weight of the squares of the rows of an event's vector and item.
    """
    drawn, log_expected = candidates.draw()
    q, others = table[items], table[drawn]
    dim = p.shape[1]
    own = (p * q[:, :dim]).sum(1) + q[:, dim]
    scores = torch.addmm(others[:, dim] - log_expected, p, others[:, :dim].T)
    scores.masked_fill_(drawn == items[:, None], -math.inf)
    total = torch.logaddexp(own, scores.logsumexp(1))
    losses = (total - own) * weights
    # Chances of the drawn items, and that of all but the own one, by the weights.
    scores.sub_(total[:, None]).exp_().mul_(weights[:, None])
    slope = -torch.expm1(own - total)[:, None] * weights[:, None]
    ridge = l2 * weights[:, None]
    with_one = torch.cat([p, p.new_ones(len(p), 1)], 1)
    change_p = slope * q[:, :dim] - scores @ others[:, :dim] - ridge * p
    change_q = torch.cat([slope * with_one - ridge * q, -(scores.T @ with_one)])
    return SoftmaxChanges(losses, change_p, torch.cat([items, drawn]), change_q)


@torch.no_grad()
def fit_softmax_rows(
    events: Csr, items: Float32, bias: Float32, l2: float, candidates: Candidates
) -> Float32:
    """float32[n_users, dim], the vectors that make each user's events most likely.

    Each minimises the weighted mean of its events' losses, as `softmax_step` has them, over one
    draw of candidates for all, by so many steps of Adam that what is left is small.

    Args:
        events: csr[n_users, n_items], weights of events; a row without any gets zeros.
        items: float32[n_items, dim].
        bias: float32[n_items].
        l2: weight of the squares of the vector.
        candidates: what is drawn.
    """
    drawn, log_expected = candidates.draw()
    others, offset = torch.from_numpy(items)[drawn], torch.from_numpy(bias)[drawn] - log_expected
    found = np.zeros((events.shape[0], items.shape[1]), np.float32)
    size = max(1, _FOLD_IN_CELLS // max(1, len(drawn)))
    for start in range(0, len(found), size):
        some = events[start : start + size]
        total = np.asarray(some.sum(axis=1)).ravel()
        shares = some.multiply(1 / np.maximum(total, 1e-12)[:, None]).tocsr()
        wanted = torch.from_numpy(np.asarray(shares @ items, np.float32))
        rows, first, second = (torch.zeros_like(wanted) for _ in range(3))
        for step in range(1, FOLD_IN_STEPS + 1):
            chances = torch.addmm(offset, rows, others.T).softmax(1)
            slope = chances @ others - wanted + l2 * rows
            first.lerp_(slope, 0.1)
            second.lerp_(slope.square(), 0.01)
            scale = (second / (1 - 0.99**step)).sqrt_().add_(1e-6)
            rate = FOLD_IN_RATE * (1 - (step - 1) / FOLD_IN_STEPS) / (1 - 0.9**step)
            rows.addcdiv_(first, scale, value=-rate)
        found[start : start + size] = (rows * torch.from_numpy(total > 0)[:, None]).numpy()
    return found


@torch.no_grad()
def softmax_row_falls(
    row: Float32,
    shares: Float32,
    events: Float32,
    items: Float32,
    others: tuple[Float32, Float32],
    l2: float,
) -> Float64:
    """float64[n_items, n_events], what scores lose without each event that a row is fitted to.

    A Newton step to where the other events are most likely; see `nn.removal.falls_without`.

    Args:
        row: float32[dim], the minimum for all events.
        shares: float32[n_events], what each counts; they sum to 1.
        events: float32[n_events, dim], the vectors of their items.
        items: float32[n_items, dim], those of the items whose scores fall.
        others: float32[n, dim] and float32[n], vectors and biases of the candidates.
        l2: weight of the squares of the vector.
    """
    q, offset = (torch.from_numpy(part).double() for part in others)
    chances = (q @ torch.from_numpy(row).double() + offset).softmax(0)
    mean = chances @ q
    system = (q.T * chances) @ q - mean[:, None] * mean
    system.diagonal().add_(l2 + 1e-3 * float(system.diagonal().mean()) + 1e-9)
    x, share = torch.from_numpy(events).double(), torch.from_numpy(shares).double()
    # Without an event the mean of the others' vectors is wanted.
    move = (x - share @ x) * (share / (1 - share).clamp(min=1e-3))[:, None]
    moves = torch.cholesky_solve(move.T, torch.linalg.cholesky(system))
    return np.asarray((torch.from_numpy(items).double() @ moves).numpy())
