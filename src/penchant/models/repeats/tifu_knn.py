"""TIFU-KNN: personalised item frequencies, one's own and those of similar users."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.parameters import Space
from penchant.models.shared.basket_events import basket_ages, counted_once, weighted_items
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.sparse_rows import Factor, product
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Csr, Float32, Int32


class TIFUKNN(Refitting):
    """A user's own frequencies of items, decayed by basket, and those of the nearest users.

    Hu et al., "Modeling Personalized Item Frequency Information for Next-basket Recommendation"
    (2020). A user's baskets are divided into groups of `group_size`, the oldest of which may be
    smaller. Within a group a basket counts `within_decay` for each later one, and the mean over
    the baskets is the group's vector; groups count `group_decay` for each later one, and their
    mean is the user's vector (eq. 1 and 2). The score is `own_share` times that and
    1 - `own_share` times the mean vector of the `neighbours` nearest training users by Euclidean
    distance (eq. 3 and 4; the paper's alpha is `own_share`).

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        neighbours: how many of the nearest users count; None takes a tenth of those who have
            events, 300 at most.
        within_decay: what a basket counts beside the one after it in its group.
        group_decay: what a group counts beside the one after it.
        group_size: baskets in a group.
        own_share: the share of a user's own vector.
    """

    neighbours: Annotated[int, Field(gt=0), Space(10, 1500, log=True)] | None = None
    within_decay: Annotated[float, Field(gt=0, le=1), Space(0.5, 1)] = 0.95
    group_decay: Annotated[float, Field(gt=0, le=1), Space(0.3, 1)] = 0.6
    group_size: Annotated[int, Field(gt=0), Space(2, 20, log=True)] = 3
    own_share: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.5

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 100.0
    fitted_attributes: ClassVar[Declarations] = {"frequencies_": sparse_matrix("users", "items")}

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that neither the user nor a neighbour has had."""
        return 0.0

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.frequencies_ = self._frequencies(train.histories)

    def _frequencies(self, users: Histories) -> Csr:
        """csr[n_users, n_items], the users' vectors."""
        return weighted_items(users, self._event_weights(users))

    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event adds to its item's place in the user's vector."""
        ages = basket_ages(users)
        n_baskets = np.zeros(len(users), np.int64)
        np.maximum.at(n_baskets, users.rows, ages + 1)
        n_groups = -(-n_baskets // self.group_size)
        group, place = np.divmod(ages, self.group_size)
        oldest = n_baskets - self.group_size * (n_groups - 1)
        size = np.where(group == n_groups[users.rows] - 1, oldest[users.rows], self.group_size)
        weights = np.power(self.within_decay, place.astype(np.float64))
        weights *= np.power(self.group_decay, group.astype(np.float64))
        weights /= size * n_groups[users.rows]
        return counted_once(users, weights)

    @derived_from("frequencies_")
    def _training_users(self) -> Factor:
        active = np.flatnonzero(np.diff(self.frequencies_.indptr))
        return Factor(self.frequencies_[active])

    @derived_from("frequencies_")
    def _squares(self) -> Float32:
        matrix = self._training_users.matrix
        return np.asarray(matrix.multiply(matrix).sum(axis=1), np.float32).ravel()

    def _scores(self, users: Histories) -> Float32:
        own = self._frequencies(users)
        near = self._nearest(users, own)
        of_others = product(near, Factor(self._training_users.transposed))
        return np.asarray(
            self.own_share * own.toarray() + (1 - self.own_share) * of_others, np.float32
        )

    def neighbour_contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item.

        An event adds its weight to the score of its own item. What a neighbour adds is divided
        among the items in common, as their weights in both vectors, and falls away where nothing
        is in common.
        """
        require_one_user(user)
        weights = self._event_weights(user).astype(np.float32)
        near = self._nearest(user, weighted_items(user, weights))
        neighbours = self._training_users.matrix[near.indices]
        common = neighbours[:, user.items].toarray() * weights
        total = common.sum(axis=1, keepdims=True)
        shares = np.divide(common, total, out=np.zeros_like(common), where=total > 0)
        of_others = (neighbours[:, items].toarray() * near.data[:, None]).T @ shares
        own = (items[:, None] == user.items) * weights
        return np.asarray(self.own_share * own + (1 - self.own_share) * of_others, np.float32)

    def _nearest(self, users: Histories, own: Csr) -> Csr:
        """csr[n_users, n_active], 1 / k for each of a user's k nearest active users."""
        active = np.flatnonzero(np.diff(self.frequencies_.indptr))
        distance = self._squares - 2 * product(own, self._training_users)
        place = np.searchsorted(active, users.users)
        place[place == len(active)] = 0
        mine = np.flatnonzero((users.users >= 0) & (active[place] == users.users))
        distance[mine, place[mine]] = np.inf  # nobody is their own neighbour
        k = self.neighbours or min(300, max(1, len(active) // 10))
        k = min(k, len(active))
        found = torch.topk(torch.from_numpy(distance), k, largest=False, sorted=False)
        columns, finite = found.indices.numpy(), np.isfinite(found.values.numpy())
        rows = np.broadcast_to(np.arange(len(users))[:, None], columns.shape)
        weights = (finite / np.maximum(finite.sum(axis=1, keepdims=True), 1)).astype(np.float32)
        matrix: Csr = sparse.csr_array(
            (weights[finite], (rows[finite], columns[finite])), shape=(len(users), len(active))
        )
        return matrix
