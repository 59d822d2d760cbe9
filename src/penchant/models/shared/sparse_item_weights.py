"""Item-to-item models with few weights an item: scores and reasons from them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from penchant.data.histories import Histories
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.shared.one_user import require_one_user
from penchant.typing import Csr, Float32, Int32


class SparseItemWeights:
    """A model whose score of an item is the sum of the weights of the history's items for it.

    Attributes:
        weights_: csr[n_items, n_items], the row the item of the history.
    """

    weights_: Csr
    fitted_attributes: ClassVar[Declarations | None] = {"weights_": sparse_matrix("items", "items")}

    @property
    def uses_weights(self) -> bool:
        """True: what events count goes by their weights."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that no item of the history has a weight for."""
        return 0.0

    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event of the histories counts."""
        return users.event_weights

    def _inputs(self, users: Histories) -> Csr:
        """csr[n_users, n_items], the sums of what events count."""
        return users.matrix("weight")

    def _scores(self, users: Histories) -> Float32:
        return np.asarray((self._inputs(users) @ self.weights_).toarray())

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], the weight of each event of the history for each item.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        weights: Float32 = self.weights_[user.items][:, items].toarray()
        return np.asarray(weights.T * self._event_weights(user), np.float32)
