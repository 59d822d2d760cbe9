"""Adam for many networks that have made different numbers of steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from penchant.nn.per_user.networks import NetworkShape, WeightViews
from penchant.typing import Bool, Float32, Int64


class NetworkAdam:
    """WeightViews, a row a network, with their gradients and Adam's moments and steps.

    Args:
        shape: the shape of each network.
        arrays: weights, gradients, first and second moments, float32[networks, row_size].
        steps: float32[networks], the number of steps each has made.
        n_batches: int64[networks], batches of an epoch, falling. Networks with equally many make
            their steps together, so that one call serves them all.
    """

    def __init__(
        self,
        shape: NetworkShape,
        arrays: Sequence[Tensor],
        steps: Float32,
        n_batches: Int64,
    ) -> None:
        self.shape, self.arrays = shape, tuple(arrays)
        bounds = np.flatnonzero(np.diff(n_batches, prepend=-1, append=-1))
        self._lengths: list[int] = np.diff(bounds).tolist()
        self._steps = [torch.tensor(float(steps[b])) for b in bounds[:-1]]
        self._active: dict[int, ActiveNetworks] = {}

    @classmethod
    def initial(cls, shape: NetworkShape, weights: Tensor, n_batches: Int64) -> NetworkAdam:
        """Networks that have made no step; `weights` are changed in place."""
        zeros = [torch.zeros_like(weights) for _ in range(3)]
        return cls(shape, [weights, *zeros], np.zeros(len(weights), np.float32), n_batches)

    @property
    def weights(self) -> Tensor:
        """float32[networks, row_size]."""
        return self.arrays[0]

    def first(self, n: int) -> ActiveNetworks:
        """The first n networks, which are all that have equally many batches or more."""
        if n not in self._active:
            runs = int(np.searchsorted(np.cumsum(self._lengths), n)) + 1
            ends = np.cumsum(self._lengths[: runs - 1]).tolist()
            parts = [list(x[:n].tensor_split(ends)) for x in self.arrays]
            views = [self.shape.views(x[:n]) for x in self.arrays[:2]]
            self._active[n] = ActiveNetworks(views[0], views[1], parts, self._steps[:runs])
        return self._active[n]

    def select(self, keep: Bool, n_batches: Int64) -> NetworkAdam:
        """The networks that go on, with their numbers of batches."""
        steps = np.repeat(np.array([float(s) for s in self._steps], np.float32), self._lengths)
        chosen = torch.from_numpy(keep)
        return NetworkAdam(self.shape, [x[chosen] for x in self.arrays], steps[keep], n_batches)


class ActiveNetworks:
    """The networks that learn from a batch, as views that are made once."""

    def __init__(
        self,
        weights: WeightViews,
        gradient: WeightViews,
        parts: list[list[Tensor]],
        steps: list[Tensor],
    ) -> None:
        self.weights, self.gradient = weights, gradient
        self._parts, self._steps = parts, steps

    def step(self, learning_rate: float) -> None:
        """One step of Adam (Kingma and Ba 2015)."""
        weights, gradient, first_moment, second_moment = self._parts
        adam(
            weights,
            gradient,
            first_moment,
            second_moment,
            [],
            self._steps,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=learning_rate,
            weight_decay=0.0,
            eps=1e-7,
            maximize=False,
        )
