"""Titles of items that are asked for again and again."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.tables import titles_of
from penchant.data.vocabulary import Vocabulary
from penchant.typing import AnyInt


class ItemTitles:
    """Titles as `titles_of` gives them, each made once.

    Making a few titles costs no less than making a thousand, and reasons ask for a few at a time.

    Args:
        items: the vocabulary of items.
        table: where titles are from; None gives ids.
    """

    def __init__(self, items: Vocabulary, table: pl.DataFrame | None) -> None:
        self._items, self._table = items, table
        self._known: dict[int, str] = {}

    def of(self, index: AnyInt) -> list[str]:
        """A title for each item index."""
        wanted = index.tolist()
        new = list({n for n in wanted if n not in self._known})
        if new:
            titles = titles_of(self._items, self._table, np.array(new, np.int64))
            self._known.update(zip(new, titles, strict=True))
        return [self._known[n] for n in wanted]
