"""The common part of autoencoders of users' vectors: fitting and updating."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import numpy as np
import torch
from scipy import sparse
from torch import nn

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.shared.updating import Updating
from penchant.nn.loop import Curve, Schedule, Tensors, TrainingStep
from penchant.nn.loop import train as train_network
from penchant.nn.replay import rehearsal
from penchant.nn.weights import to_continue, uninitialised, weights_of, with_weights
from penchant.run import Run
from penchant.typing import Int64

N = TypeVar("N", bound=nn.Module)


class UserAutoencoder(Updating, Generic[N]):
    """A network that is shown vectors of users and keeps nothing of any single one of them.

    Whoever asks is answered from the history. An update goes on from the current weights with the
    vectors of the users who got something new, among as many others; since weights are
    everybody's, what others are answered changes a little, too.
    """

    if TYPE_CHECKING:  # hyper-parameters of every subclass, with defaults of its own
        batch_size: int
        epochs: int
        patience: int | None
        update_epochs: int

    signal: ClassVar[Signal] = "pairs"

    @abstractmethod
    def _make_network(self, n_items: int) -> N:
        """The network."""

    @abstractmethod
    def _initialise(self, network: N, generator: torch.Generator) -> None:
        """Set the initial weights."""

    @abstractmethod
    def _vectors(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_items], what the network is shown of each history."""

    @abstractmethod
    def _training_step(
        self, network: N, vectors: sparse.csr_array, generator: torch.Generator, passed: int
    ) -> TrainingStep:
        """What learns from a batch of rows of `vectors`, after so many epochs of training."""

    @abstractmethod
    def _validation_loss(self, network: N, holdout: Holdout) -> float:
        """What decides when to stop."""

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        network = uninitialised(partial(self._make_network, train.n_items))
        self._initialise(network, generator)
        vectors = self._vectors(train.histories)
        vectors = vectors[np.flatnonzero(np.diff(vectors.indptr))]
        self.curve_, self.best_epoch_ = self._learn(
            network,
            vectors,
            (torch.arange(vectors.shape[0]),),
            Schedule.of(self),
            generator,
            validation=validation,
            run=run,
        )

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        network = to_continue(partial(self._make_network, known.n_items), self.fitted_state())
        generator = torch.Generator().manual_seed(self.seed)
        self._learn(
            network,
            self._vectors(known),
            rehearsal(new.user_counts > 0, known.lengths > 0, self.batch_size, generator),
            Schedule(epochs=self.update_epochs, batch_size=self.batch_size),
            generator,
            passed=self.best_epoch_,
            run=run,
        )

    def _learn(
        self,
        network: N,
        vectors: sparse.csr_array,
        rows: Callable[[], Tensors] | Tensors,
        schedule: Schedule,
        generator: torch.Generator,
        *,
        validation: Holdout | None = None,
        passed: int = 0,
        run: Run,
    ) -> tuple[Curve, int]:
        found = train_network(
            network,
            self._training_step(network, vectors, generator, passed),
            rows,
            schedule,
            generator=generator,
            validate=partial(self._validation_loss, network, validation) if validation else None,
            run=run,
            name=type(self).__name__ + (", updated" if passed else ""),
        )
        vars(self).update(weights_of(network))
        return found

    def _fitted(self, n_items: int) -> N:
        """The network for predicting."""
        return with_weights(partial(self._make_network, n_items), self.fitted_state())
