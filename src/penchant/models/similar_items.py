"""The part of a recommender that finds items alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.models.fitted_state import FittedState
from penchant.models.lists import cosines, list_table, report_nothing_alike, without_evidence
from penchant.models.protocols import ItemVectors
from penchant.topk import top_k
from penchant.typing import Float32


class SimilarItems(FittedState):
    """Items alike by the vectors of a model, or by what it scores for a history of one item."""

    @abstractmethod
    def scores(self, users: Histories) -> Float32:
        """float32[n_users, n_items], how much each item suits each user."""

    @property
    def no_evidence_score(self) -> float | None:
        """The score of items on which the model has no evidence; None where each has some."""
        return None

    def similar_items(
        self,
        items: Sequence[Id],
        k: int = 10,
        *,
        candidates: Sequence[Id] | pl.Series | None = None,
        titles: bool = False,
    ) -> pl.DataFrame:
        """The k items most like each of these, of all or of the candidates.

        A model with item vectors compares them by cosine; any other one is asked what suits a user
        whose history is that item. Items of which nothing is known are left out.

        Returns:
            A frame with `item`, `similar`, `rank` from 1, `similarity`, and `title` (of the
            similar item) where asked for.

        Raises:
            UnknownIdError: an item is not known to the model, or none of the candidates.
        """
        index, chosen = self.history(items).items, self.items_.selection(candidates)
        batch = Histories(
            users=np.full(len(index), -1, np.int32),
            offsets=np.arange(len(index) + 1, dtype=np.int64),
            items=index,
            ratings=None,
            times=None,
            n_items=len(self.items_),
            positive=self.histories_.positive,
        )
        lists, values = top_k(self._alike, batch, k, candidates=chosen)
        report_nothing_alike(self.items_.take(index[(lists < 0).all(axis=1)]))
        first = self.items_.take(index[np.nonzero(lists >= 0)[0]]).alias("item")
        table = list_table(first, "similar", lists, values, self.items_, titles, self.item_table_)
        return table.rename({"score": "similarity"})

    def _alike(self, one_item_each: Histories) -> Float32:
        """float32[n, n_items], how alike items are, -inf where nothing is known of that."""
        if not isinstance(self, ItemVectors):
            return without_evidence(self.scores(one_item_each), self.no_evidence_score)
        return without_evidence(cosines(self.item_vectors(), one_item_each.items), 0.0)
