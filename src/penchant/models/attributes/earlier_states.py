"""Earlier states of networks, so that one can be recalled after an update."""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import polars as pl

from penchant.data.vocabulary import Id, Vocabulary
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.typing import Float32, Int32, Int64


class EarlierStates(NamedTuple):
    """States that networks had before they were updated.

    Attributes:
        weights: float32[n_states, size], the weights of a network.
        users: int64[n_states], whose network it is.
        numbers: int64[n_states], rising from 0 with each state of a user.
        events: int64[n_states], how many events the user had.
    """

    weights: Float32
    users: Int64
    numbers: Int64
    events: Int64

    @classmethod
    def empty(cls, size: int) -> Self:
        """No states of networks of `size` weights."""
        none = np.zeros(0, np.int64)
        return cls(np.zeros((0, size), np.float32), none, none, none)

    def add(self, users: Int64, weights: Float32, events: Int64, limit: int) -> EarlierStates:
        """Add one state of each of these users and drop all but the latest `limit` of each."""
        latest = [int(self.numbers[self.users == u].max(initial=-1)) for u in users]
        states = EarlierStates(
            np.concatenate([self.weights, weights]),
            np.concatenate([self.users, users]),
            np.concatenate([self.numbers, np.array(latest, np.int64) + 1]),
            np.concatenate([self.events, events]),
        )
        order = np.lexsort((-states.numbers, states.users))
        owners = states.users[order]
        rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
        keep = np.sort(order[rank < limit])
        return EarlierStates(
            states.weights[keep], states.users[keep], states.numbers[keep], states.events[keep]
        )

    def table(self, vocabulary: Vocabulary) -> pl.DataFrame:
        """A row for each state: `user`, `state` and `events`."""
        return pl.DataFrame(
            {
                "user": vocabulary.take(self.users),
                "state": self.numbers,
                "events": self.events,
            }
        )


class RecallsStates(Recommender):
    """A model with weights of each user's own, which keeps those that updates replace.

    Attributes:
        states_kept: how many earlier states of each user are kept.
        weights_: float32[n_networks, size], the current weights.
        network_of_user_: int32[n_users], each user's row of the weights, -1 for none.
        learned_events_: int64[n_users], how many events they have learned from.
    """

    if TYPE_CHECKING:  # annotated fields are hyper-parameters, and these are none
        states_kept: int
        weights_: Float32
        network_of_user_: Int32
        learned_events_: Int64
        earlier_weights_: Float32
        earlier_users_: Int64
        earlier_numbers_: Int64
        earlier_events_: Int64

    @abstractmethod
    def _note_replaced(self, network: int, before: Float32) -> None:
        """Note that the weights of one network have been replaced, float32[1, size] before."""

    def earlier_states(self, user: Id | None = None) -> pl.DataFrame:
        """The states of networks that can be recalled.

        Args:
            user: only this user's; None for all.

        Returns:
            A frame with `user`, `state` (a number that rises with each update) and `events`, how
            many events the network had learned from.

        Raises:
            UnknownIdError: the user is not known.
        """
        self._require_fitted()
        table = self._earlier_states.table(self.users_)
        if user is not None:
            table = table.filter(pl.Series(self.earlier_users_ == self.users_.index(user)))
        return table.sort("user", "state")

    def recall(self, user: Id, state: int) -> Self:
        """Replace a user's network by an earlier state of it.

        The current one is kept as a further state, so that it can be recalled in turn.

        Raises:
            UnknownIdError: the user is not known.
            ParameterError: there is no such state; the sentence lists those there are.
        """
        chosen = self._find_state(user, state)
        weights, events = self.earlier_weights_[chosen].copy(), self.earlier_events_[chosen]
        index = np.array([self.users_.index(user)])
        self._keep_current(index)
        network = self.network_of_user_[index]
        before = self.weights_[network]
        self.weights_[network], self.learned_events_[index] = weights, events
        self._note_replaced(int(network[0]), before)
        return self

    def as_of(self, user: Id, state: int) -> Self:
        """A copy in which one user's network is an earlier state of it, to look at.

        Raises:
            UnknownIdError: the user is not known.
            ParameterError: there is no such state; the sentence lists those there are.
        """
        chosen, index = self._find_state(user, state), self.users_.index(user)
        view = copy.copy(self)
        view.weights_, view.learned_events_ = self.weights_.copy(), self.learned_events_.copy()
        view.weights_[self.network_of_user_[index]] = self.earlier_weights_[chosen]
        view.learned_events_[index] = self.earlier_events_[chosen]
        return view

    def _find_state(self, user: Id, state: int) -> int:
        """The position of an earlier state among those of all users."""
        self._require_fitted()
        own = self.earlier_users_ == self.users_.index(user)
        numbers = np.where(own, self.earlier_numbers_, -1)
        chosen = np.flatnonzero(numbers == state)
        if state < 0 or not len(chosen):
            available = ", ".join(str(n) for n in np.sort(numbers[numbers >= 0])) or "none"
            raise ParameterError(
                f"User {user!r} has no earlier state {state}; there are: {available}."
            )
        return int(chosen[0])

    def _keep_current(self, users: Int64) -> None:
        """Add the current weights of these users to their earlier states."""
        weights = self.weights_[self.network_of_user_[users]]
        events = self.learned_events_[users]
        self._set_earlier_states(self._earlier_states.add(users, weights, events, self.states_kept))

    @property
    def _earlier_states(self) -> EarlierStates:
        return EarlierStates(
            self.earlier_weights_, self.earlier_users_, self.earlier_numbers_, self.earlier_events_
        )

    def _set_earlier_states(self, states: EarlierStates) -> None:
        self.earlier_weights_, self.earlier_users_ = states.weights, states.users
        self.earlier_numbers_, self.earlier_events_ = states.numbers, states.events
