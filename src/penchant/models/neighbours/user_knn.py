"""Nearest neighbours among users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats, sparse_matrix
from penchant.models.neighbours.base import NeighboursModel
from penchant.models.neighbours.entities import (
    CENTRED,
    COMPARE_RATINGS,
    Entities,
    Similarity,
    binary,
    residual_entities,
)
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE
from penchant.models.neighbours.nearest import (
    mean_residuals_of_neighbours,
    nearest,
)
from penchant.models.neighbours.similarity import shares_of_common, similarity
from penchant.models.parameters import Space
from penchant.models.shared.biases import of_items
from penchant.models.shared.one_user import require_one_user
from penchant.run import Run
from penchant.typing import Csr, Float32, Int32


class UserKNN(NeighboursModel):
    """Recommends what similar users have, or rated well.

    With `cosine` or `jaccard`, the score of an item is the sum of the similarities of those of
    the `neighbours` nearest users who have it. Ratings are predicted as
    bias + sum s (r - bias) / (sum |s| + damping) over the `neighbours` most similar users, by
    `rating_similarity`, who rated the item (Herlocker et al. 1999, without damping); with a
    `similarity` of centred ratings these predictions, over the user's nearest neighbours, also
    rank. A user's own index is never a neighbour.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        neighbours: how many of the nearest neighbours count.
        shrinkage: similarities are multiplied by n / (n + shrinkage), n being the events in
            common, so that few of them cannot make two strangers alike.
    """

    neighbours: Annotated[int, Field(gt=0), Space(5, 500, log=True)] = 100
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 500, log=True)] = 10.0

    bookkeeping: ClassVar[frozenset[str]] = frozenset({"interactions_", "residuals_"})
    event_bytes: ClassVar[float] = 45.0
    fitted_attributes: ClassVar[Declarations] = {
        "interactions_": sparse_matrix("users", "items"),
        "residuals_": sparse_matrix("users", "items", optional=True),
        "item_means_": floats("items", optional=True),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._fit_biases(train)
        self.interactions_ = self._interactions(train.histories)
        if train.has_ratings:
            self.residuals_ = self._residuals(train.histories)
            rated = train.histories.matrix("rating")
            total = np.bincount(rated.indices, rated.data, train.n_items)
            count = np.bincount(rated.indices, minlength=train.n_items)
            self.item_means_ = (total / np.maximum(count, 1)).astype(np.float32)

    def user_similarities(self, users: Histories) -> Float32:
        """float32[n_users, n_training_users], 0 for the user's own index."""
        alike = similarity(
            self._entities(users, self.similarity),
            self._trained,
            self.similarity,
            self.shrinkage,
            self.min_common,
        )
        known = np.flatnonzero(users.users >= 0)
        alike[known, users.users[known]] = 0
        return alike

    def _entities(self, users: Histories, kind: Similarity) -> Entities:
        """The users of histories, with what a similarity of this kind compares."""
        ones = binary(users, kind)
        if kind == "residual-cosine":
            return residual_entities(ones, self._residuals(users))
        if kind in COMPARE_RATINGS:
            return Entities(ones, self._ratings(users, kind))
        weighted = kind == "cosine" and users.weights is not None
        return Entities(ones, weights=users.matrix("weight") if weighted else None)

    @derived_from("histories_", "item_means_", "item_bias_", "mean_")
    def _trained(self) -> Entities:
        return self._entities(self.histories_, self.similarity)

    @derived_from("histories_", "item_means_", "item_bias_", "mean_")
    def _trained_for_ratings(self) -> Entities:
        return self._entities(self.histories_, self.rating_kind)

    def _ratings(self, users: Histories, kind: Similarity) -> Csr:
        """csr[n_users, n_items], ratings as a similarity of them compares them."""
        if users.ratings is None:
            matrix = users.matrix("seen")
            if kind in CENTRED:
                matrix.data[:] = 1e-12
            return matrix
        matrix = users.matrix("rating")
        if kind == "adjusted-cosine":
            matrix.data -= self.item_means_[matrix.indices]
        elif kind in CENTRED:
            matrix.data -= np.float32(self.mean_)
        return matrix

    def _near(self, users: Histories) -> Csr:
        """csr[n_users, n_training_users], similarities of each user's nearest neighbours."""
        return nearest(
            self._entities(users, self.similarity),
            self._trained,
            users.users,
            self.similarity,
            self.shrinkage,
            self.min_common,
            self.neighbours,
            threads=1,  # blocks of users are shared out among threads
        )

    def _scores(self, users: Histories) -> Float32:
        near = self._near(users)
        weight = (near @ self.interactions_).toarray()
        if not self.of_ratings:
            return np.asarray(weight)
        total = (near @ self.residuals_).toarray()
        base = self._baseline(users)[:, None] + self.item_bias_
        shift = np.divide(
            total, weight + self.damping, out=np.zeros_like(total), where=weight > NEGLIGIBLE
        )
        return np.asarray(base + shift)

    def neighbour_contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item.

        What a neighbour adds is divided among the events in common as these make up the
        similarity. With a similarity of centred ratings the rows sum to the score less the biases.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        near = self._near(user)
        if not near.nnz:
            return np.zeros((len(items), user.n_events), np.float32)
        neighbours, alike = near.indices.astype(np.int64), near.data.astype(np.float64)
        given: Csr = (self.residuals_ if self.of_ratings else self.interactions_)[neighbours]
        added = given[:, items].toarray().T * alike
        if self.of_ratings:
            weight = self.interactions_[neighbours][:, items].toarray().T @ alike
            known = weight[:, None] > NEGLIGIBLE
            added = np.divide(
                added, weight[:, None] + self.damping, out=np.zeros_like(added), where=known
            )
        shares = shares_of_common(
            self._entities(user, self.similarity),
            self._trained.take(neighbours),
            self.similarity,
            user.items,
        )
        # Of several events with one item each has its weight, or the last one has it all.
        weights = self._event_weights(user).astype(np.float64)
        total = np.bincount(user.items, weights, user.n_items)[user.items]
        of_item = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
        return np.asarray(added @ (shares * of_item), np.float32)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings."""
        base = self._baseline(rows.histories)[rows.history]
        base = base + of_items(self.item_bias_, rows.items, 0.0)
        if not hasattr(self, "residuals_"):
            return base
        known = np.flatnonzero(rows.items >= 0)
        kind, trained = self.rating_kind, self._trained_for_ratings
        if rows.histories.ratings is None:  # only what they have can be compared
            kind, trained = self.similarity, self._trained
        base[known] += mean_residuals_of_neighbours(
            self._entities(rows.histories, kind),
            trained,
            rows.histories.users,
            kind,
            self.shrinkage,
            self.min_common,
            self.neighbours,
            self.damping,
            self._residuals_by_item,
            rows.items[known],
            rows.history[known],
        )
        return base

    @derived_from("residuals_")
    def _residuals_by_item(self) -> Csr:
        found: Csr = self.residuals_.T.tocsr()
        return found
