"""Matrix factorisation of ratings that also learns from which items a user has rated."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.models.factorisation.history_base import HistoryFactorModel
from penchant.models.fitted_attributes import Declarations, floats, signatures
from penchant.nn.dot.fold_in import UserEvents, newton
from penchant.nn.dot.training import Objective
from penchant.nn.history_factors import HistoryFactors
from penchant.typing import Float32


class SVDPlusPlus(HistoryFactorModel):
    """SVD++: a rating is mean + b_u + b_i + q_i . (p_u + |N|^-1/2 times the sum of y_j over N).

    Koren, "Factorization Meets the Neighborhood" (2008), eq. 15, N being the items that the user
    has rated. A user whose history has changed, or who is new, gets the p_u and b_u that minimise
    the same loss over the history; a history without ratings still adds up its y_j.
    """

    own: ClassVar[bool] = True
    explicit: ClassVar[bool] = False
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_"})
    fitted_attributes: ClassVar[Declarations] = {
        "user_vectors_": floats("users", "dim"),
        "user_bias_": floats("users"),
        "signatures_": signatures(),
    }

    def _keep(self, network: HistoryFactors, train: Dataset) -> None:
        self.user_vectors_ = network.users.numpy().copy()
        self.user_bias_ = network.user_bias.numpy().copy()
        self.signatures_ = train.histories.signatures

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias.

        The part of the vector that is the user's own, and the bias, are the stored ones where the
        history is that of training, and otherwise fitted to the history given.
        """
        vectors: Float32 = self._weights(users)[0] @ self.implicit_vectors_
        same = users.users >= 0
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        bias = np.zeros(len(users), np.float32)
        bias[same] = self.user_bias_[users.users[same]]
        new = np.flatnonzero(~same)
        if users.ratings is not None and len(new):
            own, bias[new] = self._fitted(users.take(new), vectors[new])
            vectors[new] += own
        vectors[same] += self.user_vectors_[users.users[same]]
        return vectors, bias

    def _fitted(self, users: Histories, implicit: Float32) -> tuple[Float32, Float32]:
        """Each user's own vector and bias, given the vectors that the histories add up to."""
        rated = users.matrix("rating")
        rows = np.repeat(np.arange(len(users)), np.diff(rated.indptr))
        targets = (rated.data.astype(np.float64) - self.mean_) / self.spread_
        targets -= np.einsum("nd,nd->n", implicit[rows], self.item_vectors_[rated.indices])
        events = UserEvents(rated.indptr.astype(np.int64), rated.indices.astype(np.int64), targets)
        items = torch.from_numpy(self.item_vectors_).double()
        inputs = torch.cat([items, torch.ones(len(items), 1, dtype=torch.float64)], 1)
        found = np.zeros((len(users), self.dim + 1))
        base = torch.from_numpy(self.item_bias_).double()
        newton(found, inputs, base, events, Objective("mse", self.l2), l2_last=self.l2_bias)
        return found[:, :-1].astype(np.float32), found[:, -1].astype(np.float32)
