"""Ratings less the offsets of users and items, which a network then explains."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveFloat

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.shared.biases import fit_biases, user_biases
from penchant.models.shared.updating import Updating
from penchant.typing import Csr, Float32

OFFSET_L2 = 5.0  # shrinkage of users' and items' deviations from the mean


class RatingResiduals(Updating):
    """A recommender that learns standardised residuals of ratings.

    Attributes:
        offsets: what is taken from ratings: the mean of all of them, or that with the user's and
            the item's deviations.
    """

    offsets: Literal["mean", "biases"] = "biases"

    fitted_attributes: ClassVar[Declarations] = {
        "mean_": plain(float),
        "offset_": floats("items"),
        "spread_": plain(PositiveFloat),
        "low_": plain(float, infinite=True),
        "high_": plain(float, infinite=True),
    }

    def _fit_offsets(self, train: Dataset) -> None:
        self.mean_, self.offset_ = fit_biases(train, OFFSET_L2, OFFSET_L2)
        if self.offsets == "mean":
            self.offset_ = np.zeros_like(self.offset_)
        self.spread_ = float(train.ratings.std(dtype=np.float64)) or 1.0
        self.low_, self.high_ = train.rating_range or (-np.inf, np.inf)

    def _update_offsets(self, new: Dataset, known: Histories) -> None:
        """Fit the deviations of items with new ratings to all their ratings.

        Mean and spread stay, because weights are on their scale; so do deviations of other items.
        """
        self.low_ = min(self.low_, float(new.ratings.min()))
        self.high_ = max(self.high_, float(new.ratings.max()))
        if self.offsets == "mean" or known.ratings is None:
            return
        rest = known.ratings - self._user_offsets(known)[known.rows]
        total = np.bincount(known.items, rest, known.n_items)
        fitted = total / (np.bincount(known.items, minlength=known.n_items) + OFFSET_L2)
        self.offset_ = np.where(new.item_counts > 0, fitted, self.offset_).astype(np.float32)

    def _user_offsets(self, users: Histories) -> Float32:
        """float32[n_users], the mean and how far the user is above it."""
        if self.offsets == "mean":
            return np.full(len(users), self.mean_, np.float32)
        return np.float32(self.mean_) + user_biases(users, self.mean_, self.offset_, OFFSET_L2)

    def _residuals(self, users: Histories) -> Csr:
        """csr[n_users, n_items], ratings less offsets, standardised; empty without ratings."""
        if users.ratings is None:
            nothing = users.matrix("seen")
            nothing.data[:] = 0
            nothing.eliminate_zeros()
            return nothing
        rated = users.matrix("rating")
        rows = np.repeat(np.arange(len(users)), np.diff(rated.indptr))
        rated.data = rated.data - self._user_offsets(users)[rows] - self.offset_[rated.indices]
        rated.data /= np.float32(self.spread_)
        return rated
