"""How the hybrid network learns from a batch, and how a new user's rows are fitted to it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.hybrid.network import HybridNetwork
from penchant.nn.loop import TrainingStep
from penchant.typing import Float32

_STEPS, _RATE = 60, 0.05  # of Adam when a user's row is fitted, with a rate that falls to 0
LEAST_RIDGE = 1e-3
"""On a fitted row, for each event."""


def hybrid_step(
    network: HybridNetwork,
    objective: Objective,
    *,
    learning_rate: float,
    decay: float,
    unknown: float,
    every_row: bool = False,
    generator: torch.Generator,
) -> TrainingStep:
    """How a batch of users, items and truths is learned from, by Adam.

    Args:
        network: what to train.
        objective: whose mean is minimised.
        learning_rate: at the first step.
        decay: the rate is divided by 1 + this for each step.
        unknown: the share of events whose user, and of others whose item, is shown as unknown.
        every_row: whether the rows of all users and items are updated, not those of the batch
            alone.
        generator: decides which events are.
    """
    tables = [network.users, network.items] if network.users.weight.shape[1] else []
    adam = RowAdam(tables, list(network.parameters()), learning_rate, every_row=every_row)
    last = [len(table.weight) - 1 for table in (network.users, network.items)]

    def step(users: Tensor, items: Tensor, wanted: Tensor) -> Tensor:
        adam.zero_grad()
        adam.lr = learning_rate / (1 + decay * adam.steps)
        rows = items
        if unknown:
            drawn = torch.rand(len(users), generator=generator)
            users = torch.where(drawn < unknown, last[0], users)
            rows = torch.where(drawn > 1 - unknown, last[1], items)
        value = objective.mean(network(users, items, rows), wanted)
        value.backward()  # type: ignore[no-untyped-call]
        adam.step()
        return value.detach()

    return step


def fit_user_rows(
    network: HybridNetwork,
    objective: Objective,
    user_events: UserEvents,
    start: Float32,
    items: Float32,
    content: Tensor | None,
) -> Float32:
    """The row of each new user, downhill from a common one; none depends on another.

    Args:
        network: in double precision, held fixed.
        objective: whose sum over a user's events is minimised, with a small ridge to the start.
        user_events: the users' events.
        start: float32[width], the row of unknown users.
        items: float32[n_events, width], the rows of the events' items.
        content: float64[n_events, joint], what content says of them; None without content.

    Returns:
        float32[n_users, width].
    """
    counts = np.diff(user_events.offsets)
    owner = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    q, truth = torch.from_numpy(items).double(), torch.from_numpy(user_events.targets)
    ridge = LEAST_RIDGE * torch.from_numpy(counts).double()[:, None]
    first = torch.from_numpy(start).double().expand(len(counts), -1)
    rows = first.clone().requires_grad_()
    adam = torch.optim.Adam([rows], lr=_RATE)
    for step in range(_STEPS):
        with torch.enable_grad():
            each = objective.each(network.combine(rows[owner], q, content), truth)
            total = each.sum() + (ridge * (rows - first).square()).sum()
            (rows.grad,) = torch.autograd.grad(total, [rows])
        adam.param_groups[0]["lr"] = _RATE * (1 - step / _STEPS)
        adam.step()
    return rows.detach().float().numpy()
