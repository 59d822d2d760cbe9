"""An autoencoder of ratings that leaves unseen entries out of its loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.autoencoders.user_units import UserUnits
from penchant.models.base import Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.trained_rows import (
    declared_rows,
    rows_of_users,
    rows_to_train,
    training_shape,
)
from penchant.nn.autoencoder.masked import (
    MaskedAutoencoder,
    masked_loss,
    presence_inputs,
)
from penchant.nn.autoencoder.sparse_batches import SparseBatch
from penchant.nn.dense import ACTIVATIONS, ActivationName
from penchant.nn.loop import Curve, GradientStep, Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.replay import UPDATE_RATE, rehearsal
from penchant.nn.weights import to_continue, uninitialised
from penchant.run import Run
from penchant.typing import Csr, Float32, Int64


class AutoRec(UserUnits):
    """Reconstructs ratings with one hidden layer, from the ratings of an item or of a user.

    Minimises the sum over ratings of (r - output)^2 plus l2 / 2 times the sum of squared weights,
    unseen entries left out: Sedhain et al., "AutoRec: Autoencoders Meet Collaborative Filtering"
    (2015), eq. 2. With `axis="item"`, the better one, the network sees an item's ratings by all
    users, and each user has an output unit, which after training, for a new user and where the
    history has changed is fitted to the history by ridge regression. With `axis="user"` it
    sees a user's ratings of all items, and whoever asks is answered from the history.

    Two things differ from the paper, where they do better: ratings are what is left of them after
    the offsets, standardised, with `presence` added in the input, so that an average rating
    differs from none; and hidden units are dropped out. Ratings from 1 to 5 as they are amount to
    `offsets="mean"` and a presence of about 3. A validation holdout ends the training at the best
    RMSE. An update goes on with the vectors of the users or items that have new ratings, among as
    many others; with `axis="item"` new users begin with output units fitted to their histories,
    and at last those of all users are, as after training.

    Attributes:
        axis: whether the network sees vectors of items or of users.
        hidden: hidden units.
        activation: of the hidden units.
        presence: what is added to each rating of the input; 0 makes an average one like none.
        l2: strength of regularisation.
        dropout: share of the hidden units left out at each step.
        learning_rate: of Adam.
        batch_size: vectors in a batch.
        epochs: the most passes over the vectors.
        patience: epochs without a better validation loss before stopping.
        update_epochs: passes over the vectors of updated users or items, among as many others.
    """

    axis: Literal["item", "user"] = "item"
    hidden: Annotated[int, Field(gt=0), Space(16, 1024, log=True)] = 500
    activation: ActivationName = "sigmoid"
    presence: Annotated[float, Field(ge=0), Space(0, 5)] = 3.0
    l2: Annotated[float, Field(ge=0), Space(1, 1000, log=True)] = 200.0
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.8)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 1e-3
    batch_size: Annotated[int, Field(gt=0), Space(32, 2048, log=True)] = 256
    epochs: Annotated[int, Field(gt=0)] = 22
    patience: Annotated[int | None, Field(gt=0)] = 5
    update_epochs: Annotated[int, Field(gt=0)] = 5

    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "encoder_weight_": floats("n_inputs", "hidden"),
        "unit_of_user_": declared_rows("users"),
        "encoder_bias_": floats("hidden"),
        "item_vectors_": floats("items", "hidden"),
        "centre_": floats("hidden", optional=True),
        "mean_unit_": floats("hidden", optional=True),
        "user_units_": floats("n_inputs", "hidden", optional=True),
        "user_unit_bias_": floats("n_inputs", optional=True),
    }

    def declared_attributes(self) -> Declarations:
        """`fitted_attributes`, and whether inputs are items or users with units of their own."""
        declared = dict(super().declared_attributes() or {})
        if self.axis == "user":
            return declared | {"encoder_weight_": floats("items", "hidden")}
        return declared | {"unit_of_user_": declared_rows("n_inputs")}

    def _cost(self, train: Dataset) -> FittingCost:
        n_rows, n_columns = training_shape(train, self.axis)
        weights, n_batches = 2 * n_columns * self.hidden, -(-n_rows // self.batch_size)
        return FittingCost(
            # Weights, gradients, what Adam keeps, and squares; vectors of items.
            memory=4.0 * self.hidden * (12 * n_columns + 2 * train.n_items),
            multiply_adds=8 * PASS * weights * n_batches * self.epochs,
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._fit_offsets(train)
        # int32[n_users], which unit is whose: by item most users may have no events, and no unit.
        users = rows_to_train(train.user_counts)
        self.unit_of_user_ = rows_of_users(users, train.n_users)
        vectors = self._vectors(train.histories)
        generator = torch.Generator().manual_seed(self.seed)
        network = uninitialised(partial(self._make_network, vectors.shape[1]))
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            else:
                nn.init.xavier_uniform_(weight, generator=generator)
        self.curve_, self.best_epoch_ = self._learn(
            network,
            vectors,
            (torch.from_numpy(np.flatnonzero(np.diff(vectors.indptr))),),
            Schedule.of(self),
            generator,
            validate=self._validation(network, vectors, validation) if validation else None,
            run=run,
        )
        self._keep(network, vectors, train.histories)

    def _make_network(self, n_columns: int) -> MaskedAutoencoder:
        return MaskedAutoencoder(n_columns, self.hidden, ACTIVATIONS[self.activation])

    def _learn(
        self,
        network: MaskedAutoencoder,
        vectors: Csr,
        rows: Callable[[], Tensors] | Tensors,
        schedule: Schedule,
        generator: torch.Generator,
        *,
        start: list[Tensor] | None = None,
        validate: Callable[[], float] | None = None,
        run: Run,
    ) -> tuple[Curve, int]:
        rate = self.learning_rate * (UPDATE_RATE if start else 1)
        adam = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
        loss = partial(
            masked_loss,
            network,
            vectors,
            presence=self.presence,
            dropout=self.dropout,
            l2=self.l2,
            start=start,
            generator=generator,
        )
        return train_network(
            network,
            GradientStep(loss, [adam]),
            rows,
            schedule,
            generator=generator,
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.axis})" + (", updated" if start else ""),
        )

    def _vectors(self, users: Histories) -> Csr:
        """What the network is trained on: the residuals of each user, or of each item."""
        if self.axis == "user":
            return self._residuals(users)
        return self._residuals(users.take(self._users_with_units)).T.tocsr()

    @property
    def unit_l2(self) -> float:
        """Half of `l2`, since the squares of both layers cost something in training."""
        return self.l2 / 2

    def _inputs(self, vectors: Csr) -> SparseBatch:
        return presence_inputs(vectors, self.presence)

    def _validation(
        self, network: MaskedAutoencoder, vectors: Csr, holdout: Holdout
    ) -> Callable[[], float] | None:
        """The validation loss: the RMSE of users and items of the log, if there are any."""
        users = holdout.rows.history
        if self.axis == "item":
            users = holdout.rows.users
            users = np.where(users >= 0, self.unit_of_user_[users], -1)
        else:
            vectors = self._residuals(holdout.histories)
        inputs = self._inputs(vectors)
        return self._validation_loss(
            holdout,
            users,
            vectors.shape,
            lambda wanted: network.decode(network.encode(inputs), wanted),
            by_user=self.axis == "user",
        )

    def _keep(self, network: MaskedAutoencoder, vectors: Csr, users: Histories) -> None:
        """Store what predicting and updating need: the encoder, and vectors of items and users."""
        network.requires_grad_(False)
        units, bias = network.decoder.weight.numpy(), network.decoder.bias.numpy()
        count = np.bincount(vectors.indices, minlength=vectors.shape[1])
        self.encoder_weight_ = network.encoder.weight.numpy().copy()
        self.encoder_bias_ = network.encoder.bias.numpy().copy()
        if self.axis == "user":
            # Units of items that training never saw are still as they were drawn.
            self.item_vectors_ = np.where(count[:, None] > 0, units, 0)
            self.item_bias_ = self.offset_ + np.float32(self.spread_) * bias * (count > 0)
            return
        hidden = network.encode(self._inputs(vectors)).numpy()
        self._keep_units(hidden, units, bias, vectors, users)

    # Updating

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        network = self._current(known, places, np.flatnonzero(new.user_counts))
        self._update_offsets(new, known)
        vectors = self._vectors(known)
        changed = (new.user_counts if self.axis == "user" else new.item_counts) > 0
        generator = torch.Generator().manual_seed(self.seed)
        self._learn(
            network,
            vectors,
            rehearsal(changed, np.diff(vectors.indptr) > 0, self.batch_size, generator),
            Schedule(epochs=self.update_epochs, batch_size=self.batch_size),
            generator,
            start=[m.weight.detach().clone() for m in (network.encoder, network.decoder)],
            run=run,
        )
        self._keep(network, vectors, known)

    def _current(self, known: Histories, places: Int64, changed: Int64) -> MaskedAutoencoder:
        """The network that was kept, by item with units for everybody."""
        encoder = self.encoder_weight_
        if self.axis == "user":
            self.unit_of_user_ = rows_of_users(rows_to_train(known.lengths), len(known))
            units, bias = self.item_vectors_, (self.item_bias_ - self.offset_) / self.spread_
        else:
            before = places[self._users_with_units]
            users = np.union1d(before, changed)
            self.unit_of_user_ = rows_of_users(users, len(known))
            old, new = self.unit_of_user_[before], np.setdiff1d(users, before)
            encoder = np.zeros((len(users), self.hidden), np.float32)
            units, bias = np.empty_like(encoder), np.empty(len(users), np.float32)
            encoder[old] = self.encoder_weight_
            units[old], bias[old] = self.user_units_, self.user_unit_bias_
            fresh = self.unit_of_user_[new]
            units[fresh], bias[fresh] = self._fitted(known.take(new))
            bias -= units @ self.centre_
        kept = {"encoder_weight_": encoder, "encoder_bias_": self.encoder_bias_}
        kept |= {"decoder_weight_": units, "decoder_bias_": bias.astype(np.float32)}
        return to_continue(partial(self._make_network, len(encoder)), kept)

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, hidden] and float32[n_users], each user's vector and bias.

        With `axis="user"` the network's hidden units for the history; see `UserUnits`.
        """
        if self.axis == "item":
            return super().user_rows(users)
        inputs = self._inputs(self._residuals(users))
        sums = inputs.times(torch.from_numpy(self.encoder_weight_))
        hidden = ACTIVATIONS[self.activation](sums + torch.from_numpy(self.encoder_bias_))
        return self._in_ratings(users, hidden.numpy(), np.zeros(len(users), np.float32))
