"""A recurrent network of their own for every user, over the attributes of items."""

from __future__ import annotations

import threading
from typing import Annotated, ClassVar, Literal

import numpy as np
import polars as pl
import torch
from pydantic import Field

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Like, Target
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.models.base import Signal
from penchant.models.parameters import AnyTarget, Space
from penchant.models.updating import Updating
from penchant.nn.per_user.activations import ACTIVATIONS, ActivationName
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import TrainingConfig
from penchant.nn.per_user.networks import NetworkShape, OutputActivation, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from penchant.typing import Bool, Float32, Int32, Int64, UInt8

LIKE: Target = Like(4.0)
_AT_ONCE = 64  # networks whose outputs are computed together
_REMEMBERED = 1024  # networks of unknown users that are kept, the latest ones
_KEEPING = threading.Lock()

Key = tuple[int, int]


class PerUserNetwork(Updating):
    """One small recurrent network for each user, which reads an item's attributes one by one.

    The item's binary attributes are a sequence: embedding, recurrent layer, one output, the
    chance that this user likes the item; binary cross-entropy, Adam. Nothing is shared between
    users, so that a network is worth what its user's own ratings are. All networks are trained
    together, each as it would be alone. A user who was not in training gets a network when asked
    for, from the ratings of the history; a history without ratings counts as likes, and somebody
    without any history gets the mean of all networks. Where a parameter is None, what its cell
    was published with is taken.

    Attributes:
        target: what is predicted, such as `like>=4`.
        cell: `no-forget` is an LSTM without forget gate, i = gate(…), C = i * act(…),
            o = gate(…), h = o * act(C).
        hidden: units of the recurrent layer; None is 100, for `no-forget` one for each attribute.
        dim: length of what each value of an attribute becomes.
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
        column: the column of the item table that holds the attributes.
    """

    target: AnyTarget = LIKE
    cell: Literal["no-forget", "lstm", "gru"] = "no-forget"
    hidden: Annotated[int | None, Field(gt=0)] = None
    dim: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 50
    activation: ActivationName | None = None
    recurrent_activation: ActivationName | None = None
    output: OutputActivation | None = None
    dropout: Annotated[float | None, Field(ge=0, lt=1)] = None
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.001
    batch_size: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 10
    epochs: Annotated[int, Field(gt=0)] = 100
    patience: Annotated[int | None, Field(gt=0)] = None
    update_epochs: Annotated[int, Field(gt=0)] = 20
    states_kept: Annotated[int, Field(ge=0)] = 3
    column: str = "genres"

    signal: ClassVar[Signal] = "attributes"
    needs_ratings: ClassVar[bool] = True
    bookkeeping: ClassVar[frozenset[str]] = frozenset(
        {"item_attributes_", "patterns_", "pattern_of_item_", "signatures_", "weights_"}
        | {"memory_weights_", "memory_user_", "memory_state_", "memory_events_", "epochs_"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.target, Like):
            raise ParameterError(
                f"{type(self).__name__} predicts likes, and the target is {self.target}: use one "
                "such as like>=4."
            )

    # Learning

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.__dict__.pop("_asked", None)
        attributes = item_attributes(train, self.column)
        self.attributes_ = list(attributes.names)
        self.item_attributes_ = attributes.matrix
        self.patterns_, which = np.unique(attributes.matrix, axis=0, return_inverse=True)
        self.pattern_of_item_ = which.ravel().astype(np.int64)
        known = train.histories
        layout = self._layout()
        self.weights_ = np.zeros((len(known), layout.row_size), np.float32)
        self.epochs_ = np.zeros(len(known), np.int32)
        active = np.flatnonzero(known.lengths)
        checked = None
        if validation is not None and self.patience is not None and validation.ratings is not None:
            checked = self._checked(validation, active)
        self.weights_[active], self.epochs_[active], self.curve_ = train_networks(
            layout,
            self._teaching(self.epochs),
            self._lessons(known.take(active)),
            self.patterns_,
            validation=checked,
            run=run,
            name=f"{self.cell} networks",
        )
        self._remember(known)
        self.memory_weights_ = np.zeros((0, layout.row_size), np.float32)
        self.memory_user_ = np.zeros(0, np.int64)
        self.memory_state_ = np.zeros(0, np.int64)
        self.memory_events_ = np.zeros(0, np.int64)

    def _remember(self, known: Histories) -> None:
        """Note which histories the networks are of, and what all of them say together."""
        self.signatures_ = known.signatures
        self.fallback_ = self._outputs(self.weights_[np.flatnonzero(known.lengths)]).mean(axis=0)

    def _layout(self) -> NetworkShape:
        squash = "sigmoid" if self.cell == "lstm" else "tanh"
        cell = CELLS[self.cell](
            ACTIVATIONS[self.activation or squash],
            ACTIVATIONS[self.recurrent_activation or "sigmoid"],
        )
        usual = len(self.attributes_) if self.cell == "no-forget" else 100
        return NetworkShape(cell, self.hidden or usual, self.dim)

    def _teaching(self, epochs: int) -> TrainingConfig:
        usual = 0.5 if self.cell == "no-forget" else 0.0
        return TrainingConfig(
            output=self._output,
            epochs=epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            dropout=usual if self.dropout is None else self.dropout,
            patience=self.patience,
            seed=self.seed,
        )

    @property
    def _output(self) -> OutputActivation:
        usual: OutputActivation = "hard-sigmoid" if self.cell == "no-forget" else "sigmoid"
        return self.output or usual

    def _lessons(self, users: Histories) -> list[UserData]:
        """What each of these users' networks learns from; none of them may be empty."""
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

    def _checked(self, validation: Holdout, users: Int64) -> list[UserData | None]:
        assert validation.ratings is not None
        likes = self.target.of_ratings(validation.ratings) > 0
        items = validation.items
        edges = zip(validation.offsets[:-1], validation.offsets[1:], strict=True)
        found = {}
        for user, (start, stop) in zip(validation.histories.users, edges, strict=True):
            there = np.arange(start, stop)[items[start:stop] >= 0]
            if len(there):
                patterns = self.pattern_of_item_[items[there]]
                found[int(user)] = UserData(patterns, likes[there], 0)
        return [found.get(int(user)) for user in users]

    def n_parameters(self) -> int:
        """Weights of all networks; of an embedding only the two rows that are used."""
        return int((self.epochs_ > 0).sum()) * self._layout().n_weights

    # Predicting

    def _outputs(self, weights: Float32, patterns: UInt8 | None = None) -> Float32:
        """float32[n_networks, n_patterns], before the last activation."""
        given = self.patterns_ if patterns is None else patterns
        tree = prefix_tree(torch.from_numpy(given.astype(np.float32)))
        layout = self._layout()
        networks = UserNetworks(layout, self._output)
        found = np.empty((len(weights), len(given)), np.float32)
        for start in range(0, len(weights), _AT_ONCE):
            # Copied, because outputs are computed with the help of scratch rows in the weights.
            some = torch.from_numpy(weights[start : start + _AT_ONCE].copy())
            found[start : start + _AT_ONCE] = networks.logits(layout.views(some), tree)
        return found

    def _networks(self, users: Histories) -> tuple[Float32, Bool]:
        """float32[n_users, size] of weights, and for whom there are any.

        Users whose history is not the one that was learned from get a network trained on it now.
        """
        weights = np.zeros((len(users), self.weights_.shape[1]), np.float32)
        known = users.users >= 0
        same = known.copy()
        same[known] = users.signatures[known] == self.signatures_[users.users[known]]
        weights[same] = self.weights_[users.users[same]]
        ask = np.flatnonzero(~same & (users.lengths > 0))
        if len(ask):
            weights[ask] = self._trained_now(users.take(ask))
        return weights, users.lengths > 0

    def _trained_now(self, users: Histories) -> Float32:
        """float32[n_users, size], networks trained on histories; the latest are kept."""
        kept: dict[Key, Float32] = self.__dict__.setdefault("_asked", {})
        keys = [(int(s), int(n)) for s, n in zip(users.signatures, users.lengths, strict=True)]
        # Lists are made in several threads: each works on what it has found itself.
        found = {key: row for key in keys if (row := kept.get(key)) is not None}
        missing = [n for n, key in enumerate(keys) if key not in found]
        if missing:
            some = users.take(missing)
            lessons = self._lessons(some)
            rows, _, _ = train_networks(
                self._layout(), self._teaching(self.epochs), lessons, self.patterns_
            )
            found |= zip((keys[n] for n in missing), rows, strict=True)
        with _KEEPING:
            kept |= found
            for key in list(kept)[:-_REMEMBERED]:
                del kept[key]
        return np.stack([found[key] for key in keys])

    def _logits(self, users: Histories) -> Float32:
        """float32[n_users, n_patterns]."""
        weights, there = self._networks(users)
        found = np.tile(self.fallback_, (len(users), 1))
        found[there] = self._outputs(weights[there])
        return found

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self._logits(users)[:, self.pattern_of_item_]
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], the chance of a like; of an unknown item, the mean over patterns."""
        logits = self._logits(rows.histories)
        found = logits.mean(axis=1)[rows.history]
        known = rows.items >= 0
        found[known] = logits[rows.history[known], self.pattern_of_item_[rows.items[known]]]
        networks = UserNetworks(self._layout(), self._output)
        return np.asarray(networks.probabilities(torch.from_numpy(found)))

    def attribute_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_attributes], see `ExplainsAttributes`."""
        rows = self.item_attributes_[items]
        without = np.repeat(rows[:, None], rows.shape[1], axis=1)
        diagonal = np.arange(rows.shape[1])
        without[:, diagonal, diagonal] = 0
        both = np.concatenate([rows, without.reshape(-1, rows.shape[1])])
        patterns, which = np.unique(both, axis=0, return_inverse=True)
        weights, there = self._networks(user)
        of_pattern = (
            self._outputs(weights, patterns)[0]
            if there[0]
            else self._outputs(self.weights_[self.epochs_ > 0], patterns).mean(axis=0)
        )
        found = of_pattern[which.ravel()]
        effects: Float32 = found[: len(rows), None] - found[len(rows) :].reshape(rows.shape)
        return effects

    # Updating and recalling

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        changed = np.flatnonzero(new.user_counts)
        before = known.lengths - new.user_counts
        layout = self._layout()
        weights = np.zeros((len(known), layout.row_size), np.float32)
        weights[places] = self.weights_
        epochs = np.zeros(len(known), np.int32)
        epochs[places] = self.epochs_
        self.memory_user_ = places[self.memory_user_]
        old, fresh = changed[epochs[changed] > 0], changed[epochs[changed] == 0]
        self.weights_, self.epochs_ = weights, epochs
        self._keep(old, before[old])
        for users, n_epochs in ((old, self.update_epochs), (fresh, self.epochs)):
            if not len(users):
                continue
            self.weights_[users], spent, _ = train_networks(
                layout,
                self._teaching(n_epochs),
                self._lessons(known.take(users)),
                self.patterns_,
                start=self.weights_[users] if users is old else None,
                run=run,
                name=f"{self.cell} networks, updated",
            )
            self.epochs_[users] += spent
        self._remember(known)

    def _keep(self, users: Int64, events: Int64) -> None:
        """Put the current weights of these users into the memory, and forget the oldest."""
        numbers = [int(self.memory_state_[self.memory_user_ == u].max(initial=-1)) for u in users]
        self.memory_weights_ = np.concatenate([self.memory_weights_, self.weights_[users]])
        self.memory_user_ = np.concatenate([self.memory_user_, users])
        self.memory_state_ = np.concatenate([self.memory_state_, np.array(numbers, np.int64) + 1])
        self.memory_events_ = np.concatenate([self.memory_events_, events])
        order = np.lexsort((-self.memory_state_, self.memory_user_))
        owner = self.memory_user_[order]
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        keep = np.sort(order[rank < self.states_kept])
        for name in ("memory_weights_", "memory_user_", "memory_state_", "memory_events_"):
            setattr(self, name, getattr(self, name)[keep])

    def earlier_states(self, user: Id | None = None) -> pl.DataFrame:
        """The states of networks that can be recalled.

        Args:
            user: only this user's; None for all.

        Returns:
            A frame with `user`, `state` (a number that rises with each update) and `events`, how
            many events the user had then.

        Raises:
            UnknownIdError: the user is not known.
        """
        self._require_fitted()
        frame = pl.DataFrame(
            {
                "user": self.users_.take(self.memory_user_),
                "state": self.memory_state_,
                "events": self.memory_events_,
            }
        )
        if user is not None:
            frame = frame.filter(pl.Series(self.memory_user_ == self.users_.index(user)))
        return frame.sort("user", "state")

    def recall(self, user: Id, state: int) -> PerUserNetwork:
        """Put an earlier state of a user's network in the place of the current one.

        The current one is kept as a further state, so that it can be recalled in turn.

        Raises:
            UnknownIdError: the user is not known.
            ParameterError: there is no such state; the sentence lists those there are.
        """
        self._require_fitted()
        index = self.users_.index(user)
        mine = np.flatnonzero(self.memory_user_ == index)
        chosen = mine[self.memory_state_[mine] == state]
        if not len(chosen):
            there = ", ".join(str(s) for s in sorted(self.memory_state_[mine])) or "none"
            raise ParameterError(f"User {user!r} has no earlier state {state}; there are: {there}.")
        weights = self.memory_weights_[chosen[0]].copy()
        self._keep(np.array([index]), self.histories_.lengths[[index]])
        self.weights_[index] = weights
        self._remember(self.histories_)
        return self
