"""Recommends what users had together with the items of the history."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy.special import xlogy

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.parameters import Space
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.sparse_rows import kept_bytes, strongest_products
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import AnyFloat, AnyInt, Csr, Float32, Float64

Measure = Literal["count", "conditional", "jaccard", "lift", "log-likelihood"]


class CoOccurrence(SparseItemWeights, Refitting):
    """How often two items have the same users, measured against how often each has any.

    The score of an item is the sum of its measures with the items of the history. With n_i users
    who have item i of the history, n_ij who have item j, too, and N users with events, they are

    - `count`: n_ij;
    - `conditional`: n_ij / n_i, the share of those users who have item j, too;
    - `jaccard`: n_ij / (n_i + n_j - n_ij);
    - `lift`: n_ij N / (n_i n_j), how many times as many as by chance;
    - `log-likelihood`: 2 sum k log(k / expected k) over the four counts k of who has which, where
      more users have both than by chance, and otherwise 0: Dunning, "Accurate Methods for the
      Statistics of Surprise and Coincidence" (1993), section 5.

    All are multiplied by n_ij / (n_ij + `shrinkage`). An event counts by its weight, and two events
    of a user together by the root of the product of theirs.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        measure: see above.
        neighbours: the largest measures of an item that are kept.
        shrinkage: users in common at which a measure counts half, as few of them prove little.
        min_common: the fewest users in common.
    """

    measure: Measure = "jaccard"
    neighbours: Annotated[int, Field(gt=0), Space(20, 1000, log=True)] = 200
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 500, log=True)] = 10.0
    min_common: Annotated[int, Field(ge=1)] = 1

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 60.0

    def _cost(self, train: Dataset) -> FittingCost:
        return FittingCost(memory=kept_bytes(self.neighbours, train.n_items))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        roots = train.histories.matrix("weight")
        roots.data = np.sqrt(roots.data)
        self.weights_ = strongest_measures(
            roots, self.measure, self.neighbours, self.shrinkage, self.min_common
        )


def strongest_measures(
    roots: Csr, measure: Measure, k: int, shrinkage: float, min_common: int
) -> Csr:
    """csr[n_items, n_items] of the `k` largest shrunken measures of each item with others.

    Args:
        roots: csr[n, n_items], the root of what each user's or basket's event with an item counts.
        measure: see `CoOccurrence`.
        k: how many are kept.
        shrinkage: what both must have in common for a measure to count half.
        min_common: the least that they must have in common.
    """
    n_rows = float(np.count_nonzero(np.diff(roots.indptr)))
    by_item: Csr = roots.T.tocsr()
    counts = np.asarray(by_item.power(2).sum(axis=1), np.float64).ravel()
    counts = np.maximum(counts, 1e-12)  # items without events have nothing in common

    def weigh(common: Float32, rows: AnyInt, columns: AnyInt) -> Float32:
        n_i, n_j = counts[rows], counts[columns]
        # Of unequal weights it can be more than what one of the items has in all.
        both = np.minimum(common, np.minimum(n_i, n_j))
        both[both < min_common * (1 - 1e-4)] = 0
        measures = measure_of(measure, both, n_i, n_j, n_rows)
        return np.asarray(measures * both / (both + max(shrinkage, 1e-12)), np.float32)

    return strongest_products(by_item, by_item, k, weigh)


def measure_of(
    measure: Measure, both: AnyFloat, n_i: AnyFloat, n_j: AnyFloat, n_users: float
) -> Float64:
    """Float64, how much items go together; the arrays broadcast, and see `CoOccurrence`.

    Args:
        measure: its name.
        both: users who have both items.
        n_i: users who have the item of the history, above 0.
        n_j: users who have the other one, above 0.
        n_users: users in all.
    """
    if measure == "count":
        return np.asarray(both, np.float64)
    if measure == "conditional":
        return np.asarray(both / n_i, np.float64)
    if measure == "jaccard":
        return np.asarray(both / (n_i + n_j - both), np.float64)
    lift = both * n_users / (n_i * n_j)
    if measure == "lift":
        return np.asarray(lift, np.float64)
    not_i, not_j = np.maximum(n_users - n_i, 0), np.maximum(n_users - n_j, 0)
    total = xlogy(both, np.maximum(lift, 1e-300))
    for k, a, b in (
        (n_i - both, n_i, not_j),
        (n_j - both, n_j, not_i),
        (n_users - n_i - n_j + both, not_i, not_j),
    ):
        k = np.maximum(k, 0)
        total += xlogy(k, k * n_users / np.maximum(a * b, 1e-12))
    return np.where(lift > 1, 2 * total, 0.0)
