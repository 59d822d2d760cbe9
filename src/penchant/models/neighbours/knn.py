"""Nearest neighbours among items and among users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.errors import DataError
from penchant.models.base import Signal, require_one_user
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats, plain, sparse_matrix
from penchant.models.neighbours.entities import (
    CENTRED,
    COMPARE_RATINGS,
    Entities,
    Similarity,
    item_entities,
)
from penchant.models.neighbours.mean_residuals import NEGLIGIBLE, mean_residuals
from penchant.models.neighbours.nearest import (
    mean_residuals_of_neighbours,
    nearest,
    neighbours,
)
from penchant.models.neighbours.similarity import shares_of_common, similarity
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import fit_biases, of_items, user_biases
from penchant.models.shared.sparse_rows import strongest_entries
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Bool, Csr, Float32, Int32

_EVENT = 24.0  # bytes of an event in two matrices, and while these are made
_NEIGHBOUR = 16.0  # bytes of a neighbour that is kept, twice while all are put together
_REMEDY = "drop rare items and users with a k-core"


class _Neighbours(PredictsRatings, Refitting):
    """What item and user neighbours share: similarities, biases, and ratings from neighbours.

    Attributes:
        similarity: `cosine` and `jaccard` compare who touched what; `correlation` compares whole
            columns of ratings, in which what is not rated is 0; `pearson` and `adjusted-cosine`
            compare the ratings of those who gave both.
        neighbours: how many of the nearest neighbours count.
        shrinkage: similarities are multiplied by n / (n + shrinkage), n being the events in
            common, so that few of them cannot make two strangers alike.
        min_common: the fewest events in common that make a similarity.
        l2: shrinkage of the user and item deviations that ratings are predicted from.
        damping: similarity that says 0 in the means of ratings, so that one hardly similar
            neighbour does not decide alone.
    """

    similarity: Similarity = "cosine"
    neighbours: Annotated[int, Field(gt=0), Space(5, 500, log=True)] = 100
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 500, log=True)] = 10.0
    min_common: Annotated[int, Field(ge=1)] = 1
    l2: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0
    damping: Annotated[float, Field(ge=0), Space(0.001, 10, log=True)] = 0.1

    signal: ClassVar[Signal] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
        "item_bias_": floats("items"),
    }

    @property
    def of_ratings(self) -> bool:
        """Whether rankings are by predicted rating."""
        return self.similarity in CENTRED

    @property
    def compares_ratings(self) -> bool:
        """Whether the similarity needs ratings."""
        return self.similarity in COMPARE_RATINGS

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items without a neighbour, unless ratings are predicted."""
        return None if self.of_ratings else 0.0

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], true where there is a history, with ratings where these are compared."""
        rated = users.ratings is not None or not self.of_ratings
        return super().has_evidence(users) & rated

    @property
    def learns_interactions(self) -> bool:
        """Whether the similarity takes no notice of ratings."""
        return not self.compares_ratings

    @property
    def uses_weights(self) -> bool:
        """Whether the cosine is of the weights; other similarities take no notice of them."""
        return self.similarity == "cosine"

    def _binary(self, users: Histories) -> Csr:
        """csr[n_users, n_items] of ones, where there are the events that similarities are of."""
        return users.matrix("seen" if self.compares_ratings else "interaction")

    def _interactions(self, users: Histories) -> Csr:
        """csr[n_users, n_items], the same with the weights of events where these are used."""
        return users.matrix("weight") if self.uses_weights else self._binary(users)

    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event adds to its entry of `_interactions`."""
        if self.uses_weights:
            return users.event_weights
        counts = users.is_latest if self.compares_ratings else users.is_latest & users.is_positive
        return counts.astype(np.float32)

    def _fit_biases(self, train: Dataset) -> None:
        if self.compares_ratings and not train.has_ratings:
            raise DataError(
                f"The similarity {self.similarity!r} compares ratings, and the log "
                f"{train.name!r} has none: use cosine or jaccard."
            )
        self.mean_, self.item_bias_ = 0.0, np.zeros(train.n_items, np.float32)
        if train.has_ratings:
            self.mean_, self.item_bias_ = fit_biases(train, self.l2, self.l2)

    def _baseline(self, users: Histories) -> Float32:
        """float32[n_users], mean plus each user's deviation."""
        return np.float32(self.mean_) + user_biases(users, self.mean_, self.item_bias_, self.l2)

    def _residuals(self, users: Histories) -> Csr:
        """csr[n_users, n_items], ratings less what biases lead one to expect; never exactly 0."""
        rated = users.matrix("rating")
        rows = np.repeat(np.arange(len(users)), np.diff(rated.indptr))
        rated.data -= self._baseline(users)[rows] + self.item_bias_[rated.indices]
        rated.data[rated.data == 0] = 1e-12
        return rated


class ItemKNN(_Neighbours):
    """Recommends what is similar to the items of the history.

    With `cosine` or `jaccard`, the score of an item is the sum of its similarities to the items
    of the history that are among its `neighbours` nearest (Deshpande and Karypis 2004). Ratings
    are predicted as bias + sum s (r - bias) / (sum |s| + damping) over the `neighbours` most
    similar items that the user has rated (Koren 2008, eq. 3, without damping); with `pearson` and
    `adjusted-cosine` these predictions, over each item's nearest neighbours, also rank.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        neighbours_kept: how many similar items are stored for each item, of which those that a
            user has rated count.
    """

    neighbours_kept: Annotated[int, Field(gt=0)] = 500

    fitted_attributes: ClassVar[Declarations] = {
        "similar_": sparse_matrix("items", "items"),
        "near_": sparse_matrix("items", "items"),
    }

    def _cost(self, train: Dataset) -> FittingCost:
        kept = min(max(self.neighbours_kept, self.neighbours), train.n_items)
        return FittingCost(
            memory=_EVENT * len(train) + _NEIGHBOUR * kept * train.n_items,
            remedy=f"keep fewer neighbours (neighbours_kept={kept // 5 or 1}), or {_REMEDY}",
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._fit_biases(train)
        self.similar_ = neighbours(
            item_entities(train, self.similarity),
            self.similarity,
            shrinkage=self.shrinkage,
            min_common=self.min_common,
            k=max(self.neighbours_kept, self.neighbours),
            threads=run.threads,
        )
        self.near_ = strongest_entries(self.similar_, self.neighbours).T.tocsr()

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
        if rows.histories.ratings is None:
            return base
        residuals, known = self._residuals(rows.histories), np.flatnonzero(rows.items >= 0)
        base[known] += mean_residuals(
            self.similar_,
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


class UserKNN(_Neighbours):
    """Recommends what similar users have, or rated well.

    With `cosine` or `jaccard`, the score of an item is the sum of the similarities of those of
    the `neighbours` nearest users who have it. Ratings are predicted as
    bias + sum s (r - bias) / (sum |s| + damping) over the `neighbours` most similar users who
    rated the item (Herlocker et al. 1999, without damping); with `pearson` and `adjusted-cosine`
    these predictions, over the user's nearest neighbours, also rank. A user's own index is never
    a neighbour.

    `update` takes further events in: the model is then what a new fit to all events is.
    """

    bookkeeping: ClassVar[frozenset[str]] = frozenset({"interactions_", "residuals_"})
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
            self._entities(users),
            self._trained,
            self.similarity,
            self.shrinkage,
            self.min_common,
        )
        known = np.flatnonzero(users.users >= 0)
        alike[known, users.users[known]] = 0
        return alike

    def _entities(self, users: Histories) -> Entities:
        values = None
        if self.of_ratings:
            values = self._centred(users)
        elif self.compares_ratings:
            values = users.matrix("seen" if users.ratings is None else "rating")
        weighted = self.uses_weights and users.weights is not None
        weights = self._interactions(users) if weighted else None
        return Entities(self._binary(users), values, weights)

    @derived_from("histories_", "item_means_", "mean_")
    def _trained(self) -> Entities:
        return self._entities(self.histories_)

    def _centred(self, users: Histories) -> Csr:
        if users.ratings is None:
            matrix = users.matrix("seen")
            matrix.data[:] = 1e-12
            return matrix
        matrix = users.matrix("rating")
        if self.similarity == "adjusted-cosine":
            matrix.data -= self.item_means_[matrix.indices]
        else:
            matrix.data -= np.float32(self.mean_)
        return matrix

    def _near(self, users: Histories) -> Csr:
        """csr[n_users, n_training_users], similarities of each user's nearest neighbours."""
        return nearest(
            self._entities(users),
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
            self._entities(user), self._trained.take(neighbours), self.similarity, user.items
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
        base[known] += mean_residuals_of_neighbours(
            self._entities(rows.histories),
            self._trained,
            rows.histories.users,
            self.similarity,
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
