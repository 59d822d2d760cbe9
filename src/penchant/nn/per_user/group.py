"""Trains one group of networks together, batch by batch, until each is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from penchant.errors import PenchantError
from penchant.nn.per_user.adam import Moving
from penchant.nn.per_user.batches import Lesson, Lessons
from penchant.nn.per_user.networks import Layout, Output, OwnNetworks
from penchant.nn.per_user.recurrence import prefix_tree
from penchant.typing import Bool, Float32, Float64, Int32, Int64, UInt8


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """How each network is trained.

    Attributes:
        output: see `OwnNetworks`.
        epochs: the most passes over a network's events.
        batch_size: events in a batch.
        learning_rate: of Adam.
        dropout: share of inputs and outputs dropped.
        patience: epochs without a lower loss (of the validation events, where a network has any,
            otherwise of training) before this network stops, with the weights of its best epoch;
            None trains all epochs.
        seed: decides, with each lesson's key, everything random.
    """

    output: Output
    epochs: int
    batch_size: int
    learning_rate: float
    dropout: float
    patience: int | None
    seed: int


Checked = Sequence[Lesson | None]
"""Validation events of each network, or None where it has none."""
Done = Callable[[int, float, int, int], None]
"""Told, after each epoch of a group, of networks, summed loss, events, and the epoch's number."""
Taught = tuple[Float32, Int32]
"""float32[networks, layout.size] of weights and int32[networks] of epochs that gave them."""


@dataclass(frozen=True)
class Course:
    """What all networks have in common.

    Attributes:
        layout: the shape of each network.
        teaching: how to train.
        patterns: uint8[n_patterns, steps], the distinct inputs.
    """

    layout: Layout
    teaching: Teaching
    patterns: UInt8


@dataclass(frozen=True)
class Group:
    """Networks that are trained together.

    Attributes:
        lessons: one for each network, in the order of falling size.
        start: float32[networks, layout.size], weights to continue from; drawn where None.
        checked: validation events.
    """

    lessons: list[Lesson]
    start: Float32 | None
    checked: list[Lesson | None] | None


def teach_group(course: Course, group: Group, done: Done) -> Taught:
    """Train the networks of one group.

    Raises:
        PenchantError: a loss is not finite.
    """
    layout, teaching = course.layout, course.teaching
    rngs = [lesson.rng(teaching.seed) for lesson in group.lessons]
    drawn = torch.stack([layout.initial(rng) for rng in rngs])
    data = _batches(course, group.lessons)
    first = drawn if group.start is None else torch.from_numpy(group.start.copy())
    current = Moving.of(layout, first, data.n_batches)
    networks = OwnNetworks(layout, teaching.output, teaching.dropout)
    watch = None if teaching.patience is None else _Watch(course, group, networks)
    alive = np.arange(len(group.lessons))
    for epoch in range(teaching.epochs):
        losses = torch.zeros(len(alive))
        for batch in data.epoch([rngs[i] for i in alive]):
            n = len(batch.counts)
            active = current.first(n)
            losses[:n] += networks.gradient(active.weights, active.gradient, batch)
            active.step(teaching.learning_rate)
        if not torch.isfinite(losses).all():
            raise PenchantError(
                f"The training loss of a network is not finite in epoch {epoch + 1}: lower the "
                "learning rate."
            )
        done(len(alive), float(losses.sum()), int(data.sizes.sum()), epoch)
        if watch is None:
            continue
        waiting = watch.look(epoch, alive, current.weights, losses.numpy() / data.sizes)
        if not waiting.all():
            done(int((~waiting).sum()) * (teaching.epochs - epoch - 1), 0.0, 0, epoch)
            alive = alive[waiting]
            if not len(alive):
                break
            data = _batches(course, [group.lessons[i] for i in alive])
            current = current.only(waiting, data.n_batches)
    if watch is None:
        return current.weights.numpy(), np.full(len(alive), teaching.epochs, np.int32)
    return watch.weights.numpy(), watch.epochs


def _batches(course: Course, lessons: list[Lesson]) -> Lessons:
    return Lessons(
        lessons,
        course.patterns,
        batch_size=course.teaching.batch_size,
        dropout=course.teaching.dropout,
        layout=course.layout,
    )


class _Watch:
    """Keeps the best weights of each network and says which have waited too long for better."""

    def __init__(self, course: Course, group: Group, networks: OwnNetworks) -> None:
        n = len(group.lessons)
        self.layout, self.teaching, self.networks = course.layout, course.teaching, networks
        self.checked = group.checked
        floats = torch.from_numpy(course.patterns.astype(np.float32))
        self.tree = None if group.checked is None else prefix_tree(floats)
        self.weights = torch.zeros(n, course.layout.size)
        self.epochs = np.zeros(n, np.int32)
        self.lowest = np.full(n, np.inf)

    def look(
        self,
        epoch: int,
        alive: Int64,
        weights: Tensor,
        losses: Float64,
    ) -> Bool:
        """bool[alive], which of them go on after this epoch."""
        score = losses
        if self.checked is not None and self.tree is not None:
            logits = self.networks.logits(self.layout.views(weights), self.tree)
            chances = self.networks.probabilities(logits)
            score = _validation(chances, [self.checked[i] for i in alive], score)
        better = score < self.lowest[alive]
        self.lowest[alive[better]] = score[better]
        self.epochs[alive[better]] = epoch + 1
        self.weights[torch.from_numpy(alive[better])] = weights[torch.from_numpy(better)]
        assert self.teaching.patience is not None
        waiting: Bool = epoch + 1 - self.epochs[alive] < max(self.teaching.patience, 1)
        return waiting


def _validation(chances: Tensor, checked: list[Lesson | None], otherwise: Float64) -> Float64:
    """float64[n], each network's mean log loss on its validation events, where it has any."""
    found = otherwise.copy()
    for n, lesson in enumerate(checked):
        if lesson is not None and len(lesson.patterns):
            p = chances[n].numpy()[lesson.patterns].astype(np.float64).clip(1e-7, 1 - 1e-7)
            found[n] = -np.log(np.where(lesson.likes, p, 1 - p)).mean()
    return found
