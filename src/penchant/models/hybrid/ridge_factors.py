"""Vectors of users and items that are ridge regressions, given those of the other side."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Interaction, Rating, Target
from penchant.errors import DataError, ParameterError
from penchant.models.base import Recommender, Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.parameters import AnyTarget, Space
from penchant.models.shared.biases import of_items
from penchant.models.shared.one_user import require_one_user
from penchant.nn.ridge_systems import RidgeRows
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Csr, Float32, Int32

INTERACTION: Target = Interaction()
_L2 = {False: 20.0, True: 0.01}  # by whether interactions are learned
_LARGEST = 1e6  # rating, beyond which single precision solves nothing
_BIAS_L2 = 10.0  # of deviations of users and of items, in ratings
_UNOBSERVED = 7.0  # weight of all pairs without an event, in events, as in implicit ALS


class RidgeFactors(Recommender):
    """Predicts the product of a user's and an item's vector, and solves a user's for any history.

    A row is a vector and, where ratings are learned, a deviation from the mean in a unit in which
    `l2` shrinks it as `_BIAS_L2` would shrink the deviation itself.

    Attributes:
        target: `interaction`, which makes lists of items, or `rating`, which predicts ratings and
            makes lists by these: of items that few know as well as of those that many do.
        dim: length of the vectors.
        l2: strength of regularisation; None is 20 for ratings and .01 for interactions, where it
            grows with the number of events and `unobserved` pairs.
        unobserved: weight of a pair without an event, where interactions are learned; None is 7
            times the share of pairs with one.
    """

    target: AnyTarget = INTERACTION
    dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    l2: Annotated[float | None, Field(gt=0), Space(1e-3, 50, log=True)] = None
    unobserved: Annotated[float | None, Field(gt=0), Space(0.001, 1, log=True)] = None

    signal: ClassVar[Signal] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "mean_": plain(float),
        "low_": plain(float, infinite=True),
        "high_": plain(float, infinite=True),
        "l2_": plain(float),
        "unobserved_": plain(float),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.target, Rating | Interaction):
            raise ParameterError(
                f"The target is rating or interaction, not {self.target}: for likes use "
                "target=interaction and say which events are positive."
            )

    @property
    def learns_interactions(self) -> bool:
        """Whether the target is an event, whatever its rating."""
        return isinstance(self.target, Interaction)

    @property
    def uses_weights(self) -> bool:
        """Whether they are the confidence of events."""
        return self.learns_interactions

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users]; events without ratings say nothing where ratings are learned."""
        if not self.learns_interactions and users.ratings is None:
            return np.zeros(len(users), np.bool_)
        return super().has_evidence(users)

    # What is learned from

    def _fit_scale(self, train: Dataset) -> Csr:
        """Store what does not depend on vectors, and give the entries of the training events."""
        self.l2_ = self.l2 or _L2[self.learns_interactions]
        self.mean_, self.low_, self.high_, self.unobserved_ = 0.0, -np.inf, np.inf, 0.0
        if not self.learns_interactions:
            if not train.has_ratings:
                raise DataError(
                    f"The target rating needs ratings, and the log {train.name!r} has none: use "
                    "target=interaction."
                )
            if float(np.abs(train.ratings).max()) > _LARGEST:
                raise DataError(
                    f"The ratings of the log {train.name!r} are too large for "
                    f"{type(self).__name__}: divide them, or leave out what is no rating."
                )
            self.mean_ = float(train.ratings.mean(dtype=np.float64))
            self.low_, self.high_ = train.rating_range or (-np.inf, np.inf)
            return self._entries(train.histories)
        entries = self._entries(train.histories)
        density = entries.nnz / (train.n_users * train.n_items)
        self.unobserved_ = self.unobserved or min(1.0, _UNOBSERVED * density)
        return entries

    def _entries(self, users: Histories) -> Csr:
        """csr[n_users, n_items]: weights of events, or how far ratings lie above the mean."""
        if self.learns_interactions:
            return users.matrix("weight")
        if users.ratings is None:
            nothing = users.matrix("seen")
            nothing.data[:] = 0
            nothing.eliminate_zeros()
            return nothing
        rated = users.matrix("rating")
        rated.data = rated.data - np.float32(self.mean_)
        return rated

    @property
    def _row_length(self) -> int:
        return self.dim + (not self.learns_interactions)

    @property
    def bias_unit(self) -> np.float32:
        """The unit of a row's last number, in ratings."""
        return np.float32((self.l2_ / _BIAS_L2) ** 0.5)

    def _systems(
        self, entries: Csr, rows: Tensor, *, coupling: float = 1.0, gram: Tensor | None = None
    ) -> RidgeRows:
        """The ridge regressions of one side's rows, given the other's.

        Args:
            entries: csr[n, n_other].
            rows: float32[n_other, row length], the other side's.
            coupling: by what regularisation is multiplied.
            gram: the products of the columns of `rows`, where they are at hand.
        """
        counts = np.diff(entries.indptr)
        ones = np.ones(entries.nnz, np.float32)
        if self.learns_interactions:
            gram = self.unobserved_ * (rows.T @ rows if gram is None else gram)
            strength = coupling * self.l2_ * (counts + self.unobserved_ * len(rows))
            return RidgeRows(entries, ones, rows, gram, strength.astype(np.float32))
        vectors = rows.clone()
        vectors[:, -1] = float(self.bias_unit)
        deviations = rows[:, -1].numpy() * self.bias_unit
        targets = (entries.data - deviations[entries.indices]).astype(np.float32)
        unweighted: Csr = sparse.csr_array(
            (ones, entries.indices, entries.indptr), shape=entries.shape
        )
        ridge = np.full(len(counts), coupling * self.l2_, dtype=np.float32)
        nothing = torch.zeros(vectors.shape[1], vectors.shape[1])
        return RidgeRows(unweighted, targets, vectors, nothing, ridge)

    def _keep_items(self, rows: Tensor) -> None:
        found = rows.numpy()
        self.item_vectors_: Float32 = found[:, : self.dim].copy()
        self.item_bias_: Float32 = np.zeros(len(found), np.float32)
        if not self.learns_interactions:
            self.item_bias_ = found[:, -1] * self.bias_unit

    # Predicting

    @derived_from("item_vectors_", "item_bias_")
    def _item_rows(self) -> Tensor:
        """float32[n_items, row length]."""
        vectors = torch.from_numpy(self.item_vectors_)
        if self.learns_interactions:
            return vectors
        return torch.cat([vectors, torch.from_numpy(self.item_bias_ / self.bias_unit)[:, None]], 1)

    @derived_from("item_vectors_")
    def _item_products(self) -> Tensor:
        """float32[dim, dim]."""
        vectors = torch.from_numpy(self.item_vectors_)
        return vectors.T @ vectors

    def _systems_of(self, users: Histories) -> RidgeRows:
        return self._systems(self._entries(users), self._item_rows, gram=self._item_products)

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and deviation."""
        rows = self._systems_of(users).solutions().numpy()
        if self.learns_interactions:
            return rows, np.zeros(len(rows), np.float32)
        return rows[:, : self.dim], rows[:, -1] * self.bias_unit

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], solved for each history."""
        return self.user_rows(users)[0].copy()

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        vectors: Float32 = self.item_vectors_
        return vectors

    def _scores(self, users: Histories) -> Float32:
        vectors, bias = self.user_rows(users)
        scores: Float32 = vectors @ self.item_vectors_.T
        scores += (bias + np.float32(self.mean_))[:, None]
        scores += self.item_bias_
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions within the range of the log's ratings, or from 0 to 1."""
        vectors, bias = self.user_rows(rows.histories)
        known = rows.items >= 0
        items = self.item_vectors_[np.where(known, rows.items, 0)]
        found = np.einsum("nd,nd->n", vectors[rows.history], items) * known
        found += bias[rows.history] + of_items(self.item_bias_, rows.items, 0.0)
        low, high = (0, 1) if self.learns_interactions else (self.low_, self.high_)
        found = np.clip(found + np.float32(self.mean_), np.float32(low), np.float32(high))
        return np.asarray(found, np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], each event's part of the score (Hu et al. 2008, eq. 7).

        The parts leave out the mean and the item's own deviation.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        found = np.zeros((len(items), user.n_events), np.float32)
        systems = self._systems_of(user)
        for _, system, _ in systems.batches():
            entries, vectors = systems.entries, systems.vectors.double()
            if self.learns_interactions:
                pulls = user.event_weights
            else:
                pulls = systems.targets[np.searchsorted(entries.indices, user.items)]
                pulls = pulls * user.is_latest
            own = torch.from_numpy(user.items.astype(np.int64))
            solved = torch.linalg.solve(system[0].double(), vectors[own].T)
            parts = vectors[items] @ solved
            found += (parts.numpy() * pulls).astype(np.float32)
        return found
