"""The items of a model: facts, search, what is alike, bought together, popular and new."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from penchant.association.together import Baskets
from penchant.data.vocabulary import Id
from penchant.errors import UnknownIdError
from penchant.models.base import Recommender
from penchant.rules import BoundRules
from penchant.serving.engine.person import index_of
from penchant.title_search import TitleSearch
from penchant.typing import Bool, Int32, Int64

_DAY = 86_400_000_000  # microseconds


class Catalogue:
    """What can be asked of a model's items, of which the rules leave those that may be shown.

    Attributes:
        model: the recommender.
        ids: of the items, by index.
        titles: of the items, or their ids.
        rules: what all lists of items keep, if anything; it may be replaced at any time.
    """

    def __init__(self, model: Recommender) -> None:
        self.model = model
        self.ids: list[Id] = model.items_.ids.to_list()
        self.titles: list[str] = model.item_titles.of(np.arange(len(self.ids)))
        self.rules: BoundRules | None = None
        self._search = TitleSearch(self.titles, model.histories_.popularity)

    @property
    def n_items(self) -> int:
        """How many items the model knows."""
        return len(self.ids)

    def item(self, text: str) -> int:
        """The index of the item with this id.

        Raises:
            UnknownIdError: the model does not know it.
        """
        index = index_of(self.model.items_, text)
        if index < 0:
            raise UnknownIdError(f"The model does not know the item {text!r}.")
        return index

    def facts(self, index: int) -> dict[str, Any]:
        """What the log's table says of an item, as plain values."""
        table = self.model.item_table_
        row: dict[str, Any] = {} if table is None else table.row(index, named=True)
        row = {name: value for name, value in row.items() if value is not None}
        return row | {"item": self.ids[index], "title": self.titles[index]}

    def find(self, query: str, k: int) -> list[int]:
        """The items whose titles have all words of a query, the best fit first."""
        return self._search.find(query, k, self._allowed)

    def popular(self, k: int, days: float | None = None) -> list[tuple[int, float]]:
        """The items with the most events, or with the most in the last days of the log.

        Returns:
            Indices and counts, of items that have any.
        """
        histories = self.model.histories_
        counts = histories.popularity
        if days is not None and histories.times is not None and histories.n_events:
            latest = histories.times >= histories.times.max() - days * _DAY
            some = histories.items[latest & histories.is_positive]
            counts = np.bincount(some, minlength=self.n_items).astype(np.float32)
        order = np.lexsort((self._popularity_order, -counts))
        chosen = self._shown(order[counts[order] > 0], k)
        return [(int(i), float(counts[i])) for i in chosen]

    def latest(self, k: int) -> list[tuple[int, int]]:
        """The items that came into the log last.

        Returns:
            Indices, and when they were had first in microseconds since 1970.

        Raises:
            UnknownIdError: the log has no times.
        """
        first = self._first_times
        if first is None:
            raise UnknownIdError("The log of this model has no times, so no item is the latest.")
        order = np.lexsort((self._popularity_order, -first))
        chosen = self._shown(order[first[order] < np.iinfo(np.int64).max], k)
        return [(int(i), int(first[i])) for i in chosen]

    def similar(self, index: int, k: int) -> list[tuple[int, float]]:
        """The items most like one, with their similarities."""
        rules = self.rules
        allowed = None if rules is None or rules.allowed is None else rules.allowed
        candidates = None if allowed is None else self.model.items_.take(allowed)
        table = self.model.similar_items([self.ids[index]], k, candidates=candidates)
        similar = self.model.items_.indices(table["similar"])
        return list(zip(similar.tolist(), table["similarity"].to_list(), strict=True))

    @cached_property
    def baskets(self) -> Baskets | None:
        """The baskets of the log, or None where none holds two items."""
        baskets = Baskets.of_model(self.model)
        return baskets if baskets.hold_pairs else None

    def together(self, index: int, k: int) -> list[dict[str, Any]]:
        """The items that stand in the same baskets, with figures; see `penchant.together`.

        Raises:
            UnknownIdError: no basket of the log holds two items.
        """
        if self.baskets is None:
            raise UnknownIdError("No basket of this model's log holds two items.")
        found = self.baskets.together(np.array([index]), k, among=self._allowed)
        return found.drop("item").to_dicts()

    @cached_property
    def _first_times(self) -> Int64 | None:
        """int64[n_items], when each item was had first; None where the log has no times."""
        histories = self.model.histories_
        if histories.times is None:
            return None
        first = np.full(self.n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, histories.items, histories.times)
        return first

    @cached_property
    def _popularity_order(self) -> Int32:
        order = self.model.fallback.order
        assert order is not None
        return order

    @property
    def _allowed(self) -> Bool | None:
        """bool[n_items], which items may be shown; None for all."""
        rules = self.rules
        return None if rules is None or rules.allowed is None else rules.is_allowed

    def _shown(self, order: Int64, k: int) -> Int64:
        """The first k of some items that may be shown."""
        allowed = self._allowed
        return order[:k] if allowed is None else order[allowed[order]][:k]
