from datetime import datetime

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.quality.filters import between, k_core, where
from penchant.data.reading.id_tables import with_table
from penchant.data.reading.log_reader import read_table


@pytest.fixture
def log() -> Dataset:
    events = pl.DataFrame(
        {
            "user": [1, 1, 2],
            "item": ["tea", "jam", "tea"],
            "weight": [2.0, 1.0, 1.0],
            "time": [datetime(2024, 3, day) for day in (1, 2, 3)],
            "basket": ["A1", "A1", "A2"],
            "price": [1.5, None, 1.5],
            "land": ["DE", "DE", "FR"],
        }
    )
    anonymous = pl.DataFrame(
        {
            "item": ["rye", "tea"],
            "weight": [3.0, 1.0],
            "time": [datetime(2024, 3, 2), datetime(2024, 3, 9)],
            "basket": ["A7", "A7"],
            "price": [4.0, 1.5],
            "land": ["DE", None],
            "row": [4, 5],
        }
    )
    return Dataset.from_frame(events, anonymous=anonymous)


def test_events_without_a_user_share_the_vocabulary_of_items(log):
    assert log.items.ids.to_list() == ["jam", "rye", "tea"]
    assert log.n_users == 2
    assert len(log) == 3
    assert log.anonymous["item"].to_list() == [1, 2]
    assert log.anonymous.schema["weight"] == log.anonymous.schema["price"] == pl.Float32
    assert log.events["basket"].to_list() == ["A1", "A1", "A2"]
    assert log.anonymous_frame()["item"].to_list() == ["rye", "tea"]
    assert log.item_counts.tolist() == [1, 0, 2]
    assert log.histories.items.tolist() == [2, 0, 2]


def test_subsets_keep_them_and_the_fingerprint_knows_them(log):
    from dataclasses import replace

    part = log.subset(pl.Series([True, False, True]).to_numpy())
    assert part.anonymous is log.anonymous
    without = replace(log, anonymous=None)
    other = replace(log, anonymous=log.anonymous.with_columns(basket=pl.lit("A8")))
    assert len({log.fingerprint, without.fingerprint, other.fingerprint}) == 3
    renamed = replace(log, events=log.events.with_columns(basket=pl.lit("A9")))
    assert renamed.fingerprint != log.fingerprint


def test_conditions_and_dates_hold_for_them_too(log):
    germany = where(log, "land == DE")
    assert germany.items.ids.to_list() == ["jam", "rye", "tea"]
    assert germany.anonymous_frame()["item"].to_list() == ["rye"]
    assert "dropped 1 of 3 events, 1 event without a user, 1 user" in germany.origin.dropped[0]
    early = between(log, None, "2024-03-02")
    assert early.anonymous_frame()["item"].to_list() == ["rye"]
    france = where(log, pl.col("land") == "FR")
    assert france.anonymous is None
    assert france.items.ids.to_list() == ["tea"]
    named = where(log, pl.col("user") == 1)
    assert named.anonymous is None


def test_a_core_keeps_those_of_its_items(log):
    core = k_core(log, user=1, item=2)
    assert core.items.ids.to_list() == ["tea"]
    assert core.anonymous["item"].to_list() == [0]


def test_tables_of_items_leave_them(log):
    table = pl.DataFrame({"item": ["tea", "rum"], "colour": ["green", "brown"]})
    joined = with_table(log, read_table(table, "item", log))
    assert joined.anonymous_frame().equals(log.anonymous_frame(), null_equal=True)
    assert joined.n_items == 4
