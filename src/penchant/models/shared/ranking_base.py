"""What models of vectors share that are trained to rank, by events alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.histories import Histories
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, booleans, floats
from penchant.models.parameters import Space
from penchant.models.shared.fitted_users import FittedUsers
from penchant.nn.ranking_factors import RankingFactors
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Float32, Int32


class RankingFactorModel(FittedUsers, Recommender):
    """Scores u . v + b, with the vectors of new users fitted to their histories.

    Attributes:
        dim: length of the vectors.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64

    signal: ClassVar[Signal] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS
    event_bytes: ClassVar[float] = 30.0
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_vectors_": floats("users", "dim"),
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "trained_": booleans("users"),
    }

    @abstractmethod
    def _fitted_rows(self, users: Histories) -> Float32:
        """float32[n_users, dim], vectors fitted to histories, with the items' as they are."""

    def _start(self, network: RankingFactors, users: Bool, items: Bool) -> None:
        """Note which users have events, and leave nothing of chance where there are none."""
        self.trained_: Bool = users
        network.zero_untrained(users, items)

    def _keep(self, network: RankingFactors) -> None:
        """Store what was trained."""
        self.user_vectors_: Float32 = network.users.numpy().copy()
        self.item_vectors_: Float32 = network.items[:, : self.dim].numpy().copy()
        self.item_bias_: Float32 = network.items[:, self.dim].numpy().copy()

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]: as trained, or fitted to the history, or zeros without one."""
        trained = self._are_trained(users)
        rows: Float32 = np.where(trained[:, None], self.user_vectors_[users.users], np.float32(0))
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if len(new):
            rows[new] = self._fitted_rows(users.take(new))
        return rows

    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        return self._row_falls(user, items) if user.positives.n_events else None

    @abstractmethod
    def _row_falls(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], see `removal_effects`, of a user with positive events."""

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        return self.item_vectors_

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_vectors(users) @ self.item_vectors_.T
        scores += self.item_bias_
        return scores
