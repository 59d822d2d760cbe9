"""Ratings from hidden units of items and an output unit for each user."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.autoencoders.residuals import RatingResiduals
from penchant.models.fitted_attributes import Declarations, floats, plain, signatures
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import of_items
from penchant.models.shared.trained_rows import declared_rows
from penchant.nn.autoencoder.ridge_fold_in import fold_in
from penchant.nn.autoencoder.sparse_batches import SparseBatch, batch_at_pairs
from penchant.typing import AnyInt, Csr, Float32, Int32, Int64

# Shrinkage of the biases of output units that are fitted to a history: stronger where offsets
# have taken most of it away.
BIAS_L2 = {"mean": 5.0, "biases": 20.0}
LEAST_L2 = 1e-3  # of units that are fitted to a history, so that there is one solution
_ROWS_AT_ONCE = 20_000


class _Fitted:
    """Types of what is learned, which are no hyper-parameters.

    Attributes:
        unit_of_user_: int32[n_users], which output unit is whose; -1 for users without one.
    """

    unit_of_user_: Int32


class UserUnits(_Fitted, PredictsRatings, RatingResiduals):
    """Offsets, and the dot product of an item's hidden units and the output unit of a user.

    The network sees an item's ratings by all users of the log, and has an output unit for each of
    them. A new user has no place in it; the hidden units of the items stay as they are, and the
    user's output unit is fitted to the history by ridge regression, as it is where a history has
    changed.
    """

    fitted_attributes: ClassVar[Declarations] = {
        "item_vectors_": floats("items", "n_hidden"),
        "item_bias_": floats("items"),
        "centre_": floats("n_hidden", optional=True),
        "mean_unit_": floats("n_hidden", optional=True),
        "mean_unit_bias_": plain(float, optional=True),
        "user_units_": floats("n_units", "n_hidden", optional=True),
        "user_unit_bias_": floats("n_units", optional=True),
        "signatures_": signatures(optional=True),
        "unit_of_user_": declared_rows("n_units"),
    }
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_", "unit_of_user_"})

    @property
    @abstractmethod
    def unit_l2(self) -> float:
        """Weight of an output unit's squares beside the sum of squared errors."""

    @property
    def _users_with_units(self) -> Int64:
        """int64[n_units], indices of users."""
        return np.flatnonzero(self.unit_of_user_ >= 0)

    def _validation_loss(
        self,
        holdout: Holdout,
        users: AnyInt,
        shape: tuple[int, int],
        outputs: Callable[[SparseBatch], Tensor],
        *,
        by_user: bool = False,
    ) -> Callable[[], float] | None:
        """The RMSE of held-out ratings of users and items of the log, if there are any.

        Args:
            holdout: the held-out ratings.
            users: int[n_rows], where each row's user stands in the network, or -1.
            shape: of the vectors that the network sees.
            outputs: what it says at the entries of a batch of that shape.
            by_user: whether vectors are of users, and not of items.
        """
        assert holdout.ratings is not None  # a part of the same log as training
        known = np.flatnonzero((users >= 0) & (holdout.items >= 0))
        if not len(known):
            return None
        user, item = users[known], holdout.items[known]
        base = self._user_offsets(holdout.histories)[holdout.rows.history[known]]
        base += self.offset_[item]
        row, column = (user, item) if by_user else (item, user)
        wanted, order = batch_at_pairs(row, column, shape)
        offset, truth = (torch.from_numpy(x[order]) for x in (base, holdout.ratings[known]))

        def loss() -> float:
            found = (outputs(wanted) * self.spread_ + offset).clamp(self.low_, self.high_)
            return float((found - truth).square().mean().sqrt())

        return loss

    def _keep_units(
        self, hidden: Float32, units: Float32, bias: Float32, vectors: Csr, users: Histories
    ) -> None:
        """Store hidden units of items, and the units of all users fitted to them.

        Args:
            hidden: float32[n_items, n_hidden].
            units: float32[n_units, n_hidden], as trained.
            bias: float32[n_units].
            vectors: csr[n_items, n_units], what the network was trained on.
            users: the histories.
        """
        weight = np.diff(vectors.indptr).astype(np.float32)
        count = np.bincount(vectors.indices, minlength=vectors.shape[1])
        # Around their mean, so that a ridge on units does not let a few ratings move all items.
        self.centre_ = weight @ hidden / weight.sum()
        self.item_vectors_, self.item_bias_ = hidden - self.centre_, self.offset_
        self.mean_unit_ = units[count > 0].mean(0)
        self.mean_unit_bias_ = float(bias[count > 0].mean() + self.mean_unit_ @ self.centre_)
        # The exact minimum, given the hidden units, which the last steps of training are near.
        some = users.take(self._users_with_units)
        self.user_units_, self.user_unit_bias_ = self._fitted(some)
        self.signatures_ = users.signatures

    # Predicting: offsets, and the dot product of a vector of the user's and one of the item's.

    def item_vectors(self) -> Float32:
        """float32[n_items, n_hidden], an item's hidden units, or its output unit."""
        found: Float32 = self.item_vectors_
        return found

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, n_hidden]; see `user_rows`."""
        return self.user_rows(users)[0]

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, n_hidden] and float32[n_users], each user's vector and bias.

        They are the stored ones where the history is that of training, and otherwise fitted to
        the history given. A history without ratings says nothing.
        """
        same = users.users >= 0
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        same[same] = self.unit_of_user_[users.users[same]] >= 0
        stored = self.unit_of_user_[users.users[same]]
        vectors = np.empty((len(users), self.item_vectors_.shape[1]), np.float32)
        bias = np.empty(len(users), np.float32)
        vectors[same], bias[same] = self.user_units_[stored], self.user_unit_bias_[stored]
        vectors[~same], bias[~same] = self._fitted(users.take(np.flatnonzero(~same)))
        return self._in_ratings(users, vectors, bias)

    def _in_ratings(
        self, users: Histories, vectors: Float32, bias: Float32
    ) -> tuple[Float32, Float32]:
        """Vectors and biases of standardised residuals as those of ratings."""
        spread = np.float32(self.spread_)
        return vectors * spread, bias * spread + self._user_offsets(users)

    def _fitted(self, users: Histories) -> tuple[Float32, Float32]:
        """Output units and their biases that minimise the objective over the histories.

        As in training, but that they are shrunk towards the mean of all users' units.
        """
        rated, l2 = self._residuals(users), max(self.unit_l2, LEAST_L2)
        items, index = np.unique(rated.indices, return_inverse=True)
        item_vectors = self.item_vectors_[items]
        expected = item_vectors @ self.mean_unit_ + np.float32(self.mean_unit_bias_)
        # A constant input of this size has the bias shrunk by its own strength instead of l2.
        constant = np.float32(np.sqrt(l2 / BIAS_L2[self.offsets]))
        shift = fold_in(
            rated.indptr.astype(np.int64),
            index,
            rated.data - expected[index],
            np.pad(item_vectors, ((0, 0), (0, 1)), constant_values=constant),
            l2,
        )
        bias = np.float32(self.mean_unit_bias_) + shift[:, -1] * constant
        return self.mean_unit_ + shift[:, :-1], bias

    def _scores(self, users: Histories) -> Float32:
        vectors, bias = self.user_rows(users)
        scores = (torch.from_numpy(vectors) @ torch.from_numpy(self.item_vectors_).T).numpy()
        scores += bias[:, None]
        scores += self.item_bias_
        return np.asarray(scores)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings within the range of the log's."""
        vectors, bias = self.user_rows(rows.histories)
        known = rows.items >= 0
        items = np.where(known, rows.items, 0)
        found = bias[rows.history] + of_items(self.item_bias_, rows.items, 0.0)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            left, right = vectors[rows.history[part]], self.item_vectors_[items[part]]
            found[part] += np.einsum("nd,nd->n", left, right) * known[part]
        return np.asarray(np.clip(found, np.float32(self.low_), np.float32(self.high_)), np.float32)
