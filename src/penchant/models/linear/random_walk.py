"""Recommends where random walks of three steps, from user to item to user to item, end."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Recommender, Signal
from penchant.models.parameters import Space
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.sparse_rows import Weigh, strongest_products
from penchant.run import Run
from penchant.typing import Csr


class P3Alpha(SparseItemWeights, Recommender):
    """Three steps of a random walk between users and items.

    The weight of item j for item i is the chance to get from i to j by way of a user, with each
    transition probability raised to `alpha`; an event counts by its weight. Cooper, Lee, Radzik
    and Siantos, "Random Walks in Recommender Systems: Exact Computation and Simulations" (2014).

    Attributes:
        alpha: power of transition probabilities.
        neighbours: the largest weights of an item that are kept.
    """

    alpha: Annotated[float, Field(ge=0), Space(0.3, 2)] = 1.0
    neighbours: Annotated[int, Field(gt=0), Space(20, 1000, log=True)] = 200

    signal: ClassVar[Signal] = "pairs"

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        by_user = train.histories.matrix("weight")
        by_item: Csr = by_user.T.tocsr()
        to_users, to_items = (self._transitions(x) for x in (by_item, by_user))
        self.weights_ = strongest_products(
            to_users, to_items.T.tocsr(), self.neighbours, self._weigh(train)
        )

    def _weigh(self, train: Dataset) -> Weigh | None:
        """What becomes of the chances; None leaves them."""
        return None

    def _transitions(self, matrix: Csr) -> Csr:
        """The chance of each step from a row, to the power of `alpha`."""
        totals = np.asarray(matrix.sum(axis=1)).ravel()
        found = matrix.copy()
        chances = found.data / np.repeat(totals, np.diff(found.indptr))
        found.data = np.asarray(chances**self.alpha, np.float32)
        return found


class RP3Beta(P3Alpha):
    """Random walks of three steps, with popular items held back.

    The weights of `P3Alpha` are divided by the item's number of events to the power of `beta`.
    Paudel, Christoffel, Newell and Bernstein, "Updatable, Accurate, Diverse, and Scalable
    Recommendations for Interactive Applications" (2017), eq. 4.

    Attributes:
        beta: how much popular items are held back; 0 is `P3Alpha`.
    """

    beta: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5

    def _weigh(self, train: Dataset) -> Weigh | None:
        counts = np.asarray(train.histories.matrix("weight").sum(axis=0)).ravel()
        scales = np.asarray(np.maximum(counts, 1e-12) ** -self.beta, np.float32)
        return lambda chances, _, items: np.asarray(chances * scales[items])
