"""Factors of ratings in which a user is nothing but the history."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.models.factorisation.history_base import HistoryFactorModel
from penchant.models.fitted_attributes import Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.one_user import require_one_user
from penchant.nn.history_factors import HistoryFactors
from penchant.typing import Float32, Int32


class AsymmetricSVD(HistoryFactorModel):
    """Asymmetric SVD: mean + b_u + b_i + q_i . |R|^-1/2 times the sum of y_j + (r_uj - b_uj) x_j.

    Koren, "Factorization Meets the Neighborhood" (2008), eq. 13 and 14, R being the items that the
    user has rated. Nothing of a user is learned: b_u is the shrunk mean of what the ratings are
    above the baselines of their items, so that new users and new ratings are answered by the same
    formula, and each event of the history has its exact part in a prediction.
    """

    dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    l2_history: Annotated[float, Field(ge=0), Space(0.01, 2, log=True)] = 0.2
    epochs: Annotated[int, Field(gt=0)] = 20

    own: ClassVar[bool] = False
    explicit: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        "explicit_vectors_": floats("items", "dim"),
    }

    def _keep(self, network: HistoryFactors, train: Dataset) -> None:
        self.explicit_vectors_ = network.explicit.numpy().copy()

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias."""
        implicit, explicit = self._weights(users)
        vectors: Float32 = implicit @ self.implicit_vectors_ + explicit @ self.explicit_vectors_
        return vectors, self._user_biases(users)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], each event's part of the predicted rating, biases aside.

        Of events with the same item the last one has it all.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        implicit, explicit = (w.toarray()[0, user.items, None] for w in self._weights(user))
        events = implicit * self.implicit_vectors_[user.items]
        events += explicit * self.explicit_vectors_[user.items]
        parts = self.item_vectors_[items] @ events.T * np.float32(self.spread_)
        return np.asarray(parts * user.is_latest, np.float32)
