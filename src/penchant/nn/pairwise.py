"""Vectors of users and items, trained so that a user's items come before others."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from penchant.compiled import AVAILABLE
from penchant.nn.ranking_factors import RankingFactors, adagrad_

Loss = Literal["bpr", "warp"]


class PairwiseFactors(RankingFactors):
    """Vectors that rank pairs of items."""

    def losses(self, loss: Loss, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """float32[n], see `PairwiseStep`."""
        if AVAILABLE:
            from penchant.nn.pairwise_loops import write_losses

            found = torch.empty(len(users))
            write_losses(
                users.numpy(),
                items.numpy(),
                others.numpy(),
                self.users.numpy(),
                self.items.numpy(),
                loss == "warp",
                found.numpy(),
            )
            return found
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

    @torch.no_grad()
    def __call__(self, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """Learn from int64[n] users and items and int64[n, k] drawn items; the mean loss before."""
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
