"""Earlier states of networks, so that one can be recalled after an update."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import polars as pl

from penchant.data.vocabulary import Vocabulary
from penchant.typing import Float32, Int64


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
