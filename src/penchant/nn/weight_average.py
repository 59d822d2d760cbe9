"""A mean of the weights that a network has after one step and another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

from torch import Tensor, nn

_WEIGHTS_A_STEP = 2**20  # that are added to the mean; of larger networks every few steps


class WeightAverage:
    """An exponential moving average of a network's weights.

    Weights that go on moving by whole steps lie around better ones: their mean foretells more than
    they do. Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992);
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (2018).
    It reaches back over a tenth of the steps at most, so that the beginning is soon forgotten.

    Args:
        network: whose parameters and buffers are averaged, and which stays as it is.
        decay: what a step leaves of the share of those before it, above 0 and below 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        kept = network.state_dict().keys()
        named = chain(network.named_parameters(), network.named_buffers())
        self.weights: list[Tensor] = [tensor for name, tensor in named if name in kept]
        self.decay = decay
        self.every = 1 + sum(weight.numel() for weight in self.weights) // _WEIGHTS_A_STEP
        self.n_steps = 0
        self.means = [weight.detach().clone() for weight in self.weights]

    def following(self, step: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The same step, after which its weights are added to the mean."""

        def followed(*batch: Tensor) -> Tensor:
            loss = step(*batch)
            self.n_steps += 1
            if self.n_steps % self.every == 0:
                self._add()
            return loss

        return followed

    def _add(self) -> None:
        decay = min(self.decay, (1 + self.n_steps) / (10 + self.n_steps)) ** self.every
        for mean, weight in zip(self.means, self.weights, strict=True):
            if mean.is_floating_point():
                mean.lerp_(weight.detach(), 1 - decay)
            else:
                mean.copy_(weight)

    def exchange(self) -> None:
        """Let the network have the means, and keep its weights in their place."""
        for i, weight in enumerate(self.weights):
            self.means[i], weight.data = weight.data, self.means[i]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let the network have the means for a while."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()
