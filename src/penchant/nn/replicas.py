"""Several processes that train the same network, each on a share of every batch."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from penchant.errors import PenchantError
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.loop import GradientStep, TrainingStep


class Replicas:
    """The processes of PyTorch's default group, all of which run the same training loop.

    All have the same rows in the same order, as they draw both from generators in the same state.
    Each computes the loss and the gradient of its rows of a batch, PyTorch averages the gradients,
    and all make the same step, which is that of one process but for rounding: Li et al., "PyTorch
    Distributed: Experiences on Accelerating Data Parallel Training" (2020).

    What a loss draws, such as which units are left out, each process draws for its rows alone, so
    that it differs from what one process would have drawn.

    Args:
        generator: of the loop, in the same state everywhere.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.rank, self.n = distributed.get_rank(), distributed.get_world_size()

    def step(self, network: nn.Module, step: TrainingStep) -> TrainingStep:
        """This process' part of a step, which gives its part of the batch's mean loss.

        Raises:
            PenchantError: batches of the step cannot be shared.
        """
        if not isinstance(step, GradientStep):
            raise PenchantError(
                f"The batches of {type(network).__name__} cannot be shared among processes: train "
                "it in one."
            )
        for optimiser in step.optimisers:
            if isinstance(optimiser, RowAdam):
                optimiser.replicas = self.n
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        scaled: nn.Module = _ScaledLoss(weights, step.loss)
        if weights:
            scaled = DistributedDataParallel(scaled, find_unused_parameters=True)

        def of_share(*batch: Tensor) -> Tensor:
            columns = step.rows(*batch)
            n = len(columns[0])
            start, stop = n * self.rank // self.n, n * (self.rank + 1) // self.n
            # A process without rows takes part with one that counts nothing.
            some = tuple(column[start : max(stop, start + 1)] for column in columns)
            share = step.amount(*some) / step.amount(*columns) if stop > start else 0.0

            def loss(*rows: Tensor) -> Tensor:
                with self._draws_of_a_share():
                    found: Tensor = scaled(share * self.n, *rows)  # gradients become a mean
                    return found

            mine: Tensor = step.update(loss, *some) / self.n
            return mine

        return of_share

    @contextmanager
    def own_draws(self) -> Iterator[None]:
        """Let what is drawn without a generator differ from process to process."""
        with torch.random.fork_rng(devices=[]):
            if self.rank:
                torch.manual_seed(_digest(torch.get_rng_state(), self.rank))
            yield

    @contextmanager
    def _draws_of_a_share(self) -> Iterator[None]:
        """Draw something of its own in each process, and be in the same state afterwards."""
        if self.n == 1:
            yield
            return
        before = self.generator.get_state()
        self.generator.manual_seed(_digest(before, self.rank))
        begin = self.generator.get_state()
        yield
        drew = not torch.equal(self.generator.get_state(), begin)
        self.generator.set_state(before)
        if drew:
            torch.rand(1, generator=self.generator)

    def total(self, loss: float) -> float:
        """The mean loss of an epoch, of each process' part of it.

        Raises:
            PenchantError: the processes' random numbers are no longer the same.
        """
        state = float(_digest(self.generator.get_state()))
        mine = torch.tensor([loss, state], dtype=torch.float64)
        all_parts = [torch.empty_like(mine) for _ in range(self.n)]
        distributed.all_gather(all_parts, mine)
        losses, states = torch.stack(all_parts).unbind(1)
        if (states != state).any():
            raise PenchantError(
                "Processes that train a network together have drawn different batches: train it in "
                "one, and report this."
            )
        return float(losses.sum())

    def agreed(self, value: float) -> float:
        """The first process' value."""
        first = torch.tensor(value, dtype=torch.float64)
        distributed.broadcast(first, 0)
        return float(first)


def _digest(state: Tensor, start: int = 0) -> int:
    """A number below 2^32 that tells states of generators apart."""
    return zlib.crc32(state.numpy().tobytes(), start)


class _ScaledLoss(nn.Module):
    """A loss as a module that has the weights alone whose gradients are averaged."""

    def __init__(self, weights: list[nn.Parameter], loss: TrainingStep) -> None:
        super().__init__()
        self.weights, self.loss = nn.ParameterList(weights), loss

    def forward(self, scale: float, *rows: Tensor) -> Tensor:
        found: Tensor = self.loss(*rows) * scale
        return found
