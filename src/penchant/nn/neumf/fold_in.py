"""Rows of users whom training did not see, fitted to their histories."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.neumf.network import CELLS, NeuMFNetwork
from penchant.typing import Float32, Int64

STEPS, RATE = 60, 0.1
"""Of Adam when a user's row is fitted, with a rate that falls to 0."""
LEAST_RIDGE = 1e-3
"""On a fitted row, for each event."""


def fit_user_rows(
    network: NeuMFNetwork,
    user_events: UserEvents,
    weights: Float32,
    start: Float32,
    items: Float32,
    base: Float32,
    l2: float,
) -> Float32:
    """The row of each user that tells the events from others best, all else held fixed.

    Adam goes downhill from a common row; none of the users depends on another.

    Args:
        network: in double precision.
        user_events: the users' events as ones and others as zeros.
        weights: float32[n_events], what each counts.
        start: float32[width], the row to begin with.
        items: float32[n_items, width], the items' rows.
        base: float32[n_items], what is added to the log-odds of each.
        l2: weight of the squares of the row, for each event.

    Returns:
        float32[n_users, width], the start for users without events.
    """
    found = np.repeat(start[None], len(user_events.offsets) - 1, axis=0)
    for users, inside in _parts(user_events, max(len(start), len(network.units), 1)):
        counts = np.diff(user_events.offsets)[users]
        owner = torch.from_numpy(np.repeat(np.arange(len(users)), counts))
        q = torch.from_numpy(items[user_events.items[inside]]).double()
        more = torch.from_numpy(base[user_events.items[inside]]).double()
        truth = torch.from_numpy(user_events.targets[inside])
        weight = torch.from_numpy(weights[inside]).double()
        ridge = (l2 + LEAST_RIDGE) * torch.from_numpy(counts).double()[:, None]
        rows = torch.from_numpy(found[users]).double().requires_grad_()
        first = rows.detach().clone()
        adam = torch.optim.Adam([rows], lr=RATE)
        for step in range(STEPS):
            with torch.enable_grad():
                each = functional.binary_cross_entropy_with_logits(
                    network.rows(rows[owner], q) + more, truth, weight, reduction="sum"
                )
                total = each + (ridge * (rows - first).square()).sum()
                (rows.grad,) = torch.autograd.grad(total, [rows])
            adam.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
            adam.step()
        found[users] = rows.detach().float().numpy()
    return found


def _parts(user_events: UserEvents, width: int) -> Iterator[tuple[Int64, slice]]:
    """Users with events, so few at once that their events' rows take bounded memory."""
    counts = np.diff(user_events.offsets)
    active = np.flatnonzero(counts)
    block = np.cumsum(counts[active]) // max(1, CELLS // width)
    for users in np.split(active, np.flatnonzero(np.diff(block)) + 1):
        if len(users):
            yield users, slice(*user_events.offsets[[users[0], users[-1] + 1]])
