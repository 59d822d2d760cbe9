"""What SVD++ and asymmetric SVD share: training, and predictions from a vector of the history."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveFloat
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.biases import fit_biases, of_items, user_biases
from penchant.nn.history_factors import HistoryFactors, HistoryFactorsStep, UserRatings
from penchant.nn.loop import Schedule
from penchant.nn.loop import train as train_network
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Csr, Float32

_SCALE = 0.1  # expected length of an initial vector
_USERS = 1024  # at once


class HistoryFactorModel(PredictsRatings, Recommender):
    """Ratings as the product of an item's vector and one that is made of the user's history.

    All is learned on ratings less their mean, over their standard deviation.

    Attributes:
        dim: length of the vectors.
        l2: weight of the squares of an item's and a user's vector, for each rating.
        l2_bias: shrinkage of biases, those of baselines included: the ratings at which they
            count half.
        l2_history: weight of the mean of the squares of the history's vectors, for each rating;
            larger for short histories, see `nn.history_factors.SHORT`.
        learning_rate: of stochastic gradient descent.
        epochs: the most passes over the ratings.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 64
    l2: Annotated[float, Field(ge=0), Space(1e-3, 0.2, log=True)] = 0.05
    l2_bias: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0
    l2_history: Annotated[float, Field(ge=0), Space(0.01, 2, log=True)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-3, 0.05, log=True)] = 0.01
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    signal: ClassVar[Signal] = "ratings"
    needs_ratings: ClassVar[bool] = True
    block_cells: ClassVar[int] = CACHED_CELLS
    event_bytes: ClassVar[float] = 60.0
    own: ClassVar[bool]  # whether users have rows of their own
    explicit: ClassVar[bool]  # whether the ratings of the history count
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "mean_": plain(float),
        "spread_": plain(PositiveFloat),
        "low_": plain(float),
        "high_": plain(float),
        "base_bias_": floats("items"),
        "item_bias_": floats("items"),
        "item_vectors_": floats("items", "dim"),
        "implicit_vectors_": floats("items", "dim"),
    }

    @abstractmethod
    def _keep(self, network: HistoryFactors, train: Dataset) -> None:
        """Store what predicting needs beyond what is common."""

    @abstractmethod
    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias."""

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        self.mean_, bias = fit_biases(train, self.l2_bias, self.l2_bias)
        self.spread_ = float(train.ratings.std(dtype=np.float64)) or 1.0
        self.low_, self.high_ = float(train.ratings.min()), float(train.ratings.max())
        # float32[n_items], the deviations that baselines are made of.
        self.base_bias_: Float32 = bias / np.float32(self.spread_)
        network = HistoryFactors(
            self.base_bias_,
            self._user_biases(train.histories),
            torch.from_numpy(train.item_counts > 0),
            self.dim,
            _SCALE / self.dim**0.5,
            generator,
        )
        targets = train.histories.matrix("rating")
        targets.data = (targets.data - np.float32(self.mean_)) / np.float32(self.spread_)
        ratings = UserRatings.of(targets, self._residuals(train.histories), generator)
        self.curve_, self.best_epoch_ = train_network(
            network,
            HistoryFactorsStep(
                network,
                ratings,
                learning_rate=self.learning_rate,
                l2=self.l2,
                l2_bias=self.l2_bias,
                l2_history=self.l2_history,
                own=self.own,
                explicit=self.explicit,
            ),
            (torch.from_numpy(np.flatnonzero(train.user_counts)),),
            Schedule(
                epochs=self.epochs,
                batch_size=_USERS,
                patience=self.patience,
                min_delta=self.min_delta,
            ),
            generator=generator,
            validate=self._validation(network, validation) if validation is not None else None,
            run=run,
            name=type(self).__name__,
        )
        self.item_bias_ = network.item_bias.numpy().copy()
        self.item_vectors_ = network.items.numpy().copy()
        self.implicit_vectors_ = network.implicit.numpy().copy()
        self._keep(network, train)

    def _validation(self, network: HistoryFactors, holdout: Holdout) -> Callable[[], float] | None:
        """The RMSE of held-out ratings of users and items of the log, if there are any."""
        known = np.flatnonzero((holdout.rows.users >= 0) & (holdout.items >= 0))
        if holdout.ratings is None or not len(known):
            return None
        users, row = holdout.histories, holdout.rows.history[known]
        user, item = holdout.rows.users[known], holdout.items[known]
        implicit, explicit = self._weights(users)
        truth = holdout.ratings[known]

        def loss() -> float:
            vectors = implicit @ network.implicit.numpy()
            bias = network.user_bias.numpy()[user]
            if self.explicit:
                vectors += explicit @ network.explicit.numpy()
            if self.own:
                vectors += network.users.numpy()[users.users]
            found = np.einsum("nd,nd->n", vectors[row], network.items.numpy()[item])
            found += bias + network.item_bias.numpy()[item]
            return float(np.sqrt(np.square(self._as_ratings(found) - truth).mean()))

        return loss

    # What histories say

    def _user_biases(self, users: Histories) -> Float32:
        """float32[n_users], each user's deviation from the baselines of the history's items."""
        spread = np.float32(self.spread_)
        return user_biases(users, self.mean_, self.base_bias_ * spread, self.l2_bias) / spread

    def _residuals(self, users: Histories) -> Csr:
        """csr[n_users, n_items], ratings less their baselines; zeros where there are no ratings."""
        if users.ratings is None:
            found = users.matrix("seen")
            found.data[:] = 0
            return found
        found = users.matrix("rating")
        rows = np.repeat(np.arange(len(users)), np.diff(found.indptr))
        found.data = (found.data - np.float32(self.mean_)) / np.float32(self.spread_)
        found.data -= self.base_bias_[found.indices] + self._user_biases(users)[rows]
        return found

    def _weights(self, users: Histories) -> tuple[Csr, Csr]:
        """csr[n_users, n_items] both, by which implicit and explicit vectors are added up."""
        explicit = self._residuals(users)
        counts = np.diff(explicit.indptr)
        norm = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
        implicit = sparse.csr_array((norm, explicit.indices, explicit.indptr), explicit.shape)
        explicit.data = explicit.data * norm
        return implicit, explicit

    # Predicting

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], whether there is a history, which says something without ratings, too."""
        return np.asarray(users.lengths > 0)

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        return self.item_vectors_

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]; see `user_rows`."""
        return self.user_rows(users)[0]

    def _as_ratings(self, found: Float32) -> Float32:
        """In place: standardised predictions as ratings within the range of the log's."""
        found *= np.float32(self.spread_)
        found += np.float32(self.mean_)
        return np.clip(found, np.float32(self.low_), np.float32(self.high_), out=found)

    def _scores(self, users: Histories) -> Float32:
        vectors, bias = self.user_rows(users)
        scores: Float32 = vectors @ self.item_vectors_.T
        scores += self.item_bias_
        scores += bias[:, None]
        scores *= np.float32(self.spread_)
        scores += np.float32(self.mean_)
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predicted ratings within the range of the log's."""
        vectors, bias = self.user_rows(rows.histories)
        known = rows.items >= 0
        items = self.item_vectors_[np.where(known, rows.items, 0)]
        found = np.einsum("nd,nd->n", vectors[rows.history], items) * known
        found += of_items(self.item_bias_, rows.items, 0.0) + bias[rows.history]
        return self._as_ratings(np.asarray(found, np.float32))
