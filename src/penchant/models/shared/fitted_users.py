"""What models share that fit the vectors of users who were not trained to their histories."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from penchant.data.histories import Histories
from penchant.models.shared.one_user import require_one_user
from penchant.typing import Bool, Float32, Int32


class FittedUsers(ABC):
    """Of a recommender whose trained users have vectors of their own, and all others fitted ones.

    What was trained stays as it is when events of its history are left out; what is fitted moves.

    Attributes:
        trained_: bool[n_users], which users were trained.
    """

    trained_: Bool

    def _are_trained(self, users: Histories) -> Bool:
        """bool[n_users], which of these users were trained."""
        trained: Bool = (users.users >= 0) & self.trained_[users.users]
        return trained

    def removal_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], how scores fall without each event; 0 for a trained user.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        falls = None if self._are_trained(user)[0] else self._falls(user, items)
        return np.zeros((len(items), user.n_events), np.float32) if falls is None else falls

    @abstractmethod
    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        """float32[n_items, n_events], how scores fall for a user whose vector is fitted.

        None where the history tells nothing.
        """
