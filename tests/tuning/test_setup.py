"""What decides the trials of a study."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import penchant as pn
from penchant.metrics import parse
from penchant.models import Popular
from penchant.tuning.setup import differences, study_setup

WORDS = {"item": [1, 2, 3]}


def setup_of(relevant=None, **tables):
    frame = pl.DataFrame(
        {"user": [1, 1, 2, 2, 3, 3], "item": [1, 2, 2, 3, 1, 3], "rating": [1, 2, 3] * 2}
    )
    log = pn.Dataset.from_frame(frame, **tables)
    split = pn.split_random(log, validation=0.25, test=0.25)
    return study_setup(
        Popular(), split, parse("ndcg@10"), {}, method="grid", seed=0, like=None, relevant=relevant
    )


def test_what_is_relevant_decides_where_it_is_not_what_the_log_says():
    usual, liked = setup_of(), setup_of(relevant="liked")
    assert usual == setup_of(relevant="all")
    assert "relevant" not in usual  # studies from before it could be said go on
    assert differences(usual, liked) == "relevant left open, not relevant liked"
    assert differences(liked, usual) == "relevant liked, not relevant left open"


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", None],
        [b"a", b"\xff", None],
        [[1, 2], [], None],
        [{"x": 1}, {"x": None}, None],
        [float("nan"), float("inf"), 0.5],
        [dt.datetime(2020, 1, 1, 2), dt.datetime(2021, 1, 1), None],
        [dt.date(2020, 1, 1), None, None],
        [dt.timedelta(1), None, dt.timedelta(2)],
        pl.Series(["a", "b", "b"], dtype=pl.Categorical),
    ],
    ids=lambda values: str(type(values[0]).__name__),
)
def test_what_is_in_a_table_decides(values):
    table = pl.DataFrame(WORDS | {"about": values})
    same, turned = setup_of(item_table=table), setup_of(item_table=table.clone())
    assert differences(same, turned) == ""
    other = table.with_columns(about=pl.col("about").reverse())
    for changed in (setup_of(item_table=other), setup_of()):
        assert differences(same, changed) == "other data or another split"


def test_bytes_inside_of_lists_are_let_be():
    table = pl.DataFrame(WORDS | {"about": [[b"a"], [b"\xff"], []]})
    assert setup_of(item_table=table) != setup_of(item_table=table.drop("about"))
