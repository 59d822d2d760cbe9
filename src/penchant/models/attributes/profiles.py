"""Profiles of users: how a history's likes depend on attributes, as numbers for a network."""

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

N_PER_ATTRIBUTE = 2
"""Numbers of a profile for each attribute."""
N_OVERALL = 2
"""Numbers of a profile for all events together."""

EPS = 1e-6
"""Shares are kept this far from 0 and 1."""


class LikeCounts(NamedTuple):
    """Events and likes of some users, first of all events and then of those with each attribute.

    Attributes:
        events: float32[n_users, 1 + n_attributes].
        likes: float32[n_users, 1 + n_attributes].
    """

    events: Tensor
    likes: Tensor

    def take(self, users: Tensor) -> LikeCounts:
        """The counts at int64[n] positions."""
        return LikeCounts(self.events[users], self.likes[users])

    def without(self, patterns: Tensor, likes: Tensor) -> LikeCounts:
        """The counts without one event of each row.

        Args:
            patterns: float32[n, n_attributes], the attributes of that event's item.
            likes: float32[n], whether it was a like.
        """
        event = torch.nn.functional.pad(patterns, (1, 0), value=1.0)
        return LikeCounts(self.events - event, self.likes - event * likes[:, None])


class Profiles(NamedTuple):
    """The profiles of some users, all zeros for one without events.

    Attributes:
        overall: float32[n, 2], how far the log-odds of a like lie above everybody's, and the
            logarithm of the number of events (1 for a typical user).
        by_attribute: float32[n, n_attributes, 2], how far the log-odds of a like with the
            attribute lie above what the user's and everybody's likes lead one to expect, and the
            logarithm of how many times more often than with everybody the attribute occurs.
    """

    overall: Tensor
    by_attribute: Tensor


@dataclass(frozen=True)
class ProfilePrior:
    """Shares over all training events, towards which profiles are drawn.

    Attributes:
        like_shares: float32[1 + n_attributes], the share of likes of all events and of those with
            each attribute, none of them 0 or 1.
        attribute_shares: float32[n_attributes], the share of events with each attribute, none 0.
        mean_log_events: the mean logarithm of 1 + a user's number of events.
        damping: how many events at the expected share each count starts with.
    """

    like_shares: Tensor
    attribute_shares: Tensor
    mean_log_events: float
    damping: float

    @classmethod
    def estimate(cls, counts: LikeCounts, damping: float) -> ProfilePrior:
        """The prior from the counts of all training users."""
        events, likes = counts.events.double().sum(0), counts.likes.double().sum(0)
        overall = (likes[0] + 0.5) / (events[0] + 1)
        shares = (likes + overall) / (events + 1)
        shares[0] = overall
        active = counts.events[:, 0][counts.events[:, 0] > 0]
        return cls(
            like_shares=shares.float(),
            attribute_shares=((events[1:] + 0.5) / (events[0] + 1)).float(),
            mean_log_events=float(active.log1p().mean()),
            damping=damping,
        )

    def profiles(self, counts: LikeCounts) -> Profiles:
        """The profile of each row of counts."""
        s, odds = self.damping, torch.logit(self.like_shares)
        events, likes = counts.events[:, 1:], counts.likes[:, 1:]
        n_events, n_likes = counts.events[:, :1], counts.likes[:, :1]
        overall = torch.logit((n_likes + s * self.like_shares[0]) / (n_events + s), eps=EPS)
        overall = overall - odds[0]
        expected = odds[1:] + overall
        excess = torch.logit((likes + s * expected.sigmoid()) / (events + s), eps=EPS) - expected
        use = torch.log(
            (events + s * self.attribute_shares) / ((n_events + s) * self.attribute_shares)
        )
        return Profiles(
            torch.cat([overall, n_events.log1p() / self.mean_log_events], 1),
            torch.stack([excess, use], 2),
        )


def like_rates(events: Float32, likes: Float32, share: float, damping: float) -> Float32:
    """float32[n], how far the log-odds of a like lie above those of an overall share of likes.

    Args:
        events: float32[n], how many events there are.
        likes: float32[n], how many of these are likes.
        share: the overall share.
        damping: how many events at that share each count starts with.
    """
    s = np.float32(damping)
    rate = np.clip((likes + s * share) / (events + s), EPS, 1 - EPS)
    odds = np.log(rate / (1 - rate)) - np.log(share / (1 - share))
    return np.asarray(odds, np.float32)


def liked_events(users: Histories, target: Target) -> Float32:
    """float32[n_events], 1 for a like; without ratings every event counts as one."""
    if users.ratings is None:
        return np.ones(users.n_events, np.float32)
    return target.of_ratings(users.ratings)


def count_likes(users: Histories, liked: Float32, attributes: UInt8) -> LikeCounts:
    """Count the events and likes of histories.

    Args:
        users: the histories.
        liked: float32[n_events], 1 for a like.
        attributes: uint8[n_items, n_attributes] of 0 and 1.
    """
    columns = np.ones((len(attributes), 1 + attributes.shape[1]), np.float32)
    columns[:, 1:] = attributes
    index = users.rows, users.items
    shape = len(users), users.n_items
    counts = (
        sparse.csr_array((values, index), shape=shape) @ columns
        for values in (np.ones(users.n_events, np.float32), liked)
    )
    return LikeCounts(*(torch.from_numpy(np.asarray(part)) for part in counts))
