"""A recurrent network for every user, over the attributes of items."""

from __future__ import annotations

import threading
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.attributes.base import AttributeModel
from penchant.models.attributes.earlier_states import EarlierStates, RecallsStates
from penchant.models.fitted_attributes import (
    CURVE,
    Declarations,
    floats,
    integers,
    signatures,
)
from penchant.models.parameters import Space
from penchant.models.shared.trained_rows import (
    declared_rows,
    rows_of_users,
)
from penchant.nn.per_user.activations import ACTIVATIONS, CellActivation
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import TrainingConfig
from penchant.nn.per_user.networks import NetworkShape, OutputActivation, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from penchant.typing import Bool, Float32, Int32, Int64, UInt8

_BLOCK = 64  # networks whose outputs are computed together
_CACHED = 1024  # the most networks of unknown users that are kept, the latest ones
_CACHE_LOCK = threading.Lock()


class PerUserNetwork(RecallsStates, AttributeModel):
    """One small recurrent network for each user, which reads an item's attributes one by one.

    The item's binary attributes are a sequence: embedding, recurrent layer, one output, the
    chance that this user likes the item; binary cross-entropy, Adam. Nothing is shared between
    users, so that a network is worth what its user's own ratings are. All networks are trained
    together, each as it would be alone. A user who was not in training gets a network on request,
    from the ratings of the history; a history without ratings counts as likes, and a user without
    any history gets the mean of all networks. A parameter that is None takes the value that its
    cell was published with.

    `update` trains the networks of the users with new events further, and no other one.

    Attributes:
        cell: `no-forget` is an LSTM without forget gate, i = gate(…), C = i * act(…),
            o = gate(…), h = o * act(C).
        hidden: units of the recurrent layer; None is 100, and for `no-forget` one for each
            attribute.
        dim: length of the embedding of an attribute's value.
        activation: of the candidate and the output; None is sigmoid for `lstm`, otherwise tanh.
        recurrent_activation: of the gates; None is sigmoid.
        output: of the last unit; None is hard-sigmoid for `no-forget`, otherwise sigmoid.
        dropout: share of embedded inputs and outputs dropped in training; None is .5 for
            `no-forget`, otherwise 0.
        learning_rate: of Adam.
        batch_size: events in a batch of one network.
        epochs: the most passes over a user's events.
        patience: epochs without a lower loss (of validation events where the user has any,
            otherwise of training) before this user's network stops, with the weights of its best
            epoch; None trains all epochs.
        update_epochs: passes over the events of a user who is updated.
        states_kept: how many earlier states of each network are kept for `recall`.
    """

    cell: Literal["no-forget", "lstm", "gru"] = "no-forget"
    hidden: Annotated[int | None, Field(gt=0)] = None
    dim: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 50
    activation: CellActivation | None = None
    recurrent_activation: CellActivation | None = None
    output: OutputActivation | None = None
    dropout: Annotated[float | None, Field(ge=0, lt=1)] = None
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.001
    batch_size: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 10
    epochs: Annotated[int, Field(gt=0)] = 100
    patience: Annotated[int | None, Field(gt=0)] = None
    update_epochs: Annotated[int, Field(gt=0)] = 20
    states_kept: Annotated[int, Field(ge=0)] = 3

    bookkeeping: ClassVar[frozenset[str]] = AttributeModel.bookkeeping | {
        *("weights_", "network_of_user_", "epochs_", "signatures_", "learned_events_"),
        *("earlier_weights_", "earlier_users_", "earlier_numbers_", "earlier_events_"),
    }
    fitted_attributes: ClassVar[Declarations] = {
        "weights_": floats("n_networks", "n_weights"),
        "network_of_user_": declared_rows("n_networks"),
        "epochs_": integers("users", dtype="int32"),
        "curve_": CURVE,
        "signatures_": signatures(),
        "fallback_": floats("n_patterns"),
        "learned_events_": integers("users"),
        "earlier_weights_": floats("n_states", "n_weights"),
        "earlier_users_": integers("n_states", below="users"),
        "earlier_numbers_": integers("n_states"),
        "earlier_events_": integers("n_states"),
    }

    # Fitting

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.__dict__.pop("_cache", None)
        self._read_log(train)
        histories = train.histories
        shape = self._shape()
        self.epochs_ = np.zeros(len(histories), np.int32)
        active = np.flatnonzero(histories.lengths)
        self.network_of_user_ = rows_of_users(active, len(histories))
        validation_data = None
        if validation is not None and self.patience is not None and validation.ratings is not None:
            validation_data = self._validation_data(validation, active)
        self.weights_, self.epochs_[active], self.curve_ = train_networks(
            shape,
            self._training_config(self.epochs),
            self._user_data(histories.take(active)),
            self.patterns_,
            validation=validation_data,
            run=run,
            name=f"{self.cell} networks",
        )
        self._set_histories(histories)
        self.learned_events_ = histories.lengths.copy()
        self._set_earlier_states(EarlierStates.empty(shape.row_size))

    def _set_histories(self, histories: Histories) -> None:
        """Note the histories that the networks learned from, and the mean of their outputs."""
        self.signatures_ = histories.signatures
        self.fallback_ = self._mean_outputs()

    def _note_replaced(self, network: int, before: Float32) -> None:
        change = self._outputs(self.weights_[[network]])[0] - self._outputs(before)[0]
        self.fallback_ = self.fallback_ + change / np.float32(len(self.weights_))

    def _mean_outputs(self) -> Float32:
        """float32[n_patterns], the mean of the outputs of all networks."""
        mean: Float32 = self._outputs(self.weights_).mean(axis=0)
        return mean

    def _set_attributes(self, matrix: UInt8) -> None:
        super()._set_attributes(matrix)
        # Of a copy `with_attributes`, computed when somebody without history or someone new asks.
        for name in ("fallback_", "_cache"):
            self.__dict__.pop(name, None)

    def _shape(self) -> NetworkShape:
        activation = "sigmoid" if self.cell == "lstm" else "tanh"
        cell = CELLS[self.cell](
            ACTIVATIONS[self.activation or activation],
            ACTIVATIONS[self.recurrent_activation or "sigmoid"],
        )
        hidden = len(self.attributes_) if self.cell == "no-forget" else 100
        return NetworkShape(cell, self.hidden or hidden, self.dim)

    def _training_config(self, epochs: int) -> TrainingConfig:
        dropout = 0.5 if self.cell == "no-forget" else 0.0
        return TrainingConfig(
            output=self._output_activation,
            epochs=epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            dropout=dropout if self.dropout is None else self.dropout,
            patience=self.patience,
            seed=self.seed,
        )

    @property
    def _output_activation(self) -> OutputActivation:
        default: OutputActivation = "hard-sigmoid" if self.cell == "no-forget" else "sigmoid"
        return self.output or default

    def _user_data(self, users: Histories) -> list[UserData]:
        """The events that each of these users' networks learns from; no history may be empty."""
        patterns = self.pattern_of_item_[users.items]
        likes = np.ones(users.n_events, bool)
        if users.ratings is not None:
            likes = self.target.of_ratings(users.ratings) > 0
        edges = zip(users.offsets[:-1], users.offsets[1:], strict=True)
        # What is random about a network depends on the events it learns from alone, so that a
        # known user and a new one with the same history get the same network.
        return [
            UserData(patterns[start:stop], likes[start:stop], int(key))
            for (start, stop), key in zip(edges, users.signatures, strict=True)
        ]

    def _validation_data(self, validation: Holdout, users: Int64) -> list[UserData | None]:
        """The validation events of these users; None for a user without any."""
        assert validation.ratings is not None
        likes = self.target.of_ratings(validation.ratings) > 0
        items = validation.items
        edges = zip(validation.offsets[:-1], validation.offsets[1:], strict=True)
        by_user = {}
        for user, (start, stop) in zip(validation.histories.users, edges, strict=True):
            known = np.arange(start, stop)[items[start:stop] >= 0]
            if len(known):
                by_user[int(user)] = UserData(self.pattern_of_item_[items[known]], likes[known], 0)
        return [by_user.get(int(user)) for user in users]

    def n_parameters(self) -> int:
        """Weights of all networks; of an embedding only the two rows that are used."""
        return int((self.epochs_ > 0).sum()) * self._shape().n_weights

    # Predicting

    def _outputs(self, weights: Float32, patterns: UInt8 | None = None) -> Float32:
        """float32[n_networks, n_patterns], before the last activation."""
        patterns = self.patterns_ if patterns is None else patterns
        tree = prefix_tree(torch.from_numpy(patterns.astype(np.float32)))
        shape = self._shape()
        networks = UserNetworks(shape, self._output_activation)
        outputs = np.empty((len(weights), len(patterns)), np.float32)
        for start in range(0, len(weights), _BLOCK):
            # Copied, because outputs are computed with the help of scratch rows in the weights.
            block = torch.from_numpy(weights[start : start + _BLOCK].copy())
            outputs[start : start + _BLOCK] = networks.logits(shape.views(block), tree)
        return outputs

    def _weights_of(self, users: Histories) -> tuple[Float32, Bool]:
        """float32[n_users, size] of weights, and which users have any.

        Users whose history is not the one that their network learned from get one trained on it
        now.
        """
        weights = np.zeros((len(users), self.weights_.shape[1]), np.float32)
        same = (users.users >= 0) & (users.lengths > 0)
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        weights[same] = self.weights_[self.network_of_user_[users.users[same]]]
        changed = np.flatnonzero(~same & (users.lengths > 0))
        if len(changed):
            weights[changed] = self._train_on_request(users.take(changed))
        return weights, users.lengths > 0

    def _train_on_request(self, users: Histories) -> Float32:
        """float32[n_users, size], networks trained on histories; the latest are cached."""
        cache: dict[tuple[int, int], Float32] = self.__dict__.setdefault("_cache", {})
        keys = [(int(s), int(n)) for s, n in zip(users.signatures, users.lengths, strict=True)]
        # Lists are made in several threads: each works on a dictionary of its own.
        weights = {key: row for key in keys if (row := cache.get(key)) is not None}
        missing = [n for n, key in enumerate(keys) if key not in weights]
        if missing:
            data = self._user_data(users.take(missing))
            config = self._training_config(self.epochs)
            rows, _, _ = train_networks(self._shape(), config, data, self.patterns_)
            weights |= zip((keys[n] for n in missing), rows, strict=True)
        with _CACHE_LOCK:
            cache |= weights
            for key in list(cache)[:-_CACHED]:
                del cache[key]
        return np.stack([weights[key] for key in keys])

    def _logits(self, users: Histories) -> Float32:
        """float32[n_users, n_patterns]."""
        weights, has_network = self._weights_of(users)
        logits = np.empty((len(users), len(self.patterns_)), np.float32)
        logits[has_network] = self._outputs(weights[has_network])
        if not has_network.all():
            if not hasattr(self, "fallback_"):
                self.fallback_ = self._mean_outputs()
            logits[~has_network] = self.fallback_
        return logits

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self._logits(users)[:, self.pattern_of_item_]
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], the chance of a like; of an unknown item, the mean over patterns."""
        logits = self._logits(rows.histories)
        row_logits = logits.mean(axis=1)[rows.history]
        known = rows.items >= 0
        patterns = self.pattern_of_item_[rows.items[known]]
        row_logits[known] = logits[rows.history[known], patterns]
        networks = UserNetworks(self._shape(), self._output_activation)
        return np.asarray(networks.probabilities(torch.from_numpy(row_logits)))

    def attribute_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_attributes], see `ExplainsAttributes`."""
        attributes = self.item_attributes_[items]
        without = np.repeat(attributes[:, None], attributes.shape[1], axis=1)
        diagonal = np.arange(attributes.shape[1])
        without[:, diagonal, diagonal] = 0
        both = np.concatenate([attributes, without.reshape(-1, attributes.shape[1])])
        patterns, pattern = np.unique(both, axis=0, return_inverse=True)
        weights, has_network = self._weights_of(user)
        outputs = (
            self._outputs(weights, patterns)[0]
            if has_network[0]
            else self._outputs(self.weights_, patterns).mean(axis=0)
        )
        scores = outputs[pattern.ravel()]
        n = len(attributes)
        effects: Float32 = scores[:n, None] - scores[n:].reshape(attributes.shape)
        return effects

    # Updating; recalling is in `RecallsStates`

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        changed = np.flatnonzero(new.user_counts)
        shape = self._shape()
        learned = np.zeros(len(known), np.int64)
        learned[places] = self.learned_events_
        self.learned_events_ = learned
        active = np.flatnonzero(known.lengths)
        network = rows_of_users(active, len(known))
        weights = np.zeros((len(active), shape.row_size), np.float32)
        weights[network[places[self.network_of_user_ >= 0]]] = self.weights_
        epochs = np.zeros(len(known), np.int32)
        epochs[places] = self.epochs_
        self.weights_, self.network_of_user_, self.epochs_ = weights, network, epochs
        earlier = self._earlier_states
        self._set_earlier_states(earlier._replace(users=places[earlier.users]))
        old, fresh = changed[epochs[changed] > 0], changed[epochs[changed] == 0]
        self._keep_current(old)
        for users, n_epochs in ((old, self.update_epochs), (fresh, self.epochs)):
            if not len(users):
                continue
            self.weights_[network[users]], best_epochs, _ = train_networks(
                shape,
                self._training_config(n_epochs),
                self._user_data(known.take(users)),
                self.patterns_,
                start=self.weights_[network[users]] if users is old else None,
                run=run,
                name=f"{self.cell} networks, updated",
            )
            self.epochs_[users] += best_epochs
        learned[changed] = known.lengths[changed]
        self._set_histories(known)
