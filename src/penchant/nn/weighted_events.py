"""Events that teach as often as their weights say, block by block where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from penchant.nn.loop import Tensors
from penchant.typing import AnyInt, Float32, Float64

ROWS_AT_ONCE = 2**23
"""Rows of an epoch, at most, that are in memory together, those of negatives included."""

_NEIGHBOURS = 2**12  # events that stay together: some pages of memory, or of a file
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
        columns: arrays of n_events rows, such as users and items, which are not copied.
        weights: float32[n_events] as of `relative_weights`, or None.
        generator: decides what is drawn; it is not asked where there are no weights.
    """

    def __init__(
        self,
        columns: Sequence[npt.NDArray[Any]],
        weights: Float32 | None,
        generator: torch.Generator,
    ) -> None:
        self.columns, self.weights, self.generator = columns, weights, generator

    @cached_property
    def _mean(self) -> float:
        return 1.0 if self.weights is None else float(self.weights.mean(dtype=np.float64))

    def epoch(self) -> Tensors:
        """The columns of an epoch's events, in the order of the events."""
        if self.weights is None:
            return tuple(torch.tensor(column) for column in self.columns)
        return self._sample(self.columns, self.weights, len(self.weights))

    def blocks(self, at_once: int) -> Iterator[Tensors]:
        """The columns of an epoch's events in blocks, indices as int64.

        Where there are several, each has short runs of neighbouring events from all over the log,
        other ones in each epoch.

        Args:
            at_once: events of a block, at most.
        """
        n = len(self.columns[0])
        if n <= at_once:
            yield tuple(_as_int64(column) for column in self.epoch())
            return
        runs = torch.randperm(-(-n // _NEIGHBOURS), generator=self.generator).tolist()
        per_block = max(1, at_once // _NEIGHBOURS)
        for first in range(0, len(runs), per_block):
            places = [
                slice(run * _NEIGHBOURS, (run + 1) * _NEIGHBOURS)
                for run in runs[first : first + per_block]
            ]
            block = [np.concatenate([column[some] for some in places]) for column in self.columns]
            if self.weights is None:
                yield tuple(_as_int64(torch.from_numpy(column)) for column in block)
                continue
            weights = np.concatenate([self.weights[some] for some in places])
            yield tuple(_as_int64(column) for column in self._sample(block, weights))

    def _sample(
        self, columns: Sequence[npt.NDArray[Any]], weights: Float32, n: int | None = None
    ) -> Tensors:
        """As many events as their weights say, or `n`, in their order."""
        ends: Float64 = np.cumsum(weights, dtype=np.float64)
        ends *= 1 / self._mean if n is None else n / ends[-1]
        start = torch.rand((), generator=self.generator, dtype=torch.float64)
        points = start + torch.arange(n if n is not None else int(np.ceil(ends[-1] - float(start))))
        places = torch.searchsorted(torch.from_numpy(ends), points, right=True)
        places.clamp_(max=len(ends) - 1)
        index = places.numpy()
        return tuple(torch.from_numpy(column[index]) for column in columns)


def _as_int64(column: Tensor) -> Tensor:
    return column if column.is_floating_point() else column.long()
