from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.quality.filters import between, drop_duplicates, k_core, rating_range, where
from penchant.data.quality.log_check import check
from penchant.errors import DataError, ParameterError


@pytest.fixture
def log():
    return Dataset.from_frame(
        pl.DataFrame(
            {
                "user": [1, 1, 1, 2, 2, 3],
                "item": ["a", "b", "a", "a", "b", "c"],
                "rating": [1.0, 2.0, 3.0, 4.0, 5.0, 5.0],
                "time": [datetime(2020, 1, day, 12) for day in (1, 5, 3, 4, 2, 6)],
                "text": ["x", "x", None, None, "", "z"],
            }
        ),
        item_table=pl.DataFrame({"item": ["a", "b", "c", "d"], "title": list("ABCD")}),
    )


def assert_consistent(log):
    assert log.item_table is None or log.item_table["item"].equals(log.items.ids)
    again = Dataset.from_frame(log.frame(), item_table=log.item_table)
    assert again.fingerprint == log.fingerprint


def test_k_core_drops_what_has_too_little(log):
    core = k_core(log, user=2, item=2)
    assert_consistent(core)
    assert core.frame()["row"].to_list() == [1, 2, 3, 4, 5]
    assert core.items.ids.to_list() == ["a", "b"]
    assert core.origin.dropped == (
        "k-core (2 events per user, 2 per item) dropped 1 of 6 events, "
        "1 user and 2 items in 1 round",
    )
    assert len(k_core(log, 50, 50)) == 0
    with pytest.raises(ParameterError):
        k_core(log, -1)


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_k_core_is_the_largest_that_holds(pairs, user, item):
    log = Dataset.from_frame(pl.DataFrame(pairs, schema=["user", "item"], orient="row"))
    pairs_left = list(pairs)
    while True:
        users, items = [u for u, _ in pairs_left], [i for _, i in pairs_left]
        keep = [p for p in pairs_left if users.count(p[0]) >= user and items.count(p[1]) >= item]
        if len(keep) == len(pairs_left):
            break
        pairs_left = keep
    assert k_core(log, user, item).frame().select("user", "item").rows() == pairs_left


def test_ranges_keep_both_ends_and_the_catalogue(log):
    filtered = rating_range(log, 2, 4)
    assert_consistent(filtered)
    assert filtered.ratings.tolist() == [2, 3, 4]
    assert filtered.items.ids.to_list() == ["a", "b", "d"]  # d never had an event
    assert "dropped 3 of 6 events, 1 user and 1 item" in filtered.origin.dropped[0]
    with pytest.raises(ParameterError):
        rating_range(log, 4, 2)


@pytest.mark.parametrize("end", ["2020-01-04", date(2020, 1, 4), datetime(2020, 1, 4, 12)])
def test_between(log, end):
    assert between(log, "2020-01-02", end).events["row"].to_list() == [3, 4, 5]
    assert between(log, end="2020-01-04T11:59").events["row"].to_list() == [1, 3, 5]
    with pytest.raises(ParameterError, match="no date"):
        between(log, "soon")
    with pytest.raises(ParameterError):
        between(log, end, "2019-01-01")


def test_events_without_time_are_dropped_and_counted():
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 1], "time": [datetime(2020, 1, 1), None]})
    filtered = between(Dataset.from_frame(frame), "2019-01-01")
    assert "1 of them without a time" in filtered.origin.dropped[0]


def test_lines_that_were_exported_twice():
    frame = pl.DataFrame(
        {
            "user": [1, 1, 1, 1, 2],
            "item": [*"aaaba"],
            "basket": [7, 7, 8, 8, 9],
            "quantity": [2.0, 2.0, 2.0, 1.0, 2.0],
            "tags": [["x"], ["x"], ["x"], [], ["x"]],
        }
    )
    log = Dataset.from_frame(frame)
    issues = {issue.name: issue for issue in check(log).issues}
    assert issues["duplicates"].level == "note"
    issue = issues["repeated_lines"]
    assert (issue.level, issue.count) == ("doubtful", 1)
    assert "--duplicates lines" in issue.sentence
    left = drop_duplicates(log, by="line")
    assert left.events["row"].to_list() == [1, 3, 4, 5]
    assert "alike" in left.origin.dropped[-1]
    assert "repeated_lines" not in {issue.name for issue in check(left).issues}


def test_drop_duplicates(log):
    assert drop_duplicates(log).events["row"].to_list() == [2, 3, 4, 5, 6]
    assert drop_duplicates(log, keep="first").events["row"].to_list() == [1, 2, 4, 5, 6]
    assert drop_duplicates(log, by="text").events["row"].to_list() == [2, 3, 4, 5, 6]
    with pytest.raises(ParameterError):
        drop_duplicates(log, by="rating")  # type: ignore[arg-type]


def test_where_sees_outside_ids_and_accounts_add_up(log):
    filtered = where(rating_range(log, 2), (pl.col("user") == 1) | (pl.col("item") == "c"))
    assert_consistent(filtered)
    assert filtered.events["row"].to_list() == [2, 3, 6]
    assert len(filtered.origin.dropped) == 2
    with pytest.raises(DataError):
        where(log, pl.col("nothing"))
    with pytest.raises(DataError):
        where(log, pl.col("rating"))


def test_what_the_log_lacks_is_said():
    log = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1]}))
    for call in (lambda: rating_range(log, 1), lambda: between(log, "2020-01-01")):
        with pytest.raises(DataError, match="has no"):
            call()
    with pytest.raises(DataError, match="no texts"):
        drop_duplicates(log, by="text")
    assert np.array_equal(k_core(log, 1, 1).users.ids.to_numpy(), [1])


def test_the_sum_of_duplicates_counts_or_adds_weights():
    frame = pl.DataFrame(
        {"user": [1, 1, 2, 1], "item": [5, 6, 5, 5], "rating": [3, 4, 5, 1], "row": [1, 2, 3, 4]}
    )
    found = drop_duplicates(Dataset.from_frame(frame), keep="sum")
    assert found.events["row"].to_list() == [2, 3, 4]
    assert found.weights.tolist() == [1, 1, 2]
    assert found.ratings.tolist() == [4, 5, 1]
    weighted = Dataset.from_frame(frame.with_columns(weight=pl.Series([2.0, 3.0, 4.0, 10.0])))
    assert drop_duplicates(weighted, keep="sum").weights.tolist() == [3, 4, 12]
    assert drop_duplicates(weighted, keep="last").weights.tolist() == [3, 4, 10]
