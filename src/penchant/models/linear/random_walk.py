"""Recommends where random walks of three steps, from user to item to user to item, end."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, plain
from penchant.models.parameters import Space
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.sparse_rows import Weigh, kept_bytes, strongest_products
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import AnyInt, Csr

OF_LENGTH, ABOVE = 0.13, 0.25
"""The default `beta` for each unit of the logarithm of a user's mean number of events, and how
much more the default `alpha` is."""
OF_ITEMS = 0.23
"""The most that the default `beta` is for each unit of the logarithm of an item's mean number."""


class P3Alpha(SparseItemWeights, Refitting):
    """Three steps of a random walk between users and items.

    The weight of item j for item i is the chance to get from i to j by way of a user, with each
    transition probability raised to `alpha`; an event counts by its weight. Cooper, Lee, Radzik
    and Siantos, "Random Walks in Recommender Systems: Exact Computation and Simulations" (2014).

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        alpha: power of transition probabilities. None is 1/4 + .13 times the logarithm of the mean
            number of events of a user who has any, which is .46 for histories of 5 events and .85
            for 100: the fewer events a user or an item has, the less their number says.
        neighbours: the largest weights of an item that are kept.
    """

    alpha: Annotated[float | None, Field(ge=0), Space(0.3, 2)] = None
    neighbours: Annotated[int, Field(gt=0), Space(20, 1000, log=True)] = 200

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 60.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"alpha_"})
    fitted_attributes: ClassVar[Declarations] = {"alpha_": plain(float)}

    def _cost(self, train: Dataset) -> FittingCost:
        return FittingCost(memory=kept_bytes(self.neighbours, train.n_items))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        by_user = train.histories.matrix("weight")
        self.alpha_ = ABOVE + _of_length(by_user) if self.alpha is None else self.alpha
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
        found.data = np.asarray(chances**self.alpha_, np.float32)
        return found


class RP3Beta(P3Alpha):
    """Random walks of three steps, with popular items held back.

    The weights of `P3Alpha` are divided by the item's number of events to the power of `beta`.
    Paudel, Christoffel, Newell and Bernstein, "Updatable, Accurate, Diverse, and Scalable
    Recommendations for Interactive Applications" (2017), eq. 4.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        beta: how much popular items are held back; 0 is `P3Alpha`. None is .13 times the logarithm
            of the mean number of events of a user who has any, which is .21 for histories of 5
            events and .6 for 100: the more items of a history a sum is over, the more it comes to
            what is popular. It is at most .23 times the logarithm of the mean number of events of
            an item, .5 for 9 events: held back more, lists fill with items that were seen once.
    """

    beta: Annotated[float | None, Field(ge=0), Space(0, 1)] = None

    bookkeeping: ClassVar[frozenset[str]] = P3Alpha.bookkeeping | {"beta_"}
    fitted_attributes: ClassVar[Declarations] = {"beta_": plain(float)}

    def _weigh(self, train: Dataset) -> Weigh | None:
        by_user = train.histories.matrix("weight")
        self.beta_ = _held_back(by_user) if self.beta is None else self.beta
        counts = np.asarray(by_user.sum(axis=0)).ravel()
        scales = np.asarray(np.maximum(counts, 1e-12) ** -self.beta_, np.float32)
        return lambda chances, _, items: np.asarray(chances * scales[items])


def _held_back(by_user: Csr) -> float:
    """The default `beta`."""
    per_item = _log_mean(np.bincount(by_user.indices))
    return min(_of_length(by_user), OF_ITEMS * per_item)


def _of_length(by_user: Csr) -> float:
    """`OF_LENGTH` times the logarithm of the mean number of entries of a row that has any."""
    return OF_LENGTH * _log_mean(np.diff(by_user.indptr))


def _log_mean(counts: AnyInt) -> float:
    """The logarithm of the mean of the counts above zero; 0 where there are none."""
    return float(np.log(counts.sum() / max(np.count_nonzero(counts), 1) or 1))
