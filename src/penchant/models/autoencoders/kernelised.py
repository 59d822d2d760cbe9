"""What autoencoders of items' ratings with kernelised weights have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor, nn

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import ParameterError
from penchant.models.autoencoders.user_units import UserUnits
from penchant.models.base import Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, plain
from penchant.models.parameters import Layers, Space
from penchant.models.shared.trained_rows import rows_of_users, rows_to_train, training_shape
from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder, lbfgs_step
from penchant.nn.autoencoder.masked import presence_inputs
from penchant.nn.autoencoder.sparse_batches import SparseBatch
from penchant.nn.dense import ACTIVATIONS
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.weights import uninitialised
from penchant.run import Run
from penchant.typing import Csr, Int64

_MANY_ROWS = 4096  # all rows go together, on all threads
_L2, _RATINGS = 60.0, 900_188  # as published for nine tenths of MovieLens 1M

Encode = Callable[[float, float], tuple[Tensor, Tensor]]
"""Hidden units of all rows, and what their weights cost at `l2` and `l2_kernel`."""


@dataclass(frozen=True, eq=False)
class ItemRows:
    """What a network learns from: a row for each item with ratings, and an empty one.

    Attributes:
        vectors: csr[n_rows, n_units], standardised residuals of ratings.
        inputs: the same as the network sees it.
        truth: float32[n_entries].
        row_of_item: int64[n_items]; items without ratings have the empty row, the last.
        validation: makes of the hidden units' and output units' source a validation loss.
    """

    vectors: Csr
    inputs: SparseBatch
    truth: Tensor
    row_of_item: Tensor
    validation: Callable[[KernelAutoencoder, Encode], Callable[[], float] | None]


class Kernelised(UserUnits):
    """Reconstructs an item's ratings by all users, with weights that fade with learned distances.

    Minimises half of the squared errors of ratings, of `l2` times the squares of the weights and
    of `l2_kernel` times those of the kernel by L-BFGS; the weights that count are
    W max(0, 1 - |u - v|^2): Müller, Martel and Indiveri, "Kernelized Synaptic Weight Matrices"
    (2018). The input is the rating less its offset, standardised, with `presence` added, which
    with `offsets="mean"` and ratings from 1 to 5 amounts to these themselves.

    A user has an output unit. After training all of them, for a new user and where the history
    has changed, are fitted to the histories by ridge regression, given the hidden units of the
    items. An update fits the units of the users who have new ratings; hidden units of items stay
    as they are.

    Attributes:
        hidden: units of each hidden layer.
        kernel_dim: length of the vectors u and v.
        presence: what is added to each rating of the input; 0 makes an average one like none.
        l2: strength of the penalty on weights. None is the published one, 60 for nine tenths of
            MovieLens 1M, times the square root of the share of so many ratings that a log has.
        offsets: what is taken from ratings, as in `RatingResiduals`.
        l2_kernel: strength of the penalty on what the kernel lets through.
        steps: of L-BFGS in an epoch.
        epochs: the most rounds of so many steps.
        patience: epochs without a better validation loss before stopping.
    """

    hidden: Layers = (500, 500)
    kernel_dim: Annotated[int, Field(gt=0)] = 5
    presence: Annotated[float, Field(ge=0), Space(0, 5)] = 3.0
    l2: Annotated[float | None, Field(ge=0), Space(5, 200, log=True)] = None
    offsets: Literal["mean", "biases"] = "mean"
    l2_kernel: Annotated[float, Field(ge=0), Space(1e-3, 0.1, log=True)] = 0.013
    steps: Annotated[int, Field(gt=0)] = 10
    epochs: Annotated[int, Field(gt=0)] = 15
    patience: Annotated[int | None, Field(gt=0)] = 5

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    event_bytes: ClassVar[float] = 480.0
    fitted_attributes: ClassVar[Declarations] = {**TRAINING, "l2_": plain(float)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.hidden:
            raise ParameterError(
                f"{type(self).__name__} needs a hidden layer: give hidden=500x500."
            )

    @property
    def unit_l2(self) -> float:
        """`l2`, or what was made of the number of ratings."""
        return self.l2_

    def _cost(self, train: Dataset) -> FittingCost:
        n_items, n_columns = training_shape(train, "item")
        layers = [n_columns, *self.hidden]
        inner = sum(a * b for a, b in pairwise(layers[1:]))
        weights = n_columns * (self.hidden[0] + self.hidden[-1]) + inner
        products = 3.0 * (n_items * inner + len(train) * (self.hidden[0] + self.hidden[-1]))
        return FittingCost(
            # Weights, kernels, gradients, and the steps that L-BFGS remembers.
            memory=4.0 * (30 * weights + n_items * sum(self.hidden) * 4),
            multiply_adds=1.25 * self.steps * self.epochs * (products + 15 * PASS * weights),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._fit_offsets(train)
        self.l2_ = _L2 * (len(train) / _RATINGS) ** 0.5 if self.l2 is None else self.l2
        self.unit_of_user_ = rows_of_users(rows_to_train(train.user_counts), train.n_users)
        users = train.histories
        vectors = self._residuals(users.take(self._users_with_units)).T.tocsr()
        generator = torch.Generator().manual_seed(self.seed)
        activation = ACTIVATIONS["sigmoid"]
        make = partial(
            KernelAutoencoder, vectors.shape[1], self.hidden, self.kernel_dim, activation
        )
        network = uninitialised(make)
        network.initialise(generator)
        rows = self._rows(vectors, validation)
        encode = self._train(network, rows, generator, run)
        with torch.no_grad():
            hidden = encode(0, 0)[0][rows.row_of_item].numpy()
            units, bias = network.units().numpy(), network.output.bias.numpy()
        self._keep_units(hidden, units, bias, vectors, users)

    def _rows(self, vectors: Csr, holdout: Holdout | None) -> ItemRows:
        """The rows of csr[n_items, n_units] that a network learns from."""
        counts = np.diff(vectors.indptr)
        rated = np.flatnonzero(counts)
        row_of_item = np.full(vectors.shape[0], len(rated), np.int64)
        row_of_item[rated] = np.arange(len(rated))
        offsets = np.concatenate([[0], np.cumsum(counts[rated]), [vectors.nnz]])
        rows: Csr = sparse.csr_array(
            (vectors.data, vectors.indices, offsets), shape=(len(rated) + 1, vectors.shape[1])
        )
        row = torch.from_numpy(row_of_item)

        def validation(network: KernelAutoencoder, encode: Encode) -> Callable[[], float] | None:
            if holdout is None:
                return None
            units = np.append(self.unit_of_user_, -1)[holdout.rows.users]
            return self._validation_loss(
                holdout,
                units,
                vectors.shape,
                lambda wanted: (
                    wanted.dots(encode(0, 0)[0][row], network.units())
                    + network.output.bias[wanted.columns]
                ),
            )

        truth = torch.from_numpy(rows.data)
        return ItemRows(rows, presence_inputs(rows, self.presence), truth, row, validation)

    @abstractmethod
    def _train(
        self,
        network: KernelAutoencoder,
        rows: ItemRows,
        generator: torch.Generator,
        run: Run,
    ) -> Encode:
        """Train the network, and say how it makes hidden units of the rows."""

    def _train_local(
        self, network: KernelAutoencoder, rows: ItemRows, generator: torch.Generator, run: Run
    ) -> Encode:
        """Train a network that sees the rows as they are."""
        encode = partial(network.encode, rows.inputs)
        self.curve_, self.best_epoch_ = self._descend(
            network, network, encode, rows, self.epochs, generator, run
        )
        return encode

    def _descend(
        self,
        whole: nn.Module,
        network: KernelAutoencoder,
        encode: Encode,
        rows: ItemRows,
        epochs: int,
        generator: torch.Generator,
        run: Run,
        name: str = "",
    ) -> tuple[Curve, int]:
        """Minimise the objective by L-BFGS over the parameters of `whole`."""
        step = lbfgs_step(
            lambda: network.objective(
                rows.inputs, rows.truth, self.l2_, self.l2_kernel, encode(self.l2_, self.l2_kernel)
            ),
            whole,
            self.steps,
            scale=1 / max(1, len(rows.truth)),
        )
        return train_network(
            whole,
            step,
            (torch.zeros(1),),
            Schedule(epochs=epochs, batch_size=_MANY_ROWS, patience=self.patience),
            generator=generator,
            validate=rows.validation(network, encode),
            run=run,
            name=type(self).__name__ + name,
        )

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        self.low_ = min(self.low_, float(new.ratings.min()))
        self.high_ = max(self.high_, float(new.ratings.max()))
        before = places[self._users_with_units]
        users = np.union1d(before, np.flatnonzero(new.user_counts))
        unit_of_user = rows_of_users(users, len(known))
        fresh = np.flatnonzero(new.user_counts)
        units = np.empty((len(users), self.item_vectors_.shape[1]), np.float32)
        bias = np.empty(len(users), np.float32)
        units[unit_of_user[before]] = self.user_units_
        bias[unit_of_user[before]] = self.user_unit_bias_
        units[unit_of_user[fresh]], bias[unit_of_user[fresh]] = self._fitted(known.take(fresh))
        self.unit_of_user_, self.user_units_, self.user_unit_bias_ = unit_of_user, units, bias
        self.signatures_ = known.signatures
