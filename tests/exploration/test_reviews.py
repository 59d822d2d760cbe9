from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.exploration.log_exploration import explore
from penchant.reporting.pages.exploration import write_exploration
from support.review_logs import reviews


def test_the_page_shows_all_of_it(tmp_path):
    table = pl.DataFrame(
        {"item": [f"i{n}" for n in range(8)], "title": [f"<T{n}>" for n in range(8)],
         "price": np.linspace(1, 99, 8), "links": [[f"{n}{k}" for k in "abcdef"] for n in range(8)]}
    )  # fmt: skip
    log = reviews()
    made = Dataset.from_frame(
        log.frame().with_columns(text=pl.when(pl.col("row") != 7).then("text")).drop("row"),
        item_table=table,
        scale=(1, 5),
    )
    found = explore(made)
    assert len(found.top_items) == 8
    assert "price" in found.item_columns
    assert "links" not in found.item_columns
    json.dumps(found.to_dict(), allow_nan=False)
    text = write_exploration(explore(made), tmp_path / "x.html").read_text(encoding="utf-8")
    for said in (
        "Who rates how", "What the words say", "most popular items", "Verified and other reviews",
        "Mean rating against number of ratings", "gave the highest, 5", "Classes:",
        "Missing values: the most are of text (events)", "Price of items",
    ):  # fmt: skip
        assert said in text, said
    assert "<T0>" not in text
    assert ">lovely</text>" in text


@pytest.mark.parametrize("n", [1, 2, 9])
def test_tiny_logs_of_reviews_have_a_page(n, tmp_path):
    log = reviews(n)
    text = write_exploration(explore(log), tmp_path / "x.html").read_text(encoding="utf-8")
    assert all(str(item) in text for item in log.frame()["item"])
    assert ("What the words say" in text) == (n == 9)  # fewer texts hold no word often enough
    assert ">nan" not in text


def test_what_the_reader_noted_is_on_the_page(tmp_path):
    class Noted(Origin):
        notes = ("two lines are <broken>",)

    log = reviews(20)
    noted = Dataset(log.events, log.users, log.items, scale=(1, 5), origin=Noted())
    assert explore(noted).notes == ("two lines are <broken>",)
    text = write_exploration(explore(noted), tmp_path / "x.html").read_text(encoding="utf-8")
    assert "two lines are &lt;broken&gt;." in text
