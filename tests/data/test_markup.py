"""Markup in the titles of items, which lists and pages show without it."""

from __future__ import annotations

import polars as pl

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.markup import plain_titles

TITLES = {
    1: 'Amazon.com <span class="a-size-large">Gift Card</span>',
    2: "Rock &amp; Roll</span>",
    3: "I <3 You & me",
    4: "<br>",
    5: None,
}


def log():
    events = pl.DataFrame({"user": [1, 2] * 5, "item": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]})
    table = pl.DataFrame({"item": list(TITLES), "title": list(TITLES.values())})
    return Dataset.from_frame(events, item_table=table)


def test_titles_are_shown_without_markup_and_kept_as_they_are():
    data = log()
    assert data.titles() == ["Amazon.com Gift Card", "Rock & Roll", "I <3 You & me", "4", "5"]
    assert dict(data.item_table.select("item", "title").iter_rows()) == TITLES


def test_titles_without_signs_of_markup_are_the_very_same():
    plain = pl.Series("title", ["a", None, "b  c"])
    assert plain_titles(plain) is plain


def test_lists_and_similar_items_have_no_markup():
    similar = pn.similar(log(), [1], k=2, similarity_of="cosine")
    assert set(similar["title"]) <= {"Rock & Roll", "I <3 You & me", None}
    assert len(similar) == 2
