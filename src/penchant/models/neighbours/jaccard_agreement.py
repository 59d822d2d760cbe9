"""Predict ratings from users who gave the same items the same ratings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Interaction, Rating, Target
from penchant.errors import ParameterError
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import (
    Declarations,
    floats,
    integers,
    plain,
    sparse_matrix,
)
from penchant.models.neighbours.similarity import entries
from penchant.models.parameters import AnyTarget
from penchant.models.shared.one_user import require_one_user
from penchant.run import Run
from penchant.typing import Csr, Float32, Float64, Int32, Int64

RATING: Target = Rating()
_CELLS = 2**21  # entries of a sparse product, or pairs of users, that stand in memory at once


class JaccardAgreement(Recommender):
    """The mean of an item's ratings, weighted by how often their users agree with this one.

    Two users are as similar as the number of items to which both gave the same rating, divided
    by the number of items that either has rated. Where nobody similar has rated the item, the
    prediction is the user's mean, and the mean of all ratings where the user has none. Who is
    similar follows from the ratings themselves, whatever the target; means are of targets. A
    user's own index is never a neighbour. Of an item rated more than once the last rating counts.

    Attributes:
        target: what is averaged: `rating`, `adjusted(5,1)` or `like>=4`.
    """

    target: AnyTarget = RATING

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    event_bytes: ClassVar[float] = 65.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset(
        {"values_", "keys_", "agreeing_", "targets_", "raters_", "n_rated_"}
    )
    fitted_attributes: ClassVar[Declarations] = {
        "values_": floats("n_values"),
        "keys_": integers("n_keys"),
        "agreeing_": sparse_matrix("n_keys", "users", dtype="float64"),
        "n_rated_": integers("users"),
        "targets_": sparse_matrix("users", "items"),
        "raters_": sparse_matrix("items", "users"),
        "mean_": plain(float),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.target, Interaction):
            raise ParameterError(
                "JaccardAgreement averages ratings, and an interaction has none: use the target "
                "rating, adjusted(5,1) or like>=4."
            )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        rated = train.histories.matrix("rating")
        self.values_ = np.unique(rated.data)
        keys = self._keys(rated)
        self.keys_ = np.unique(keys)  # what of all items and ratings there is
        self.agreeing_ = self._incidence(rated).T.tocsr()
        self.n_rated_ = np.diff(rated.indptr).astype(np.int64)
        rated.data = self.target.of_ratings(rated.data)
        self.targets_, self.raters_ = rated, rated.T.tocsr()
        self.mean_ = float(rated.data.mean(dtype=np.float64))

    def _keys(self, rated: Csr) -> Int64:
        """int64[n_entries], a number for the item and the rating; -1 for a rating never seen."""
        place = np.searchsorted(self.values_, rated.data).clip(0, len(self.values_) - 1)
        keys = rated.indices.astype(np.int64) * len(self.values_) + place
        return np.where(self.values_[place] == rated.data, keys, -1)

    def _incidence(self, rated: Csr) -> Csr:
        """csr[n_users, n_keys] of ones: who gave which item which rating, of those in training."""
        keys = self._keys(rated)
        place = np.searchsorted(self.keys_, keys).clip(0, len(self.keys_) - 1)
        there = self.keys_[place] == keys
        offsets = np.append(0, np.cumsum(there))[rated.indptr]
        shape = rated.shape[0], len(self.keys_)
        return sparse.csr_array((np.ones(offsets[-1]), place[there], offsets), shape=shape)

    # Who is similar

    def _similar(self, users: Histories) -> Csr:
        """csr[n_users, n_training_users], float64, with entries above 0 alone."""
        rated = users.matrix("rating")
        same = (self._incidence(rated) @ self.agreeing_).tocsr()
        row = np.repeat(np.arange(len(users)), np.diff(same.indptr))
        others = same.indices != users.users[row]
        same = sparse.csr_array(
            (same.data[others], (row[others], same.indices[others])), shape=same.shape
        )
        same.sort_indices()
        common = entries(_ones(rated) @ _ones(self.raters_), same)
        row = np.repeat(np.arange(len(users)), np.diff(same.indptr))
        union = np.diff(rated.indptr)[row] + self.n_rated_[same.indices] - common
        return sparse.csr_array((same.data / union, same.indices, same.indptr), shape=same.shape)

    def user_similarities(self, users: Histories) -> Float32:
        """float32[n_users, n_training_users], 0 where no rating is the same or it is one user."""
        if users.ratings is None:
            return np.zeros((len(users), len(self.histories_)), np.float32)
        return np.asarray(self._similar(users).toarray(), np.float32)

    def _blocks(self, users: Histories, cells: int = _CELLS) -> Iterator[tuple[int, int]]:
        """Start and stop of blocks of users whose similarities take a bounded amount of memory."""
        raters = np.append(0, np.cumsum(np.diff(self.raters_.indptr)[users.items]))
        products = raters[users.offsets]
        start = 0
        while start < len(users):
            stop = int(np.searchsorted(products, products[start] + cells, side="right")) - 1
            stop = min(max(stop, start + 1), len(users))
            yield start, stop
            start = stop

    def _means(self, users: Histories) -> Float64:
        """float64[n_users], each user's mean."""
        means = np.full(len(users), self.mean_)
        if users.ratings is None:
            return means
        rated = users.matrix("rating")
        row = np.repeat(np.arange(len(users)), np.diff(rated.indptr))
        truth = self.target.of_ratings(rated.data).astype(np.float64)
        total, count = np.bincount(row, truth, len(users)), np.diff(rated.indptr)
        np.divide(total, count, out=means, where=count > 0)
        return means

    # Predicting

    def _scores(self, users: Histories) -> Float32:
        scores = np.empty((len(users), users.n_items), np.float32)
        scores[:] = self._means(users)[:, None]
        if users.ratings is None:
            return scores
        targets, rated = self.targets_.astype(np.float64), _ones(self.targets_)
        for start, stop in self._blocks(users):
            similar = self._similar(users.block(start, stop))
            total, weight = (similar @ targets).tocsr(), (similar @ rated).tocsr()
            row = np.repeat(np.arange(start, stop), np.diff(weight.indptr))
            scores[row, weight.indices] = entries(total, weight) / weight.data
        return scores

    def removal_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], how scores fall without each event of the history.

        Those who gave the event's item the same rating count less without it. That they are a
        little more similar to the user for the other ones, since fewer items are rated, is left
        out, for it is much the same for all of them.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        falls = np.zeros((len(items), user.n_events), np.float32)
        if user.ratings is None or not user.n_events:
            return falls
        similar = self._similar(user)
        rated = user.matrix("rating")
        keys = self._keys(rated)
        place = np.searchsorted(self.keys_, keys).clip(0, len(self.keys_) - 1)
        there = np.flatnonzero(self.keys_[place] == keys)
        agreeing: Csr = self.agreeing_[place[there]]
        same = np.asarray(agreeing.sum(axis=0)).ravel()[similar.indices]
        per_item = np.zeros(agreeing.shape[1])  # what one item in common adds to similarities
        per_item[similar.indices] = similar.data / same
        agreeing = agreeing.multiply(per_item).tocsr()
        raters: Csr = self.raters_[items]
        ones = _ones(raters)
        total, weight = raters @ similar.T, ones @ similar.T
        total, weight = total.toarray().astype(np.float64), weight.toarray()
        left = weight - (ones @ agreeing.T).toarray()
        rest = total - (raters @ agreeing.T).toarray()
        nobody = left <= 1e-9 * weight
        without = np.divide(rest, left, out=np.zeros_like(rest), where=~nobody)
        without[nobody] = self._means(user)[0]
        before = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
        of_item = np.zeros((len(items), user.n_items), np.float32)
        of_item[:, rated.indices[there]] = np.where(weight > 0, before - without, 0)
        return np.where(user.is_latest, of_item[:, user.items], np.float32(0))

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions on the scale of the target."""
        users = rows.histories
        found = self._means(users)[rows.history]
        if users.ratings is None:
            return found.astype(np.float32)
        order = np.argsort(rows.history, kind="stable")
        order = order[rows.items[order] >= 0]
        history = rows.history[order]
        for start, stop in self._blocks(users):
            mine = order[np.searchsorted(history, start) : np.searchsorted(history, stop)]
            if not len(mine):
                continue
            asked, place = np.unique(rows.history[mine], return_inverse=True)
            similar = self._similar(users.take(asked))
            n_pairs = np.cumsum(np.diff(self.raters_.indptr)[rows.items[mine]])
            for part in np.split(np.arange(len(mine)), _cuts(n_pairs)):
                raters = self.raters_[rows.items[mine[part]]]
                weights = entries(similar, raters, place[part])
                row = np.repeat(np.arange(len(part)), np.diff(raters.indptr))
                total = np.bincount(row, weights * raters.data, len(part))
                weight = np.bincount(row, weights, len(part))
                there = weight > 0
                found[mine[part[there]]] = total[there] / weight[there]
        return found.astype(np.float32)


def _ones(matrix: Csr) -> Csr:
    """The same entries, float64 ones."""
    ones = np.ones(matrix.nnz)
    return sparse.csr_array((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def _cuts(pairs: Int64) -> Int64:
    """int64, where to cut rows so that no part has many more than `_CELLS` pairs."""
    return np.flatnonzero(np.diff(pairs // _CELLS)) + 1
