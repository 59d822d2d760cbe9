"""Item neighbours that know that items are taken again."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.neighbours.entities import Entities
from penchant.models.neighbours.nearest import neighbours
from penchant.models.parameters import Space
from penchant.models.shared.basket_events import decayed_baskets, weighted_items
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.sparse_rows import kept_bytes
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Float32, Int32


class RepeatItemKNN(Refitting):
    """Recommends what a user had, and what is similar to it: neighbours, and each item itself.

    The score of an item is the sum over the user's baskets of how similar it is to what they hold,
    each basket counting `basket_decay` for each later one. The similarity is the cosine of which
    users had two items, shrunk by n / (n + `shrinkage`) for n users in common, for the
    `neighbours` most similar items of each; to itself an item's is `repeat`.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        neighbours: similar items that count for each item of the history.
        shrinkage: users in common at which a similarity counts half.
        repeat: an item's similarity to itself; 0 for the usual item neighbours.
        basket_decay: what a basket counts beside the one after it.
    """

    neighbours: Annotated[int, Field(gt=0), Space(5, 500, log=True)] = 100
    shrinkage: Annotated[float, Field(ge=0), Space(0.1, 500, log=True)] = 10.0
    repeat: Annotated[float, Field(ge=0), Space(0.1, 100, log=True)] = 5.0
    basket_decay: Annotated[float, Field(gt=0, le=1), Space(0.5, 1)] = 0.9

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 36.0
    fitted_attributes: ClassVar[Declarations] = {"similar_": sparse_matrix("items", "items")}

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that nothing of the history is similar to."""
        return 0.0

    def _cost(self, train: Dataset) -> FittingCost:
        return FittingCost(memory=kept_bytes(self.neighbours, train.n_items))

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        by_item = train.histories.matrix().T.tocsr()
        self.similar_ = neighbours(
            Entities(by_item),
            "cosine",
            shrinkage=self.shrinkage,
            min_common=1,
            k=self.neighbours,
            threads=run.threads,
        )

    def _event_weights(self, users: Histories) -> Float32:
        return decayed_baskets(users, self.basket_decay)

    def _scores(self, users: Histories) -> Float32:
        own = weighted_items(users, self._event_weights(users))
        scores = (own @ self.similar_).toarray()
        return np.asarray(scores + np.float32(self.repeat) * own.toarray(), np.float32)

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item."""
        require_one_user(user)
        similar = self.similar_[user.items][:, items].toarray().T
        similar = similar + np.float32(self.repeat) * (items[:, None] == user.items)
        return np.asarray(similar * self._event_weights(user), np.float32)
