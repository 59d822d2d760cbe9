"""Nearest neighbours among items."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.neighbours.base import NeighboursModel
from penchant.models.neighbours.entities import Similarity, item_entities
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE, mean_residuals
from penchant.models.neighbours.nearest import (
    neighbours,
)
from penchant.models.parameters import Space
from penchant.models.shared.biases import of_items
from penchant.models.shared.item_weights import usual_item_events
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.sparse_rows import kept_bytes, strongest_entries
from penchant.run import Run
from penchant.typing import Csr, Float32, Int32

_EVENT = 24.0  # bytes of an event in two matrices, and while these are made
_OF_RATINGS = 8.0  # more of both where there are ratings to predict
_REMEDY = "drop rare items and users with a k-core"
_SHRINKAGE, _LEAST_SHRINKAGE = 0.07, 10.0  # the default: of a usual item's events, and at least


class ItemKNN(NeighboursModel):
    """Recommends what is similar to the items of the history.

    With `cosine` or `jaccard`, the score of an item is the sum of its similarities to the items
    of the history that are among its `neighbours` nearest (Deshpande and Karypis 2004). Ratings
    are predicted as bias + sum s (r - bias) / (sum |s| + damping) over the `neighbours` most
    similar items that the user has rated, by `rating_similarity` (Koren 2008, eq. 3, without
    damping); with a `similarity` of centred ratings these predictions, over each item's nearest
    neighbours, also rank.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        neighbours: how many of the nearest neighbours count.
        shrinkage: similarities are multiplied by n / (n + shrinkage), n being the events in
            common, so that few of them cannot make two strangers alike. None is .07 times the
            number of events of a usual item (sum n^2 / sum n over the items' numbers n), at least
            10: where items have many events, a few in common say little.
        neighbours_kept: how many similar items are stored for each item to predict ratings from,
            of which those that a user has rated count.
    """

    neighbours: Annotated[int, Field(gt=0), Space(5, 500, log=True)] = 200
    shrinkage: Annotated[float | None, Field(ge=0), Space(0.1, 500, log=True)] = None
    neighbours_kept: Annotated[int, Field(gt=0)] = 500

    fitted_attributes: ClassVar[Declarations] = {
        "rating_similarities_": sparse_matrix("items", "items", optional=True),
        "near_": sparse_matrix("items", "items"),
    }

    def _cost(self, train: Dataset) -> FittingCost:
        kept = min(max(self.neighbours_kept, self.neighbours), train.n_items)
        more = _OF_RATINGS * (len(train) + kept * train.n_items) if train.has_ratings else 0.0
        return FittingCost(
            memory=_EVENT * len(train) + kept_bytes(kept, train.n_items) + more,
            remedy=f"keep fewer neighbours (neighbours_kept={kept // 5 or 1}), or {_REMEDY}",
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._fit_biases(train)
        shrinkage, kept = self._shrinkage(train), max(self.neighbours_kept, self.neighbours)

        def similar(kind: Similarity) -> Csr:
            return neighbours(
                item_entities(train, kind, self._residuals),
                kind,
                shrinkage=shrinkage,
                min_common=self.min_common,
                k=kept,
                threads=run.threads,
            )

        own = similar(self.similarity)
        if train.has_ratings:
            same = self.rating_kind == self.similarity
            self.rating_similarities_ = own if same else similar(self.rating_kind)
        self.near_ = strongest_entries(own, self.neighbours).T.tocsr()

    def _shrinkage(self, train: Dataset) -> float:
        if self.shrinkage is not None:
            return self.shrinkage
        return max(_LEAST_SHRINKAGE, _SHRINKAGE * usual_item_events(train, "interaction"))

    def _scores(self, users: Histories) -> Float32:
        if not self.of_ratings:
            return np.asarray((self._interactions(users) @ self.near_).toarray())
        base = self._baseline(users)[:, None] + self.item_bias_
        if users.ratings is None:
            return base
        total = (self._residuals(users) @ self.near_).toarray()
        weight = (users.matrix("seen") @ self.near_).toarray()
        shift = np.divide(
            total, weight + self.damping, out=np.zeros_like(total), where=weight > NEGLIGIBLE
        )
        return np.asarray(base + shift)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings."""
        base = self._baseline(rows.histories)[rows.history]
        base = base + of_items(self.item_bias_, rows.items, 0.0)
        if rows.histories.ratings is None or not hasattr(self, "rating_similarities_"):
            return base
        residuals, known = self._residuals(rows.histories), np.flatnonzero(rows.items >= 0)
        base[known] += mean_residuals(
            self.rating_similarities_,
            rows.items[known],
            residuals,
            rows.history[known],
            self.neighbours,
            self.damping,
        )
        return base

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item.

        With a similarity of ratings the rows sum to the score less the biases.
        """
        require_one_user(user)
        weights = self.near_[user.items][:, items].toarray().T * self._event_weights(user)
        if self.of_ratings:
            if user.ratings is None:  # biases alone
                return np.zeros((len(items), user.n_events), np.float32)
            rest = user.ratings - self._baseline(user) - self.item_bias_[user.items]
            total = weights.sum(axis=1, keepdims=True)
            weights = np.divide(
                weights * rest,
                total + self.damping,
                out=np.zeros_like(weights),
                where=total > NEGLIGIBLE,
            )
        return np.asarray(weights, np.float32)
