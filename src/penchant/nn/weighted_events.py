"""Events that teach as often as their weights say."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.nn.loop import Tensors
from penchant.typing import AnyInt, Float32

_ALIKE = 1e-6  # relative weights that differ by no more are the same
_LEAST = 1e-9  # weights stay above 0 where they divide


def relative_weights(weights: Float32 | None, users: AnyInt) -> Float32 | None:
    """float32[n_events] above 0, weights divided by the mean over the events of their user.

    Args:
        weights: float32[n_events], or None where events have none.
        users: int[n_events], whose the events are.

    Returns:
        None where all events of each user count alike.
    """
    if weights is None or not len(weights):
        return None
    n = int(users.max()) + 1
    means = np.bincount(users, weights.astype(np.float64), n) / np.maximum(
        np.bincount(users, minlength=n), 1
    )
    found = weights / np.where(means > 0, means, 1)[users]
    found[np.abs(found - 1) <= _ALIKE] = 1
    return None if (found == 1).all() else np.maximum(found, _LEAST).astype(np.float32)


class WeightedEvents:
    """Events for each epoch, as many as there are, of which each is as frequent as its weight.

    They are a systematic sample: an event whose weight is w times the mean is there floor(w) or
    ceil(w) times, w times on average. Events of equal weight are there once each, as they are.

    Args:
        columns: tensors of n_events rows, such as users and items.
        weights: float32[n_events] as of `relative_weights`, or None.
        generator: decides what is drawn; it is not asked where there are no weights.
    """

    def __init__(
        self, columns: Tensors, weights: Float32 | None, generator: torch.Generator
    ) -> None:
        self.columns, self.generator = columns, generator
        self._ends: Tensor | None = None
        if weights is not None:
            ends = np.cumsum(weights, dtype=np.float64)
            self._ends = torch.from_numpy(ends * (len(ends) / ends[-1]))

    def epoch(self) -> Tensors:
        """The columns of an epoch's events, in the order of the events."""
        if self._ends is None:
            return self.columns
        n = len(self._ends)
        start = torch.rand((), generator=self.generator, dtype=torch.float64)
        places = torch.searchsorted(self._ends, start + torch.arange(n), right=True)
        places.clamp_(max=n - 1)
        return tuple(column[places] for column in self.columns)
