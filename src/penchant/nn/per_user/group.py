"""Train one group of networks together, batch by batch, until each is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from penchant.errors import PenchantError
from penchant.nn.per_user.adam import NetworkAdam
from penchant.nn.per_user.batches import UserBatches, UserData
from penchant.nn.per_user.networks import NetworkShape, OutputActivation, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree
from penchant.typing import Bool, Float32, Float64, Int32, Int64, UInt8


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How each network is trained.

    Attributes:
        output: see `UserNetworks`.
        epochs: the most passes over a network's events.
        batch_size: events in a batch.
        learning_rate: of Adam.
        dropout: share of inputs and outputs dropped.
        patience: epochs without a lower loss (of the validation events, where a network has any,
            otherwise of training) before this network stops, with the weights of its best epoch;
            None trains all epochs.
        seed: decides, with each user's key, everything random.
    """

    output: OutputActivation
    epochs: int
    batch_size: int
    learning_rate: float
    dropout: float
    patience: int | None
    seed: int


@dataclass(frozen=True)
class TrainingSetup:
    """What all networks have in common.

    Attributes:
        shape: the shape of each network.
        config: how to train.
        patterns: uint8[n_patterns, steps], the distinct inputs.
    """

    shape: NetworkShape
    config: TrainingConfig
    patterns: UInt8


@dataclass(frozen=True)
class Group:
    """Networks that are trained together.

    Attributes:
        users: the events of each network, in the order of falling number.
        start: float32[networks, shape.row_size], weights to continue from; drawn where None.
        validation: validation events of each network, None where it has none.
    """

    users: list[UserData]
    start: Float32 | None
    validation: list[UserData | None] | None


class TrainedGroup(NamedTuple):
    """The result of training a group.

    Attributes:
        weights: float32[networks, shape.row_size].
        epochs: int32[networks], the number of epochs that gave these weights.
        losses: float64[config.epochs], summed over the group's events of each epoch.
        events: int64[config.epochs], how many these were.
    """

    weights: Float32
    epochs: Int32
    losses: Float64
    events: Int64


OnProgress = Callable[[int], None]
"""Called with the number of epochs, summed over networks, that are done since the last call."""


def train_group(setup: TrainingSetup, group: Group, on_progress: OnProgress) -> TrainedGroup:
    """Train the networks of one group.

    Raises:
        PenchantError: a loss is not finite.
    """
    shape, config = setup.shape, setup.config
    rngs = [user.rng(config.seed) for user in group.users]
    # Drawn also where they are not needed, so that orders and dropout do not depend on that.
    initial = torch.stack([shape.initial(rng) for rng in rngs])
    weights = initial if group.start is None else torch.from_numpy(group.start.copy())
    data = _batches(setup, group.users)
    adam = NetworkAdam.initial(shape, weights, data.n_batches)
    networks = UserNetworks(shape, config.output, config.dropout)
    stopping = None if config.patience is None else _EarlyStopping(setup, group, networks)
    running = np.arange(len(group.users))
    epoch_losses = np.zeros(config.epochs)
    epoch_events = np.zeros(config.epochs, np.int64)
    for epoch in range(config.epochs):
        losses = torch.zeros(len(running))
        for batch in data.epoch([rngs[i] for i in running]):
            n = len(batch.counts)
            active = adam.first(n)
            losses[:n] += networks.gradient(active.weights, active.gradient, batch)
            active.step(config.learning_rate)
        if not torch.isfinite(losses).all():
            raise PenchantError(
                f"The training loss of a network is not finite in epoch {epoch + 1}: lower the "
                "learning rate."
            )
        epoch_losses[epoch], epoch_events[epoch] = float(losses.sum()), data.sizes.sum()
        on_progress(len(running))
        if stopping is None:
            continue
        going_on = stopping.update(epoch, running, adam.weights, losses.numpy() / data.sizes)
        if not going_on.all():
            on_progress(int((~going_on).sum()) * (config.epochs - epoch - 1))
            running = running[going_on]
            if not len(running):
                break
            data = _batches(setup, [group.users[i] for i in running])
            adam = adam.select(going_on, data.n_batches)
    if stopping is None:
        epochs = np.full(len(running), config.epochs, np.int32)
        return TrainedGroup(adam.weights.numpy(), epochs, epoch_losses, epoch_events)
    return TrainedGroup(
        stopping.best_weights.numpy(), stopping.best_epochs, epoch_losses, epoch_events
    )


def _batches(setup: TrainingSetup, users: list[UserData]) -> UserBatches:
    return UserBatches(
        users,
        setup.patterns,
        batch_size=setup.config.batch_size,
        dropout=setup.config.dropout,
        shape=setup.shape,
    )


class _EarlyStopping:
    """Keeps the best weights of each network and says which have waited too long for better."""

    def __init__(self, setup: TrainingSetup, group: Group, networks: UserNetworks) -> None:
        assert setup.config.patience is not None
        n = len(group.users)
        self.shape, self.networks = setup.shape, networks
        self.patience = max(setup.config.patience, 1)
        self.validation = group.validation
        self.tree = prefix_tree(torch.from_numpy(setup.patterns.astype(np.float32)))
        self.best_weights = torch.zeros(n, setup.shape.row_size)
        self.best_epochs = np.zeros(n, np.int32)
        self.best_losses = np.full(n, np.inf)

    def update(
        self,
        epoch: int,
        running: Int64,
        weights: Tensor,
        training_losses: Float64,
    ) -> Bool:
        """bool[running], which of them go on after this epoch."""
        losses = training_losses
        if self.validation is not None:
            logits = self.networks.logits(self.shape.views(weights), self.tree)
            probabilities = self.networks.probabilities(logits)
            losses = _validation_losses(
                probabilities, [self.validation[i] for i in running], training_losses
            )
        better = losses < self.best_losses[running]
        self.best_losses[running[better]] = losses[better]
        self.best_epochs[running[better]] = epoch + 1
        self.best_weights[torch.from_numpy(running[better])] = weights[torch.from_numpy(better)]
        going_on: Bool = epoch + 1 - self.best_epochs[running] < self.patience
        return going_on


def _validation_losses(
    probabilities: Tensor, validation: list[UserData | None], training_losses: Float64
) -> Float64:
    """float64[n], mean log loss of each network's validation events, or its training loss."""
    losses = training_losses.copy()
    for n, user in enumerate(validation):
        if user is not None and len(user.patterns):
            p = probabilities[n].numpy()[user.patterns].astype(np.float64).clip(1e-7, 1 - 1e-7)
            losses[n] = -np.log(np.where(user.likes, p, 1 - p)).mean()
    return losses
