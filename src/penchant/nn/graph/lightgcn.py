"""LightGCN, trained by a softmax over the items with few propagations an epoch."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from penchant.nn.graph.propagation import Propagation
from penchant.nn.loop import TrainingStep
from penchant.nn.sampled_softmax import Candidates
from penchant.typing import Csr, Float32

_START = 0.1  # standard deviation of the initial vectors
_BETAS = 0.9, 0.99  # of Adam: there are few steps
_CELLS = 2**19  # scores at once, which stay in the processor's cache


class PropagatedFactors(nn.Module):
    """Vectors of users and items before any propagation; those without events are zeros.

    Args:
        x: csr[n_users, n_items], weights of pairs.
        dim: length of the vectors.
        layers: of the propagation.
        generator: source of the initial vectors.
    """

    def __init__(self, x: Csr, dim: int, layers: int, generator: torch.Generator) -> None:
        super().__init__()
        self.x, self.propagation = x, Propagation(x, layers)
        active = [np.asarray(x.sum(axis=axis)).ravel() > 0 for axis in (1, 0)]
        self.users, self.items = (
            nn.Parameter(
                _START
                * torch.randn(len(some), dim, generator=generator)
                * torch.from_numpy(some)[:, None],
                requires_grad=False,
            )
            for some in active
        )

    @torch.no_grad()
    def tables(self) -> tuple[Float32, Float32, Float32]:
        """What makes scores of histories, see `vectors_of`.

        Returns:
            float32[n_users, dim], what is the user's own; float32[n_items, dim], what each item
            adds; and float32[n_items, dim], the vectors of the items.
        """
        users, items = self.users.detach(), self.items.detach()
        own = users / (self.propagation.layers + 1)
        return (
            own.numpy(),
            self.propagation.messages(users, items).numpy(),
            self.propagation(users, items)[1].numpy(),
        )


def vectors_of(own: Float32, messages: Float32, x: Csr) -> Float32:
    """float32[n, dim], the propagated vectors of users, from their histories as they are.

    Args:
        own: float32[n, dim], what is the users' own, zeros for users who were not trained.
        messages: float32[n_items, dim].
        x: csr[n, n_items], weights of the events.
    """
    totals = np.asarray(x.sum(axis=1), np.float32).ravel()
    scale = np.divide(1, np.sqrt(totals), out=np.zeros_like(totals), where=totals > 0)
    return np.asarray(own + scale[:, None] * (x @ messages), np.float32)


def lightgcn_step(
    network: PropagatedFactors, candidates: Candidates, *, learning_rate: float, l2: float
) -> TrainingStep:
    """A step of Adam on all events of a batch of users, with one propagation and its gradient.

    The loss of an event is -log of the softmax of its item over all items. All events of a user
    share one sum of exponentials, in which the user's items count exactly and the others as
    drawn ones do, each divided by how often it is expected to be drawn.

    Args:
        network: what is trained.
        candidates: what is drawn for each batch.
        learning_rate: of Adam.
        l2: weight of the squares of the vectors, beside the sum of the losses of all events.
    """
    total = float(network.x.sum())
    optimiser = torch.optim.Adam(
        network.parameters(), learning_rate, betas=_BETAS, weight_decay=l2 / max(total, 1e-12)
    )

    @torch.no_grad()
    def step(batch: Tensor) -> Tensor:
        """Learn from int64[n] users; the mean loss of their events before."""
        users, items = network.propagation(network.users, network.items)
        slopes = torch.zeros_like(users), torch.zeros_like(items)
        x = network.x[batch.numpy()]
        loss, slopes[0][batch] = _add_slopes(users[batch], items, x, candidates, slopes[1])
        events = max(float(x.sum()), 1e-12)
        network.users.grad, network.items.grad = network.propagation(
            *(slope.div_(events) for slope in slopes)
        )
        optimiser.step()
        return loss / events

    return step


def _add_slopes(
    users: Tensor, items: Tensor, x: Csr, candidates: Candidates, slopes: Tensor
) -> tuple[Tensor, Tensor]:
    """The sum of the losses, and float32[n, dim], its slopes by users; those by items are added.

    Args:
        users: float32[n, dim], propagated.
        items: float32[n_items, dim], propagated.
        x: csr[n, n_items], weights of the users' events.
        candidates: what is drawn.
        slopes: float32[n_items, dim], changed.
    """
    drawn, log_expected = candidates.draw()
    everything = len(drawn) == len(candidates.warm)
    others = items[drawn]
    by_other, by_user = torch.zeros_like(others), torch.empty_like(users)
    loss = torch.zeros((), dtype=torch.float64)
    size = max(16, _CELLS // max(1, len(drawn)))
    columns = drawn.numpy()
    for start in range(0, len(users), size):
        some, p = x[start : start + size], users[start : start + size]
        weights = torch.from_numpy(np.asarray(some.sum(axis=1), np.float32).ravel())
        scores = torch.addmm(-log_expected, p, others.T)
        met = some[:, columns].tocoo()
        row, place = (torch.from_numpy(part.astype(np.int64)) for part in (met.row, met.col))
        if everything:
            weight = torch.from_numpy(met.data)
            loss.sub_((scores[row, place] * weight).sum())
            sums = scores.logsumexp(1)
            chances = scores.sub_(sums[:, None]).exp_().mul_(weights[:, None])
            chances[row, place] -= weight
            by_user[start : start + size] = chances @ others
        else:
            # The user's own items are exact, and not among the others.
            scores[row, place] = -math.inf
            row = torch.from_numpy(np.repeat(np.arange(len(p)), np.diff(some.indptr)))
            item, weight = torch.from_numpy(some.indices).long(), torch.from_numpy(some.data)
            vectors, own_users = items[item], p[row]
            own = (vectors * own_users).sum(1)
            loss.sub_((own * weight).sum())
            highest = scores.amax(1).scatter_reduce_(0, row, own, "amax")
            own.sub_(highest[row]).exp_()
            chances = scores.sub_(highest[:, None]).exp_()
            sums = chances.sum(1).index_add_(0, row, own)
            share = weights / sums
            chances.mul_(share[:, None])
            own.mul_(share[row]).sub_(weight)
            by_user[start : start + size] = (chances @ others).index_add_(
                0, row, own[:, None] * vectors
            )
            slopes.index_add_(0, item, own[:, None] * own_users)
            sums = sums.log_().add_(highest)
        loss.add_((sums * weights).sum())
        by_other.addmm_(chances.T, p)
    slopes.index_add_(0, drawn, by_other)
    return loss, by_user
