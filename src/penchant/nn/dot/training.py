"""How networks with a dot product are trained: what is minimised, and the step of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from penchant.data.holdout import Holdout
from penchant.nn.dot.network import DotNetwork
from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.loop import GradientStep, Tensors, TrainingStep
from penchant.nn.negatives import UniformNegatives
from penchant.nn.weighted_events import ROWS_AT_ONCE, WeightedEvents
from penchant.typing import AnyInt, Float32


@dataclass(frozen=True)
class Objective:
    """The mean loss over events, and a penalty on the rows of each event.

    Attributes:
        loss: `bce` is of outputs that then pass through a sigmoid.
        l2: weight of the squared length of both vectors, biases included.
    """

    loss: Literal["mse", "mae", "bce"]
    l2: float = 0.0

    def each(self, output: Tensor, truth: Tensor) -> Tensor:
        """float[n], the loss of each event."""
        return self._loss(output, truth, "none")

    def mean(self, output: Tensor, truth: Tensor) -> Tensor:
        """The mean loss."""
        return self._loss(output, truth, "mean")

    def _loss(self, output: Tensor, truth: Tensor, reduction: str) -> Tensor:
        if self.loss == "bce":
            return functional.binary_cross_entropy_with_logits(output, truth, reduction=reduction)
        if self.loss == "mae":
            return functional.l1_loss(output, truth, reduction=reduction)
        return functional.mse_loss(output, truth, reduction=reduction)

    def slope_(self, output: Tensor, truth: Tensor) -> Tensor:
        """float[n], the derivative of each event's loss, in the memory of `output`."""
        if self.loss == "bce":
            return torch.sigmoid_(output).sub_(truth)
        if self.loss == "mae":
            return output.sub_(truth).sign_()
        return output.sub_(truth).mul_(2)

    def penalised(self, network: DotNetwork, users: Tensor, items: Tensor, truth: Tensor) -> Tensor:
        """What a batch is to make smaller."""
        p, q = network.users(users), network.items(items)
        value = self.mean(network.combine(p, q), truth)
        if self.l2:
            value = value + self.l2 / len(truth) * (p.square().sum() + q.square().sum())
        return value


def training_step(
    network: DotNetwork, objective: Objective, learning_rate: float, *, head: bool = True
) -> TrainingStep:
    """How a batch of users, items and truths is learned from, by Adam.

    Args:
        network: whose tables are updated row by row where it was made so.
        objective: what is minimised.
        learning_rate: of Adam.
        head: whether to train the head, too, and not the vectors and biases alone.
    """
    users, items = network.users, network.items
    shared = list(network.head.parameters()) if head else []
    loss = partial(objective.penalised, network)
    plain = network.head.is_plain
    if isinstance(users, RowTable) and isinstance(items, RowTable):
        every_row = not network.by_rows
        rows = RowAdam([users, items], shared, learning_rate, every_row=every_row)
        by_rows = torch.no_grad()(partial(step_by_hand, network, objective, rows))
        return GradientStep(loss, [rows], by_hand=by_rows if plain else None)
    weights = [*users.parameters(), *items.parameters(), *shared]
    dense = torch.optim.Adam(weights, learning_rate, eps=1e-7, fused=True)
    of_all = torch.no_grad()(partial(dense_step_by_hand, network, objective, dense))
    return GradientStep(loss, [dense], by_hand=of_all if plain else None)


def step_by_hand(
    network: DotNetwork,
    objective: Objective,
    optimiser: RowAdam,
    users: Tensor,
    items: Tensor,
    truth: Tensor,
) -> Tensor:
    """Learn from a batch by `Objective.penalised` of a network without layers, row by row.

    The gradient is written out, which is a third of the operations of automatic differentiation.
    """
    optimiser.zero_grad()
    p, q = network.users(users), network.items(items)
    value, (p.grad, q.grad, network.head.output.grad) = _with_gradients(
        network, objective, p, q, truth
    )
    optimiser.step()
    return value


def dense_step_by_hand(
    network: DotNetwork,
    objective: Objective,
    optimiser: torch.optim.Optimizer,
    users: Tensor,
    items: Tensor,
    truth: Tensor,
) -> Tensor:
    """The same for tables all of whose rows a dense optimiser updates."""
    tables = (network.users.weight, users), (network.items.weight, items)
    p, q = (table.index_select(0, index) for table, index in tables)
    value, (*gradients, network.head.output.grad) = _with_gradients(network, objective, p, q, truth)
    for (table, index), gradient in zip(tables, gradients, strict=True):
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        table.grad.index_add_(0, index, gradient)
    optimiser.step()
    for table, index in tables:
        if table.grad is not None:
            table.grad.index_fill_(0, index, 0)  # all other rows are 0 already
    return value


def _with_gradients(
    network: DotNetwork, objective: Objective, p: Tensor, q: Tensor, truth: Tensor
) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
    """What a batch is to make smaller, and its derivatives by rows of both tables and the head."""
    weight, offset = network.head.output.tolist()
    dim, l2, share = network.dim, objective.l2, network.dropout if network.training else 0.0
    p_vector, q_vector = (p[:, :dim], q[:, :dim]) if network.biases else (p, q)
    kept: list[Tensor] = []
    if share:
        generator = network.generator
        kept = [torch.rand(x.shape, generator=generator) >= share for x in (p_vector, q_vector)]
        p_vector, q_vector = p_vector * kept[0] / (1 - share), q_vector * kept[1] / (1 - share)
    dot = torch.linalg.vecdot(p_vector, q_vector) if dim > 1 else (p_vector * q_vector)[:, 0]
    output = dot * weight + offset
    if network.biases:
        output += p[:, dim]
        output += q[:, dim]
    value = objective.mean(output, truth)
    slope = objective.slope_(output, truth)
    slope /= len(truth)
    scaled = (slope * weight)[:, None]
    gradients = []
    for n, (mine, other) in enumerate(((p, q_vector), (q, p_vector))):
        gradient = torch.empty_like(mine)
        torch.mul(other, scaled, out=gradient[:, :dim])
        if share:
            gradient[:, :dim].mul_(kept[n]).div_(1 - share)
        if network.biases:
            gradient[:, dim] = slope
        if l2:
            gradient.add_(mine, alpha=2 * l2 / len(truth))
            value = value + l2 / len(truth) * mine.square().sum()
        gradients.append(gradient)
    return value, (gradients[0], gradients[1], torch.stack([slope @ dot, slope.sum()]))


class Examples:
    """What a network learns from, and is checked on: users, items and what should come out.

    Args:
        users: int[n_events], the users of the events.
        items: int[n_events], their items.
        truth: float32[n_events]; None takes every event for a 1, against drawn negatives as 0.
        n_items: items in the vocabulary.
        negatives: how many are drawn for each event.
        generator: decides what is drawn.
        weights: float32[n_events], how often an event is there; None for once.
    """

    def __init__(
        self,
        users: AnyInt,
        items: AnyInt,
        truth: Float32 | None,
        *,
        n_items: int,
        negatives: int,
        generator: torch.Generator,
        weights: Float32 | None = None,
    ) -> None:
        self.truth = truth
        columns = (users, items, *(() if truth is None else (truth,)))
        self.events = WeightedEvents(columns, weights, generator)
        self.n_items, self.negatives = n_items, negatives
        if truth is None:
            self.sampler = UniformNegatives(
                torch.tensor(users), torch.tensor(items), n_items, generator
            )

    def epoch(self) -> Iterator[Tensors]:
        """Users, items and truths of an epoch in blocks, with fresh negatives where there are any.

        An epoch of up to 8 million rows is one.
        """
        if self.truth is not None:
            yield from self.events.blocks(ROWS_AT_ONCE)
            return
        for users, items in self.events.blocks(ROWS_AT_ONCE // (1 + self.negatives)):
            yield self.sampler.mix(users, items, self.negatives)

    def of_holdout(self, holdout: Holdout, truth: Float32 | None, last_user: int) -> Tensors:
        """The same of held-out events; -1, a user or item unseen in training, is the last row."""
        users = torch.tensor(holdout.rows.users, dtype=torch.int64)
        items = torch.tensor(holdout.items, dtype=torch.int64)
        users[users < 0] = last_user
        items[items < 0] = self.n_items
        if truth is None:
            return self.sampler.mix(users, items, self.negatives)
        return users, items, torch.tensor(truth)
