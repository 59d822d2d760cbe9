from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from penchant.errors import DataError
from penchant.experiments.frames import checked_outcomes, checked_shown

NOON = datetime(2026, 3, 1, 12)


def shown(**columns: object) -> pl.DataFrame:
    rows = {
        "list": [1, 1],
        "user": ["u", "u"],
        "time": [NOON, NOON],
        "arm": ["a", "a"],
        "position": [1, 2],
        "item": [7, 8],
        "propensity": [0.5, 1.0],
    }
    return pl.DataFrame(rows | columns)


def outcomes(**columns: object) -> pl.DataFrame:
    rows = {
        "sequence": [1, 2],
        "user": ["u", "u"],
        "item": [7, 8],
        "kind": ["like", "purchase"],
        "value": [None, 2.5],
        "time": [NOON, NOON],
    }
    return pl.DataFrame(rows | columns)


def test_ids_become_text_and_times_lose_their_zone():
    utc = NOON.replace(tzinfo=UTC)
    for time in (
        [utc, utc],
        [int(utc.timestamp() * 1_000_000)] * 2,
        [int(utc.timestamp())] * 2,
        ["2026-03-01 12:00:00"] * 2,
    ):
        rows = checked_shown(shown(time=time))
        assert rows["time"].to_list() == [NOON, NOON]
    assert rows["item"].to_list() == ["7", "8"]
    assert checked_outcomes(outcomes())["item"].to_list() == ["7", "8"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"position": [1, 1]}, "list '1' has several items at position 1"),
        ({"position": [0, 1]}, "position 0 of a shown item is no whole number from 1"),
        ({"position": [1.5, 2]}, "position 1.5 of a shown item is no whole number"),
        ({"position": ["first", "2"]}, "position 'first'"),
        ({"position": [None, 2]}, "position None"),
        ({"user": ["u", "v"]}, "list '1' has several values of 'user'"),
        ({"arm": ["a", "b"]}, "list '1' has several values of 'arm'"),
        ({"item": [7, None]}, "A row of shown lists has no 'item'"),
        ({"item": [7.5, 8.5]}, "'item' of shown lists has integers or texts, and not Float64"),
        ({"time": [NOON, None]}, "time None of a row of shown lists is missing"),
        ({"time": ["now", "2026-03-01 12:00:00"]}, "time 'now' of a row of shown lists is not"),
        ({"propensity": [0.0, 1.0]}, "propensity 0 of position 1 of the list '1' is no prob"),
        ({"propensity": [0.5, 1.5]}, "propensity 1.5 of position 2"),
        ({"propensity": [-0.5, 1.0]}, "propensity -0.5"),
        ({"propensity": ["half", "1"]}, "propensity 'half' of a row is no number"),
        ({"propensity": [float("nan"), 1.0]}, "propensity nan of a row is no number"),
    ],
)
def test_shown_lists_that_cannot_be_used(columns, message):
    with pytest.raises(DataError, match=message) as error:
        checked_shown(shown(**columns), "arm", "propensity")
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sequence": [1, 1]}, r"number \(sequence\) 1 is there several times"),
        ({"value": ["much", "2"]}, "value 'much' of a row is no number"),
        ({"kind": ["like", None]}, "A row of outcomes has no 'kind'"),
    ],
)
def test_outcomes_that_cannot_be_used(columns, message):
    with pytest.raises(DataError, match=message):
        checked_outcomes(outcomes(**columns))


def test_missing_columns_are_named():
    with pytest.raises(DataError, match="no columns 'position' or 'arm': it has list, user"):
        checked_shown(shown().drop("position", "arm"), "arm")
    with pytest.raises(DataError, match="outcomes has no column 'kind'"):
        checked_outcomes(outcomes().drop("kind"))
    with pytest.raises(DataError, match="must be a Polars, pandas or Arrow frame, and not list"):
        checked_shown([])


def test_outcomes_of_no_item_are_left_out_and_values_may_be_missing():
    rows = checked_outcomes(outcomes(item=[None, 8]).drop("value", "sequence"))
    assert rows["item"].to_list() == ["8"]
    assert rows["value"].to_list() == [None]


def test_lists_of_nobody_are_left_out(caplog):
    rows = shown(list=[1, 2], position=[1, 1], user=["u", None])
    with caplog.at_level("INFO"):
        assert checked_shown(rows)["list"].to_list() == ["1"]
    assert "nobody who is known are left out: 1." in caplog.text


def test_tables_without_rows():
    assert checked_shown(shown().clear(), "arm", "propensity").is_empty()
    assert checked_outcomes(outcomes().clear()).is_empty()
