"""What users had, weighed by basket and time: the material of models of repeats."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from penchant.data.histories import Histories
from penchant.models.shared.basket_events import weighted_items
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.updatable import Refitting
from penchant.typing import Float32, Int32


class OwnItems(Refitting):
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
