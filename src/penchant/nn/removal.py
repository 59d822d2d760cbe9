"""What scores lose without single examples to which a user's row was fitted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from penchant.data.histories import Histories
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.typing import AnyInt, Float32, Float64

_LEAST_RIDGE = 1e-3  # of the mean curvature, where the penalty is next to nothing
_MOST_LEVERAGE = 0.9
_LEAST_ERROR = 1e-2  # whose inverse is the curvature of the absolute error


def row_falls(
    objective: Objective,
    user_events: UserEvents,
    outputs: Callable[[Tensor], Tensor],
    row: Float32,
    ridge: float,
    scores: Callable[[Tensor], Tensor],
    n_items: int,
) -> Float64:
    """float64[n_items, n_events], what scores lose without each event that a row is fitted to.

    Args:
        objective: the loss of events; its penalty does not count.
        user_events: of one user.
        outputs: makes float64[n_events], outputs of the events, of float64[n_events, k] rows.
        row: float32[k], which is near the minimum of the summed losses and the ridge.
        ridge: the second derivative of the penalty.
        scores: makes float64[n_items], of the items whose scores fall, likewise.
        n_items: how many items these are.
    """
    output, examples = _with_gradients(outputs, row, len(user_events.items))
    slopes = slope_and_curvature(objective, output, user_events)
    return falls_without(_with_gradients(scores, row, n_items)[1], examples, *slopes, ridge)


def slope_and_curvature(
    objective: Objective, output: Tensor, user_events: UserEvents
) -> tuple[Tensor, Tensor]:
    """float64[n_events] both, of each event's loss; the absolute error's is that of reweighting."""
    rest = output - torch.from_numpy(user_events.targets)
    if objective.loss == "bce":
        chance = torch.sigmoid(output)
        rest, curvature = chance - torch.from_numpy(user_events.targets), chance * (1 - chance)
    elif objective.loss == "mae":
        curvature = 1 / rest.abs().clamp(min=_LEAST_ERROR)
        rest = rest * curvature
    else:
        rest, curvature = 2 * rest, torch.full_like(rest, 2.0)
    if user_events.weights is None:
        return rest, curvature
    weights = torch.from_numpy(user_events.weights)
    return rest * weights, curvature * weights


def _with_gradients(
    outputs: Callable[[Tensor], Tensor], row: Float32, n: int
) -> tuple[Tensor, Tensor]:
    """float64[n] outputs for n times the same row, and float64[n, k], their gradients by it."""
    with torch.enable_grad():
        rows = torch.from_numpy(row).double().repeat(n, 1).requires_grad_()
        found = outputs(rows)
        (gradients,) = torch.autograd.grad(found.sum(), [rows])
    return found.detach(), gradients


@torch.no_grad()
def falls_without(
    items: Tensor, examples: Tensor, slope: Tensor, curvature: Tensor, ridge: float | Tensor
) -> Float64:
    """float64[n_items, n_examples], by how much scores fall when each example is left out.

    A Newton step from the minimum of the sum of the examples' losses and a ridge to that without
    one of them: exact for squared errors of a linear model, as in Rad and Maleki, "A Scalable
    Estimate of the Out-of-sample Prediction Error via Approximate Leave-one-out Cross-validation"
    (2020), eq. 8.

    Args:
        items: float64[n_items, k], gradients of scores by the row.
        examples: float64[n_examples, k], gradients of the examples' outputs.
        slope: float64[n_examples], of losses by outputs, at the minimum.
        curvature: float64[n_examples], likewise.
        ridge: the second derivative of the penalty, one number or float64[k].
    """
    system = (examples.T * curvature) @ examples
    least = _LEAST_RIDGE * float(system.diagonal().mean()) + 1e-9
    system.diagonal().add_(torch.as_tensor(ridge).double().clamp(min=least))
    moves = torch.cholesky_solve(examples.T, torch.linalg.cholesky(system))
    leverage = curvature * (examples.T * moves).sum(0)
    found = items @ moves * (-slope / (1 - leverage.clamp(max=_MOST_LEVERAGE)))
    return np.asarray(found.numpy())


def of_events(falls: Float64, items: AnyInt, user: Histories) -> Float32:
    """float32[n, n_events], falls by item of the example as those by event of a history.

    Args:
        falls: float64[n, n_examples].
        items: int[n_examples], the item of each; there may be several with one item.
        user: of one user; of several events with one item the last has it all.
    """
    used, place = np.unique(items, return_inverse=True)
    total = np.zeros((len(used) + 1, len(falls)))  # the last is of items without an example
    np.add.at(total, place, falls.T)
    where = np.searchsorted(used, user.items)
    there = user.is_latest & np.isin(user.items, used)
    return np.asarray(total[np.where(there, where, -1)].T, np.float32)
