"""One readable training loop for every network."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor, nn

from penchant.errors import PenchantError
from penchant.run import Run


class Optimiser(Protocol):
    """What the loop needs of an optimiser."""

    def zero_grad(self) -> None:
        """Forget the last batch's gradients."""

    def step(self) -> object:
        """Update the parameters."""


Arrays = tuple[Tensor, ...]
Curve = list[dict[str, float]]


class Settings(Protocol):
    """What a model says of its training; it may have `min_delta`, too."""

    @property
    def epochs(self) -> int:
        """The most passes over the data."""

    @property
    def batch_size(self) -> int:
        """Rows in a batch."""

    @property
    def patience(self) -> int | None:
        """Epochs without improvement before stopping."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long to train, and when to stop early.

    Attributes:
        epochs: the most passes over the data.
        batch_size: rows in a batch.
        patience: epochs without improvement of the validation loss before stopping; None trains
            all epochs. Where there is a validation loss, the best epoch's weights are kept.
        min_delta: an improvement must be larger than this.
    """

    epochs: int
    batch_size: int
    patience: int | None = None
    min_delta: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The schedule of a model whose hyper-parameters have these names."""
        return cls(
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            patience=settings.patience,
            min_delta=getattr(settings, "min_delta", 0.0),
        )


Step = Callable[..., Tensor]
"""Learns from one batch, given a slice of each array, and returns the mean loss before it."""


def gradient_step(loss: Step, optimisers: Sequence[Optimiser]) -> Step:
    """The usual step: the loss, its gradient by automatic differentiation, an update."""

    def step(*batch: Tensor) -> Tensor:
        for optimiser in optimisers:
            optimiser.zero_grad()
        value = loss(*batch)
        value.backward()  # type: ignore[no-untyped-call]
        for optimiser in optimisers:
            optimiser.step()
        return value.detach()

    return step


def train(
    network: nn.Module,
    step: Step,
    data: Callable[[], Arrays] | Arrays,
    schedule: Schedule,
    *,
    generator: torch.Generator,
    validate: Callable[[], float] | None = None,
    run: Run | None = None,
    name: str = "network",
) -> tuple[Curve, int]:
    """Train a network and leave it with the weights of its best epoch.

    Args:
        network: what to train.
        step: learns from a batch, given one slice of each array; see `gradient_step`.
        data: arrays of equal length, already in memory, or a function that makes an epoch's
            arrays (for example with fresh negatives).
        schedule: epochs, batch size and early stopping.
        generator: decides the order of rows.
        validate: the validation loss, called after each epoch without gradients.
        run: threads, progress and callbacks.
        name: what progress calls the network.

    Returns:
        One row an epoch (`epoch` from 1, `loss`, `seconds` since the start, and
        `validation_loss` where there is one), and the number of the epoch whose weights are kept.

    Raises:
        PenchantError: the loss is not finite.
    """
    run = run or Run()
    curve: Curve = []
    best, best_epoch, best_state = math.inf, 0, None
    spent = 0.0
    with threads(run, schedule.batch_size), run.progress.task(name, schedule.epochs) as task:
        for epoch in range(1, schedule.epochs + 1):
            started = time.perf_counter()
            network.train()
            arrays = data() if callable(data) else data
            n = len(arrays[0])
            order = torch.randperm(n, generator=generator)
            arrays = tuple(a[order] for a in arrays)
            total = torch.zeros((), dtype=torch.float64)
            for batch in zip(*(torch.split(a, schedule.batch_size) for a in arrays), strict=True):
                total.add_(step(*batch), alpha=len(batch[0]))
            row = {"epoch": float(epoch), "loss": float(total) / n}
            spent += time.perf_counter() - started
            _refuse_unless_finite(row["loss"], f"training loss of {name}", epoch)
            network.eval()
            if validate is not None:
                with torch.no_grad():
                    row["validation_loss"] = validate()
                _refuse_unless_finite(row["validation_loss"], f"validation loss of {name}", epoch)
                if row["validation_loss"] < best - schedule.min_delta:
                    best, best_epoch = row["validation_loss"], epoch
                    best_state = copy.deepcopy(network.state_dict())
            row["seconds"] = spent
            curve.append(row)
            task.advance(note=" ".join(f"{k} {v:.4f}" for k, v in row.items() if "loss" in k))
            for callback in run.callbacks:
                callback(row)
            waited = epoch - best_epoch if validate is not None else 0
            if schedule.patience is not None and waited >= schedule.patience:
                break
    if best_state is None:
        return curve, len(curve)
    network.load_state_dict(best_state)
    return curve, best_epoch


def _refuse_unless_finite(loss: float, what: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise PenchantError(f"The {what} became {loss} in epoch {epoch}: lower the learning rate.")


@contextmanager
def threads(run: Run, batch_size: int) -> Iterator[None]:
    """Use the run's threads, or one for small batches, whose kernels gain nothing from more."""
    before = torch.get_num_threads()
    wanted = run.threads or (1 if batch_size < 2048 else before)
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
