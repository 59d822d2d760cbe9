"""What a history says of the attributes a user likes, as numbers for a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from penchant.data.histories import Histories
from penchant.data.target import Target
from penchant.typing import Float32, UInt8

PER_ATTRIBUTE = 2
"""Numbers of a profile for each attribute."""
OVERALL = 2
"""Numbers of a profile for all events together."""

EPS = 1e-6
"""Shares are kept this far from 0 and 1."""


class Counts(NamedTuple):
    """Events and likes of some users, first all of them and then those with each attribute.

    Attributes:
        events: float32[n_users, 1 + n_attributes].
        likes: float32[n_users, 1 + n_attributes].
    """

    events: Tensor
    likes: Tensor

    def of(self, users: Tensor) -> Counts:
        """The counts at these positions, int64[n]."""
        return Counts(self.events[users], self.likes[users])

    def without(self, patterns: Tensor, liked: Tensor) -> Counts:
        """The counts as they are without one event of each row.

        Args:
            patterns: float32[n, n_attributes], the attributes of that event's item.
            liked: float32[n], whether it was a like.
        """
        event = torch.nn.functional.pad(patterns, (1, 0), value=1.0)
        return Counts(self.events - event, self.likes - event * liked[:, None])


class Profiles(NamedTuple):
    """What is known of some users, all zeros for one without events.

    Attributes:
        overall: float32[n, 2], how far the log-odds of a like lie above everybody's, and the
            logarithm of the number of events (1 for a typical user).
        each: float32[n, n_attributes, 2], how far the log-odds of a like with the attribute lie
            above what the user's and everybody's likes lead one to expect, and the logarithm of
            how many times more often than with everybody the attribute occurs.
    """

    overall: Tensor
    each: Tensor


@dataclass(frozen=True)
class Everybody:
    """What all training events say together, towards which profiles are drawn.

    Attributes:
        shares: float32[1 + n_attributes], the share of likes of all events and of those with
            each attribute, none of them 0 or 1.
        use: float32[n_attributes], the share of events with each attribute, none of them 0.
        typical: the mean logarithm of 1 + a user's number of events.
        smoothing: how many events at the expected share each count starts with.
    """

    shares: Tensor
    use: Tensor
    typical: float
    smoothing: float

    @classmethod
    def of(cls, counts: Counts, smoothing: float) -> Everybody:
        """What the counts of all training users add up to."""
        events, likes = counts.events.double().sum(0), counts.likes.double().sum(0)
        overall = (likes[0] + 0.5) / (events[0] + 1)
        shares = (likes + overall) / (events + 1)
        shares[0] = overall
        active = counts.events[:, 0][counts.events[:, 0] > 0]
        return cls(
            shares=shares.float(),
            use=((events[1:] + 0.5) / (events[0] + 1)).float(),
            typical=float(active.log1p().mean()),
            smoothing=smoothing,
        )

    def profiles(self, counts: Counts) -> Profiles:
        """The profile of each row of counts."""
        s, odds = self.smoothing, torch.logit(self.shares)
        events, likes = counts.events[:, 1:], counts.likes[:, 1:]
        total, liked = counts.events[:, :1], counts.likes[:, :1]
        overall = torch.logit((liked + s * self.shares[0]) / (total + s), eps=EPS) - odds[0]
        expected = odds[1:] + overall
        own = torch.logit((likes + s * expected.sigmoid()) / (events + s), eps=EPS) - expected
        more = torch.log((events + s * self.use) / ((total + s) * self.use))
        return Profiles(
            torch.cat([overall, total.log1p() / self.typical], 1), torch.stack([own, more], 2)
        )


def liked_events(users: Histories, target: Target) -> Float32:
    """float32[n_events], 1 for a like; without ratings every event counts as one."""
    if users.ratings is None:
        return np.ones(users.n_events, np.float32)
    return target.of_ratings(users.ratings)


def count(users: Histories, liked: Float32, attributes: UInt8) -> Counts:
    """The counts of histories.

    Args:
        users: the histories.
        liked: float32[n_events], 1 for a like.
        attributes: uint8[n_items, n_attributes] of 0 and 1.
    """
    columns = np.ones((len(attributes), 1 + attributes.shape[1]), np.float32)
    columns[:, 1:] = attributes
    place = users.rows, users.items
    shape = len(users), users.n_items
    found = (
        sparse.csr_array((values, place), shape=shape) @ columns
        for values in (np.ones(users.n_events, np.float32), liked)
    )
    return Counts(*(torch.from_numpy(np.asarray(part)) for part in found))
