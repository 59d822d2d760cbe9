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

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, integers
from penchant.models.shared.trained_rows import rows_to_train
from penchant.models.shared.updating import Updating
from penchant.nn.loop import Curve, Schedule, Tensors, TrainingStep
from penchant.nn.loop import train as train_network
from penchant.nn.replay import rehearsal
from penchant.nn.weights import to_continue, uninitialised, weights_of, with_rows, with_weights
from penchant.run import Run
from penchant.typing import Int32, Int64

N = TypeVar("N", bound=nn.Module)


class UserAutoencoder(Updating, Generic[N]):
    """A network that is shown vectors of users and keeps nothing of any single one of them.

    Whoever asks is answered from the history. An update goes on from the current weights with the
    vectors of the users who got something new, among as many others; since weights are
    everybody's, what others are answered changes a little, too. Where most items have no events
    the network has units for the others alone, since its cost grows with users times items.
    """

    if TYPE_CHECKING:  # hyper-parameters of every subclass, with defaults of its own
        hidden: int
        batch_size: int
        epochs: int
        patience: int | None
        update_epochs: int

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_items_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "trained_items_": integers("n_trained", dtype="int32", below="items"),
    }

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

    def _cost(self, train: Dataset) -> FittingCost:
        n_users = int(np.count_nonzero(train.user_counts))
        n_items = len(rows_to_train(train.item_counts))
        weights, batch = 2 * n_items * self.hidden, min(n_users, self.batch_size)
        a_step = batch * n_items * (3 * self.hidden + 10 * PASS) + 5 * PASS * weights
        return FittingCost(
            # Weights, gradients, what the optimiser keeps, and copies; outputs and their gradients.
            memory=4.0 * (5 * weights + 6 * batch * n_items),
            multiply_adds=float(self.epochs * -(-n_users // batch) * a_step),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        # int32[n_trained], the items that the network has units for, ascending.
        self.trained_items_: Int32 = rows_to_train(train.item_counts)
        network = uninitialised(partial(self._make_network, len(self.trained_items_)))
        self._initialise(network, generator)
        vectors = self._inputs(train.histories)
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
        kept, before = self.fitted_state(), self.trained_items_
        self.trained_items_ = np.union1d(before, np.flatnonzero(new.item_counts)).astype(np.int32)
        make = partial(self._make_network, len(self.trained_items_))
        kept = with_rows(make, kept, np.searchsorted(self.trained_items_, before))
        network = to_continue(make, kept)
        generator = torch.Generator().manual_seed(self.seed)
        self._learn(
            network,
            self._inputs(known),
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

    def _fitted(self) -> N:
        """The network for predicting."""
        make = partial(self._make_network, len(self.trained_items_))
        return with_weights(make, self.fitted_state())

    def _inputs(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_trained], the columns of `_vectors` that the network has units for."""
        vectors = self._vectors(users)
        if len(self.trained_items_) == users.n_items:
            return vectors
        some: sparse.csr_array = vectors[:, self.trained_items_]
        return some
