"""Recommends what stands in the same baskets as what users took lately."""

from __future__ import annotations

import logging
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.neighbours.co_occurrence import Measure, strongest_measures
from penchant.models.parameters import Space
from penchant.models.shared.basket_events import basket_rows, decayed_baskets, weighted_items
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.sparse_rows import kept_bytes
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Float32, Int32

logger = logging.getLogger(__name__)


class BasketCoOccurrence(Refitting):
    """How often two items stand in one basket, measured against how often each stands in any.

    The score of an item is the sum of its measures with the items of the user's baskets, each of
    which counts `basket_decay` for each later one. Measures are those of `CoOccurrence`, with
    baskets in place of users; baskets of nobody (`Dataset.anonymous`) count, too. Without baskets
    a user's events of one instant are one, and where no two events are, all that a user had is.
    `pn.together` shows the counts behind it.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        measure: see `CoOccurrence`.
        neighbours: the largest measures of an item that are kept.
        shrinkage: baskets in common at which a measure counts half.
        min_common: the fewest baskets in common.
        basket_decay: what a basket of the user counts beside the one after it.
    """

    measure: Measure = "jaccard"
    neighbours: Annotated[int, Field(gt=0), Space(20, 1000, log=True)] = 200
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 500, log=True)] = 10.0
    min_common: Annotated[int, Field(ge=1)] = 1
    basket_decay: Annotated[float, Field(gt=0, le=1), Space(0.3, 1)] = 0.9

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 120.0
    counts_anonymous: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {"weights_": sparse_matrix("items", "items")}

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that stand in no basket with anything of the history."""
        return 0.0

    def _cost(self, train: Dataset) -> FittingCost:
        return FittingCost(memory=kept_bytes(self.neighbours, train.n_items))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        baskets = basket_rows(train)
        if not (np.diff(baskets.indptr) > 1).any():
            logger.info(
                "No basket of %r holds two items: all that a user had counts as one.", train.name
            )
            baskets = train.histories.matrix()
        self.weights_ = strongest_measures(
            baskets, self.measure, self.neighbours, self.shrinkage, self.min_common
        )

    def _event_weights(self, users: Histories) -> Float32:
        return decayed_baskets(users, self.basket_decay)

    def _scores(self, users: Histories) -> Float32:
        own = weighted_items(users, self._event_weights(users))
        return np.asarray((own @ self.weights_).toarray(), np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item."""
        require_one_user(user)
        weights = self.weights_[user.items][:, items].toarray().T
        return np.asarray(weights * self._event_weights(user), np.float32)
