from __future__ import annotations

import polars as pl

from penchant.batch import write_lists
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.reporting import report


def test_the_page_says_who_got_what(planted, checked, hostile, tmp_path):
    model = make("item-knn").fit(planted())
    summary = write_lists(model, tmp_path / "lists.csv", 3, repeats="allowed")
    page = checked(report(summary, tmp_path / "lists.html"))
    assert "40 of 40 users have a list of at most 3 items" in page.text
    for table in (summary.most_shown, summary.never_shown):
        for title in table["title"]:
            assert " ".join(title.split()) in page.text
    assert page.tags["svg"] > 0
    assert "All 40 lists have 3 items." in page.text
    assert "Who has no list" not in page.text
    assert "<script" not in page.source


def test_the_page_of_lists_that_few_have(checked, hostile, tmp_path):
    rows = [(hostile, "x"), (hostile, "y"), ("b", "x"), ("c", "y"), ("c", "x")]
    log = Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"))
    model = make("item-knn").fit(log)
    summary = write_lists(model, tmp_path / "lists.csv", 2)
    page = checked(report(summary, tmp_path / "lists.html"))
    assert "all 2 items are in the history" in page.text
    assert hostile in page.text
    nobody = write_lists(model, tmp_path / "lists.csv", 2, candidates=["x"])
    assert nobody.n_lists == 0
    assert "stand in no list" in checked(report(nobody, tmp_path / "lists.html")).text
