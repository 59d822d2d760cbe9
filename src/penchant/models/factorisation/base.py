"""The common part of factorisation models over features of users and items."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.features.categorical import CategoricalFeatures
from penchant.models.base import Recommender, Signal
from penchant.models.factorisation.network import FeatureNetwork, Ridge
from penchant.models.fitted_attributes import (
    TRAINING,
    Declarations,
    booleans,
    floats,
    plain,
)
from penchant.models.parameters import Space
from penchant.models.shared.batches import events_at_once
from penchant.models.shared.fitted_users import FittedUsers
from penchant.nn.dot.fold_in import UserEvents, fold_in
from penchant.nn.dot.network import Head
from penchant.nn.dot.training import Objective
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.loop import GradientStep, Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.removal import falls_without, of_events, slope_and_curvature
from penchant.nn.row_exchange import RowShard
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Float32, Int32

_LARGEST_BATCH = 1024


class FeatureFactors(FittedUsers, Recommender):
    """Vectors and weights of features, of which users and items are sums.

    Features are the ids, and what the tables of users and items say. Features that no training
    event has are left out of the sums, so that a new item is the sum of what is known of it.

    Attributes:
        dim: length of the vectors.
        l2: ridge on vectors, each as a whole and not for each event.
        l2_bias: the same on weights.
        bins: into how many intervals numbers of the tables are divided.
        learning_rate: of Adam.
        batch_size: events in a batch; None is 1024, and at most a 64th of the events, though not
            below 32.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    dim: Annotated[int, Field(gt=0), Space(2, 128, log=True)] = 16
    l2: Annotated[float, Field(gt=0), Space(1, 300, log=True)] = 30.0
    l2_bias: Annotated[float, Field(gt=0), Space(0.1, 30, log=True)] = 1.0
    bins: Annotated[int, Field(ge=2)] = 10
    learning_rate: Annotated[float, Field(gt=0), Space(1e-3, 1e-1, log=True)] = 0.01
    batch_size: Annotated[int | None, Field(gt=0), Space(32, 16384, log=True)] = None
    epochs: Annotated[int, Field(gt=0)] = 20
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    block_cells: ClassVar[int] = CACHED_CELLS
    event_bytes: ClassVar[float] = 60.0
    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "ratings"
    within: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_vectors_": floats("users", "dim"),
        "user_bias_": floats("users"),
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "offset_": plain(float),
        "features_learned_": plain(int),
        "trained_": booleans("users"),
    }

    @abstractmethod
    def _examples(self, train: Dataset, generator: torch.Generator) -> Callable[[], Tensors]:
        """What makes the arrays of an epoch: users, items, and what `_loss` takes further."""

    @abstractmethod
    def _held(self, holdout: Holdout, n_users: int, generator: torch.Generator) -> Tensors:
        """The same arrays of held-out events; -1 stays where users or items are unknown."""

    @abstractmethod
    def _loss(self, network: FeatureNetwork, ridge: Ridge, *batch: Tensor) -> Tensor:
        """The mean loss of a batch with its penalty."""

    @abstractmethod
    def _user_events(self, users: Histories) -> UserEvents | None:
        """What histories teach of their users; None where they teach nothing."""

    @property
    @abstractmethod
    def loss_name(self) -> Any:
        """`mse` or `bce`."""

    def _start(self, train: Dataset) -> float:
        """What outputs begin with."""
        return 0.0

    @property
    def can_shard_tables(self) -> bool:
        """True: those of the features of users and items."""
        return True

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if self.learns_interactions:
            train = train.positives
        generator = torch.Generator().manual_seed(self.seed)
        bags = [
            CategoricalFeatures.of(table, vocabulary.noun, len(vocabulary), bins=self.bins)
            for table, vocabulary in (
                (train.user_table, train.users),
                (train.item_table, train.items),
            )
        ]
        network = FeatureNetwork(
            bags[0],
            bags[1],
            self.dim,
            within=self.within,
            generator=generator,
            shard=RowShard.of(run),
        )
        network.offset.data.fill_(self._start(train))
        sides = network.users, network.items
        owners = (train.events[c].to_numpy().astype(np.int64) for c in ("user", "item"))
        counts = [side.count(of) for side, of in zip(sides, owners, strict=True)]
        validate = None
        if validation is not None:
            held = self._held(validation, train.n_users, generator)
            validate = lambda: float(self._loss(network, None, *held))  # noqa: E731
        ridge = self.l2, self.l2_bias
        adam = RowAdam([side.table for side in sides], [network.offset], self.learning_rate)
        self.curve_, self.best_epoch_ = train_network(
            network,
            GradientStep(lambda *batch: self._loss(network, ridge, *batch), [adam]),
            self._examples(train, generator),
            Schedule(
                epochs=self.epochs,
                batch_size=events_at_once(self.batch_size, len(train), _LARGEST_BATCH),
                patience=self.patience,
                min_delta=self.min_delta,
            ),
            generator=generator,
            validate=validate,
            run=run,
            name=type(self).__name__,
        )
        network.eval()
        whole = [side.table.gather() for side in sides]
        if not all(whole):
            return
        (self.user_vectors_, self.user_bias_), (self.item_vectors_, self.item_bias_) = (
            side.collapsed(bag.only(n > 0))
            for side, bag, n in zip(sides, bags, counts, strict=True)
        )
        self.offset_ = float(network.offset.detach())
        self.features_learned_ = int(sum((n > 0).sum() for n in counts))
        self.trained_ = train.user_counts > 0

    def n_parameters(self) -> int:
        """A vector and a weight for each feature that training events have, and the offset."""
        return self.features_learned_ * (self.dim + 1) + 1

    def item_vectors(self) -> Float32:
        """float32[n_items, dim], the sum of the vectors of each item's features."""
        vectors: Float32 = self.item_vectors_
        return vectors

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]; see `user_rows`."""
        return self.user_rows(users)[0]

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias.

        Users with training events have theirs. That of another one is fitted to the history, all
        else held fixed; without a history it is what the user table says, or zeros.
        """
        known = users.users >= 0
        vectors = np.where(known[:, None], self.user_vectors_[users.users], np.float32(0))
        bias = np.where(known, self.user_bias_[users.users], np.float32(0))
        trained = self._are_trained(users)
        new = np.flatnonzero(~trained & (users.lengths > 0))
        user_events = self._user_events(users.take(new)) if len(new) else None
        if user_events is None:
            return vectors, bias
        lengths = np.diff(user_events.offsets)
        # One ridge is for all of a row: vectors come scaled so that it is as strong on them.
        scale = (self.l2_bias / self.l2) ** 0.5
        head = Head(self.dim).double()
        head.output.data = torch.tensor([scale, self.offset_], dtype=torch.float64)
        for length in np.unique(lengths[lengths > 0]):
            # The penalty is on a row as a whole, and the objective's on each event.
            some = np.flatnonzero(lengths == length)
            events = (user_events.offsets[some][:, None] + np.arange(length)).ravel()
            part = UserEvents(
                np.arange(len(some) + 1) * length,
                user_events.items[events],
                user_events.targets[events],
                None if user_events.weights is None else user_events.weights[events],
            )
            objective = Objective(self.loss_name, self.l2_bias / int(length))
            with torch.no_grad():
                found = fold_in(head, objective, part, self.item_vectors_, self.item_bias_)
            vectors[new[some]], bias[new[some]] = found[0] * np.float32(scale), found[1]
        return vectors, bias

    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        events = self._user_events(user)
        if events is None or not len(events.items):
            return None
        vectors, bias = self.user_rows(user)
        inputs = torch.from_numpy(self.item_vectors_).double()
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
        row = torch.from_numpy(np.append(vectors[0], bias[0])).double()
        x, base = inputs[events.items], torch.from_numpy(self.item_bias_[events.items])
        slopes = slope_and_curvature(
            Objective(self.loss_name), x @ row + base + self.offset_, events
        )
        ridge = torch.full_like(row, 2 * self.l2)
        ridge[-1] = 2 * self.l2_bias
        falls = falls_without(inputs[items], x, *slopes, ridge)
        return of_events(falls, events.items, user)

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], also true where the user table told something of a user in training."""
        known = users.users >= 0
        known[known] = self.user_vectors_[users.users[known]].any(axis=1)
        return known | super().has_evidence(users)

    def _scores(self, users: Histories) -> Float32:
        vectors, bias = self.user_rows(users)
        scores: Float32 = vectors @ self.item_vectors_.T
        scores += self.item_bias_
        scores += bias[:, None] + np.float32(self.offset_)
        return scores
