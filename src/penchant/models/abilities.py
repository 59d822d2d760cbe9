"""What some recommenders can do beyond scoring items, asked with `isinstance`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Rating, Target


@runtime_checkable
class RatesRows(Protocol):
    """Can say what a user would say of an item."""

    @property
    def target(self) -> Target:
        """The scale on which `predict` answers."""

    def predict(self, rows: Rows) -> npt.NDArray[np.float32]:
        """float32[n_rows], a prediction for each row on the scale of `target`."""


class PredictsRatings:
    """For models whose `predict` answers in ratings."""

    @property
    def target(self) -> Target:
        """Predictions are ratings."""
        return Rating()


@runtime_checkable
class ItemVectors(Protocol):
    """Has a vector for each item, whose cosines say how alike items are."""

    def item_vectors(self) -> npt.NDArray[np.float32]:
        """float32[n_items, n_dimensions]."""


@runtime_checkable
class Explains(Protocol):
    """Can divide a score exactly into what each event of the history contributes."""

    def contributions(
        self, user: Histories, items: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.float32]:
        """float32[n_items, n_events]: rows sum to the scores of `items` for this one user."""
