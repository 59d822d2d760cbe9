"""Vectors for users whom training did not see, which minimise the loss over their histories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from penchant.data.histories import Histories
from penchant.nn.dot.network import Head
from penchant.nn.dot.training import Objective
from penchant.nn.length_batches import batches_by_length
from penchant.nn.weighted_events import relative_weights
from penchant.typing import Float32, Float64, Int64

MIN_L2 = 1e-6  # makes the minimum unique where there is no penalty
ROUNDS = {"mse": 1, "bce": 25, "mae": 40}  # of Newton's method
_STEPS, _RATE = 80, 0.1  # of Adam, with a rate that falls to 0
_MAX_CELLS = 2**19  # numbers that are computed at once, 4 MB


@dataclass(frozen=True, eq=False)
class UserEvents:
    """The events of each user with their targets.

    Attributes:
        offsets: int64[n_users + 1], where each user's events start and end.
        items: int64[n_events].
        targets: float64[n_events].
        weights: float64[n_events] above 0, what the loss of each counts; None for 1.
    """

    offsets: Int64
    items: Int64
    targets: Float64
    weights: Float64 | None = None

    @classmethod
    def of_histories(cls, users: Histories, targets: Float64) -> UserEvents:
        """The events of histories with their targets and relative weights."""
        weights = relative_weights(users.weights, users.rows)
        return cls(
            users.offsets,
            users.items.astype(np.int64),
            targets,
            None if weights is None else weights.astype(np.float64),
        )

    @classmethod
    def with_negatives(cls, users: Histories, per_event: int, seed: int) -> UserEvents:
        """The histories' items as ones, and `per_event` drawn items for each as zeros.

        Events weigh as they do in the history, drawn items 1. A user's draws depend on the length
        of the history alone, and on nobody else.
        """
        lengths = users.lengths * per_event
        drawn = np.random.default_rng(seed).integers(users.n_items, size=lengths.max(initial=0))
        place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        row, item = np.repeat(np.arange(len(users)), lengths), drawn[place]
        fresh = ~np.isin(row * users.n_items + item, users.pairs)
        rows = np.concatenate([users.rows, row[fresh]])
        order = np.argsort(rows, kind="stable")
        counts = np.bincount(rows, minlength=len(users))
        weights = relative_weights(users.weights, users.rows)
        if weights is not None:
            weights = np.pad(weights, (0, len(rows) - len(weights)), constant_values=1)[order]
        return cls(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([users.items, item[fresh]])[order].astype(np.int64),
            (order < users.n_events).astype(np.float64),
            None if weights is None else weights.astype(np.float64),
        )


def fold_in(
    head: Head,
    objective: Objective,
    user_events: UserEvents,
    vectors: Float32,
    biases: Float32 | None = None,
) -> tuple[Float32, Float32]:
    """The vector and bias of each user that minimise the objective, all else held fixed.

    Where the head is a linear unit, by Newton's method to the minimum; otherwise there may be
    more than one minimum, and Adam goes downhill from zero. All users of a batch go together, and
    none depends on another.

    Args:
        head: makes predictions from dot products, in float64.
        objective: the mean loss and the penalty that are minimised for each user.
        user_events: the users' events.
        vectors: float32[n_items, dim].
        biases: float32[n_items]; None where neither items nor users have one.

    Returns:
        float32[n_users, dim] and float32[n_users]; zeros for a user without events.
    """
    n, dim = len(user_events.offsets) - 1, vectors.shape[1]
    if len(user_events.items) < len(vectors):  # few users: what else there is need not be converted
        some, items = np.unique(user_events.items, return_inverse=True)
        user_events = replace(user_events, items=items)
        vectors, biases = vectors[some], None if biases is None else biases[some]
    found = np.zeros((n, dim + 1))
    width = dim + (biases is not None)
    of_items = torch.from_numpy(vectors).double()
    base = torch.zeros(len(vectors)).double()
    if biases is not None:
        base = torch.from_numpy(biases).double()
    if head.is_plain:
        weight, offset = head.output.tolist()
        ones = torch.ones(len(vectors), width - dim)
        inputs = torch.cat([of_items * weight, ones], dim=1)
        newton(found[:, :width], inputs, base + offset, user_events, objective)
    else:
        _descend(found[:, :width], head, of_items, base, user_events, objective)
    return found[:, :dim].astype(np.float32), found[:, dim].astype(np.float32)


def newton(
    found: Float64,
    inputs: Tensor,
    base: Tensor,
    user_events: UserEvents,
    objective: Objective,
    *,
    l2_last: float | None = None,
) -> None:
    """Fill float64[n_users, k] so that base + inputs . solution comes close to the targets.

    The absolute error, which has no curvature, is that of iteratively reweighted least squares.

    Args:
        found: is filled.
        inputs: float64[n_items, k].
        base: float64[n_items].
        user_events: the users' events.
        objective: its penalty is on each user's solution for each event.
        l2_last: the penalty on the square of a solution's last number, however many events there
            are; None takes the same as for the others.
    """
    k = inputs.shape[1]
    # What pads a shorter history leads to inputs of zeros, which change nothing.
    inputs = torch.cat([inputs, torch.zeros(1, k)])
    base = torch.cat([base, torch.zeros(1)])
    where = torch.from_numpy(np.append(user_events.items, len(inputs) - 1))
    wanted = torch.from_numpy(np.append(user_events.targets, 0))
    counts = np.diff(user_events.offsets)
    each = user_events.weights
    weights = None if each is None else torch.from_numpy(np.append(each, 1))
    for users, entries in _batches(user_events.offsets, k):
        x, start, truth = inputs[where[entries]], base[where[entries]], wanted[entries]
        w = x.new_zeros(len(users), k)
        lengths = torch.from_numpy(counts[users])[:, None]
        ridge = 2 * (objective.l2 + MIN_L2) * lengths
        unit = torch.ones(len(users), k, dtype=x.dtype)
        if l2_last is not None:  # in other units the penalty is the same as for the others
            unit[:, -1:] = (
                ridge / (2 * l2_last + 2 * MIN_L2 * torch.from_numpy(counts[users])[:, None])
            ).sqrt()
            x = x * unit[:, None]
        for n in range(ROUNDS[objective.loss]):
            output = start + (x @ w[:, :, None])[:, :, 0]
            slope, curvature = _slope_and_curvature(objective, output, truth, n)
            # What a weighted ridge regression is to come close to; its solution is a whole step.
            goal = (x @ w[:, :, None])[:, :, 0] - slope / curvature
            if weights is not None:
                curvature = curvature * weights[entries]
            move = _ridge(x, goal, curvature, ridge) - w
            if objective.loss == "bce":
                # Where a sigmoid is flat, a whole step would lead far beyond the minimum.
                move *= 2 / (x @ move[:, :, None]).abs().amax(1).clamp_(min=2)
            w += move
        found[users] = (w * unit).numpy()


def _ridge(x: Tensor, goal: Tensor, weight: Tensor, l2: Tensor) -> Tensor:
    """float64[n_users, k], the w that minimises sum weight (goal - x . w)^2 + l2 |w|^2.

    The system solved has as many unknowns as there are events, or as w has, whichever are fewer.
    """
    short = x.shape[1] < x.shape[2]
    weighted = (x.mT * weight[:, None]) if not short else x.mT
    system = x @ weighted if short else weighted @ x
    system.diagonal(dim1=1, dim2=2).add_(l2 / weight if short else l2)
    right = goal[:, :, None] if short else weighted @ goal[:, :, None]
    found = torch.cholesky_solve(right, torch.linalg.cholesky(system))
    return (x.mT @ found if short else found)[:, :, 0]


def _slope_and_curvature(
    objective: Objective, output: Tensor, truth: Tensor, n: int
) -> tuple[Tensor, Tensor]:
    """float64[n_users, longest] both, in the n-th round."""
    if objective.loss == "bce":
        chance = torch.sigmoid(output)
        return chance - truth, (chance * (1 - chance)).clamp_(min=1e-6)
    rest = output - truth
    if objective.loss == "mae":
        curvature = 1 / rest.abs().clamp_(min=max(1e-4, 0.75**n))
        return rest * curvature, curvature
    return 2 * rest, torch.full_like(rest, 2.0)


def _batches(offsets: Int64, k: int) -> Iterator[tuple[Int64, Tensor]]:
    """Users with histories of similar length, so few that their systems fit into bounded memory."""
    size = max(1, _MAX_CELLS // k**2)
    for users, entries in batches_by_length(offsets, lambda n: n * np.maximum(n, k)):
        for start in range(0, len(users), size):
            yield users[start : start + size], entries[start : start + size]


def _descend(
    found: Float64,
    head: Head,
    vectors: Tensor,
    base: Tensor,
    user_events: UserEvents,
    objective: Objective,
) -> None:
    """Fill float64[n_users, k] with the best of Adam's steps from zero."""
    counts = np.diff(user_events.offsets)
    dim, l2 = vectors.shape[1], objective.l2 + MIN_L2
    size = _MAX_CELLS // head.widest
    active = np.flatnonzero(counts)
    cuts = np.flatnonzero(np.diff(np.cumsum(counts[active]) // size)) + 1
    for users in np.split(active, cuts):
        if not len(users):
            continue
        inside = slice(int(user_events.offsets[users[0]]), int(user_events.offsets[users[-1] + 1]))
        row = torch.from_numpy(np.repeat(np.arange(len(users)), counts[users]))
        items = torch.from_numpy(user_events.items[inside])
        q, of_item, truth = (
            vectors[items],
            base[items],
            torch.from_numpy(user_events.targets[inside]),
        )
        weights: Tensor | float = 1.0
        if user_events.weights is not None:
            weights = torch.from_numpy(user_events.weights[inside])
        share = 1 / torch.from_numpy(counts[users]).double()
        w = torch.zeros(len(users), found.shape[1], dtype=torch.float64, requires_grad=True)
        best, least = w.detach().clone(), torch.full((len(users),), torch.inf).double()
        adam = torch.optim.Adam([w], lr=_RATE)
        for n in range(_STEPS + 1):
            p = w[row]
            output = head((p[:, :dim] * q).sum(1), p[:, :dim], q) + of_item
            if found.shape[1] > dim:
                output = output + p[:, dim]
            each = objective.each(output, truth) * weights
            losses = torch.zeros_like(share).index_add(0, row, each)
            losses = losses * share + l2 * w.square().sum(1)
            better = losses.detach() < least
            best[better], least[better] = w.detach()[better], losses.detach()[better]
            adam.param_groups[0]["lr"] = _RATE * (1 - n / _STEPS)
            (w.grad,) = torch.autograd.grad(losses.sum(), [w])
            adam.step()
        found[users] = best.numpy()
