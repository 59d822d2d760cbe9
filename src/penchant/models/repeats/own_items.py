"""What users had, weighed by basket and time: the material of models of repeats."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy import sparse

from penchant.data.baskets import changes
from penchant.data.histories import Histories
from penchant.models.base import Recommender, require_one_user
from penchant.typing import Bool, Csr, Float32, Float64, Int32, Int64


def once_a_basket(users: Histories) -> Bool:
    """bool[n_events], the first positive event of each item in a basket alone."""
    return users.is_first_in_basket & users.is_positive


def basket_ages(users: Histories) -> Int64:
    """int64[n_events], how many of the user's baskets came after that of each event.

    Baskets without a positive event do not count; the ages of other events than positive ones say
    nothing.
    """
    positive = np.flatnonzero(users.is_positive)
    rows, numbers = users.rows[positive], users.basket_numbers[positive]
    order = np.lexsort((numbers, rows))
    ordinal = np.cumsum(changes(rows[order], numbers[order]))  # over all users
    newest = np.zeros(len(users), np.int64)
    newest[rows[order]] = ordinal  # the last one is written last
    ages = np.zeros(users.n_events, np.int64)
    ages[positive[order]] = newest[rows[order]] - ordinal
    return ages


def weighted_items(users: Histories, weights: Float32 | Float64) -> Csr:
    """csr[n_users, n_items], the sum of the weights of each user's events with each item."""
    keep = weights != 0
    matrix: Csr = sparse.csr_array(
        (weights[keep].astype(np.float32), (users.rows[keep], users.items[keep])),
        shape=(len(users), users.n_items),
    )
    matrix.sum_duplicates()
    return matrix


class OwnItems(Recommender):
    """Scores a user's own items by weights of the events with them; others have no evidence."""

    @abstractmethod
    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event adds to the score of its item, 0 or above."""

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that a user has not had: popularity ranks these."""
        return 0.0

    def _scores(self, users: Histories) -> Float32:
        return np.asarray(weighted_items(users, self._event_weights(users)).toarray(), np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item."""
        require_one_user(user)
        return np.where(items[:, None] == user.items, self._event_weights(user), np.float32(0))
