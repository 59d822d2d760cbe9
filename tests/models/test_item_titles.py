"""Titles of items that are asked for again and again."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.vocabulary import Vocabulary
from penchant.models import item_titles
from penchant.models.item_titles import ItemTitles


def test_each_title_is_made_once(monkeypatch):
    made = []
    real = item_titles.titles_of

    def count(items, table, index):
        made.extend(index.tolist())
        return real(items, table, index)

    monkeypatch.setattr(item_titles, "titles_of", count)
    table = pl.DataFrame({"item": ["a", "b", "c"], "title": ["A &amp; B", None, "<b>C</b>"]})
    titles = ItemTitles(Vocabulary(["a", "b", "c"]), table)
    assert titles.of(np.array([2, 0, 2])) == ["C", "A & B", "C"]
    assert titles.of(np.array([0, 1])) == ["A & B", "b"]
    assert titles.of(np.array([], np.int32)) == []
    assert sorted(made) == [0, 1, 2]
