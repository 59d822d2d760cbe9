"""One training loop for every network."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor, nn

from penchant.errors import PenchantError
from penchant.nn.weight_average import WeightAverage
from penchant.run import Run
from penchant.threads import torch_threads

_ROWS_AT_ONCE = 2**20  # of an epoch that are put in order together

Tensors = tuple[Tensor, ...]
"""Tensors of equal length: the columns of training rows, or of a batch of them."""
Rows = Tensors | Iterable[Tensors]
"""What an epoch learns from: the columns of its rows, at once or block by block."""
TrainingStep = Callable[..., Tensor]
"""Learns from one batch, given a slice of each tensor, and returns the mean loss before it."""
Curve = list[dict[str, float]]
"""A row for each epoch: `epoch`, `loss`, perhaps `validation_loss`, and `seconds`."""


class Optimiser(Protocol):
    """The part of an optimiser that the loop uses."""

    def zero_grad(self) -> None:
        """Forget the last batch's gradients."""

    def step(self) -> object:
        """Update the parameters."""


class Settings(Protocol):
    """The hyper-parameters of a model that make its schedule; there may be `min_delta`, too."""

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
        shuffle: whether each epoch has an order of its own; otherwise rows come as they are.
        drop_last: whether the rows that are left over after the last whole batch are left out;
            they never are where there is no whole batch.
        kernel_rows: rows that a step's products have, where these are not those of a batch.
        ema_decay: decay of an exponential moving average of the weights after each step, which is
            what is validated and kept; 0 takes the weights themselves. See `WeightAverage`.
    """

    epochs: int
    batch_size: int
    patience: int | None = None
    min_delta: float = 0.0
    shuffle: bool = True
    drop_last: bool = False
    kernel_rows: int | None = None
    ema_decay: float = 0.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The schedule of a model whose hyper-parameters have these names."""
        return cls(
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            patience=settings.patience,
            min_delta=getattr(settings, "min_delta", 0.0),
        )


def train(
    network: nn.Module,
    step: TrainingStep,
    data: Callable[[], Rows] | Tensors,
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
        step: learns from a batch, given one slice of each tensor; see `GradientStep`.
        data: tensors of equal length, already in memory, or a function that makes an epoch's
            tensors (for example with fresh negatives), all of them or one block after the other.
        schedule: epochs, batch size and early stopping.
        generator: decides the order of rows, where they are shuffled.
        validate: the validation loss, called after each epoch without gradients.
        run: threads, progress and callbacks, and whether other processes train the same network,
            each on a share of every batch.
        name: what progress calls the network.

    Returns:
        One row an epoch (`epoch` from 1, `loss`, `seconds` since the start, and
        `validation_loss` where there is one), and the number of the epoch whose weights are kept.

    Raises:
        PenchantError: the loss is not finite, or a step that is no `GradientStep` is to be shared.
    """
    run = run or Run()
    curve: Curve = []
    best_loss, best_epoch = math.inf, 0
    best_weights: dict[str, Tensor] = {}
    seconds = 0.0
    replicas = average = None
    if run.replica:
        from penchant.nn.replicas import Replicas  # what it imports takes a second

        replicas = Replicas(generator)
        step = replicas.step(network, step)
    if schedule.ema_decay:
        average = WeightAverage(network, schedule.ema_decay)
        step = average.following(step)
    with (
        threads(run, schedule.kernel_rows or schedule.batch_size),
        run.progress.task(name, schedule.epochs) as task,
        replicas.own_draws() if replicas else nullcontext(),
    ):
        for epoch in range(1, schedule.epochs + 1):
            started = time.perf_counter()
            network.train()
            rows = data() if callable(data) else data
            loss = _train_epoch(step, rows, schedule, generator)
            del rows  # before others are drawn
            if replicas:
                loss = replicas.total(loss)
            network.eval()
            seconds += time.perf_counter() - started
            _require_finite(loss, f"training loss of {name}", epoch)
            row = {"epoch": float(epoch), "loss": loss}

            if validate is not None:
                with average.applied() if average else nullcontext():
                    with torch.no_grad():
                        loss = validate()
                    if replicas:  # which are to stop at the same epoch
                        loss = replicas.agreed(loss)
                    row["validation_loss"] = loss
                    _require_finite(loss, f"validation loss of {name}", epoch)
                    if loss < best_loss - schedule.min_delta:
                        best_loss, best_epoch = loss, epoch
                        _keep(network.state_dict(), best_weights)

            row["seconds"] = seconds
            curve.append(row)
            task.advance(note=" ".join(f"{k} {v:.4f}" for k, v in row.items() if "loss" in k))
            for callback in run.callbacks:
                callback(row)
            waited = epoch - best_epoch if validate is not None else 0
            if schedule.patience is not None and waited >= max(schedule.patience, 1):
                break
    if not best_epoch:
        if average:
            average.exchange()
        return curve, len(curve)
    network.load_state_dict(best_weights)
    return curve, best_epoch


def _keep(weights: Mapping[str, Tensor], kept: dict[str, Tensor]) -> None:
    """Copy weights to where earlier ones are kept, so that there never are three of each."""
    for name, tensor in weights.items():
        if name in kept:
            kept[name].copy_(tensor)
        else:
            kept[name] = tensor.detach().clone()


def _train_epoch(
    step: TrainingStep, rows: Rows, schedule: Schedule, generator: torch.Generator
) -> float:
    """Learn from the rows once, in random order by default, and return the mean loss."""
    total, used = torch.zeros((), dtype=torch.float64), 0
    for block in (rows,) if isinstance(rows, tuple) else rows:
        used += _train_block(step, block, schedule, generator, total)
        del block  # before the next is made
    return float(total) / used


def _train_block(
    step: TrainingStep,
    rows: Tensors,
    schedule: Schedule,
    generator: torch.Generator,
    total: Tensor,
) -> int:
    """Learn from some rows, add their losses to float64[], and return how many were used."""
    n, size = len(rows[0]), schedule.batch_size
    used = n // size * size if schedule.drop_last and n > size else n
    order = torch.randperm(n, generator=generator) if schedule.shuffle else None
    at_once = max(1, _ROWS_AT_ONCE // size) * size
    for start in range(0, used, at_once):
        some = slice(start, min(start + at_once, used))
        if order is None:
            block = [column[some] for column in rows]
        else:
            block = [column.index_select(0, order[some]) for column in rows]
        for batch in zip(*(torch.split(column, size) for column in block), strict=True):
            total.add_(step(*batch), alpha=len(batch[0]))
    return used


class GradientStep:
    """The usual step: the loss, its gradient by automatic differentiation, an update.

    Processes that train a network together (`Run.replica`) each do a share of it.

    Args:
        loss: the mean loss of some rows.
        optimisers: of what the loss depends on.
        by_hand: the same step with gradients that are written out, where this process is alone.
        rows: makes of a batch of the loop the columns of rows that the loss takes; what it draws
            is for the whole batch. None takes the batch as it is.
        amount: how much of a batch's mean some rows are; None counts them.
    """

    def __init__(
        self,
        loss: TrainingStep,
        optimisers: Sequence[Optimiser],
        *,
        by_hand: TrainingStep | None = None,
        rows: Callable[..., Tensors] | None = None,
        amount: Callable[..., float] | None = None,
    ) -> None:
        self.loss, self.optimisers, self.by_hand = loss, optimisers, by_hand
        self.rows = rows or (lambda *batch: batch)
        self.amount = amount or (lambda *columns: len(columns[0]))

    def __call__(self, *batch: Tensor) -> Tensor:
        """Learn from a batch and return the mean loss before."""
        if self.by_hand is not None:
            return self.by_hand(*batch)
        return self.update(self.loss, *self.rows(*batch))

    def update(self, loss: TrainingStep, *columns: Tensor) -> Tensor:
        """Make a loss of some rows smaller, and return what it was."""
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        value = loss(*columns)
        value.backward()  # type: ignore[no-untyped-call]
        for optimiser in self.optimisers:
            optimiser.step()
        return value.detach()


def _require_finite(loss: float, what: str, epoch: int) -> None:
    if not math.isfinite(loss):
        raise PenchantError(f"The {what} became {loss} in epoch {epoch}: lower the learning rate.")


def threads(run: Run, batch_size: int) -> AbstractContextManager[None]:
    """Use the run's threads, or one for small batches, whose kernels gain nothing from more."""
    return torch_threads(run.threads or (1 if batch_size < 2048 else torch.get_num_threads()))
