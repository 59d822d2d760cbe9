from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.reviews import COLUMNS, CleaningReport, item_statistics, merge_reviews
from penchant.errors import DataError, ParameterError


@pytest.fixture
def log():
    frame = pl.DataFrame(
        {
            "user": ["u1", "u2", "u2", "u3", "u1"],
            "item": ["a", "a", "b", "x", "a"],
            "rating": [5.0, 1.0, 4.0, 3.0, 2.0],
            "time": [datetime(2018, 1, day) for day in (1, 2, 7, 8, 9)],
            "text": ["Good <b>CD</b>!", "Bad", None, "Unknown", "Good <b>CD</b>!"],
            "summary": ["The best", "no", "ok", "hm", "The best"],
            "verified": [True, False, True, True, True],
            "style": ["Audio CD", None, "Vinyl", "Vinyl", "Audio CD"],
        }
    )
    table = pl.DataFrame(
        {"item": ["a", "b", "c"], "title": ["A", "B", "C"], "brand": ["X", None, "Y"],
         "rank": [5, 6, None], "price": [1.5, None, 2.0]}
    )  # fmt: skip
    return Dataset.from_frame(frame, item_table=table, scale=(1, 5))


def test_the_columns_and_rows(log):
    found = merge_reviews(log, statistics="all", cache=False)
    assert tuple(found.frame.columns) == COLUMNS
    assert found.rows.tolist() == [0, 1, 2, 4]  # x is not in the metadata
    first = found.frame.row(0, named=True)
    assert first == {
        "reviewerID": "u1", "overall": 5.0, "reviewText": "good cd", "asin": "a",
        "summary": "the best", "day_of_week": 0, "verified": True, "style": "Audio CD",
        "title": "A", "brand": "x", "rank": 5, "price": 1.5, "overall_mean": pytest.approx(8 / 3),
        "overall_median": 2.0, "overall_count": 3,
    }  # fmt: skip
    assert found.frame["day_of_week"].to_list() == [0, 1, 6, 1]
    assert found.report["merge"].left_out == 1
    assert found.report["duplicates"].noted == 1
    assert found.report["reviewText"].changed == 4
    everything = merge_reviews(log, statistics="all", join="left", cache=False)
    assert len(everything.frame) == 5
    assert everything.frame["title"][3] is None


def test_complete_rows_and_stop_words(log):
    found = merge_reviews(log, statistics="all", complete=True, stop_words=True, cache=False)
    assert found.rows.tolist() == [0, 4]
    assert found.frame["summary"].to_list() == ["best", "best"]
    assert "brand 1" in found.report["complete"].about


def test_statistics_come_from_the_rows_that_may_be_used(log):
    train = np.array([True, False, True, True, False])
    by_mask = merge_reviews(log, statistics=train, join="left", cache=False).frame
    assert by_mask["overall_mean"].to_list() == [5, 5, 4, 3, 5]
    assert by_mask["overall_count"].to_list() == [1, 1, 1, 1, 1]
    places = merge_reviews(log, statistics=np.flatnonzero(train), join="left", cache=False).frame
    part = merge_reviews(log, statistics=log.subset(train), join="left", cache=False).frame
    assert by_mask.equals(places)
    assert by_mask.equals(part)
    # What held-out ratings say changes nothing.
    other = log.events.with_columns(
        rating=pl.when(pl.Series(train)).then("rating").otherwise(1.0).cast(pl.Float32)
    )
    changed = Dataset(other, log.users, log.items, item_table=log.item_table)
    assert item_statistics(changed, train).equals(item_statistics(log, train))
    assert not item_statistics(changed, "all").equals(item_statistics(log, "all"))


def test_statistics_of_every_item(log):
    found = item_statistics(log, "all")
    assert found["item"].to_list() == ["a", "b", "c", "x"]
    assert found["overall_count"].to_list() == [3, 1, 0, 1]
    assert found["overall_mean"][2] is None
    assert found["overall_median"][0] == 2
    with pytest.raises(ParameterError, match="mask has 2 places"):
        item_statistics(log, np.array([True, False]))
    with pytest.raises(ParameterError, match="from 0 to 4"):
        item_statistics(log, np.array([5]))
    with pytest.raises(ParameterError, match="'all'"):
        item_statistics(log, "train")
    with pytest.raises(DataError, match="no ratings"):
        item_statistics(Dataset.from_frame(log.frame().drop("rating")), "all")


def test_tables_are_kept_whole_and_by_content_and_settings(log, tmp_path, monkeypatch):
    first = merge_reviews(log, statistics="all", cache=tmp_path)
    (table,) = (tmp_path / "reviews").glob("*.parquet")

    def never(*_, **__):
        raise AssertionError("cleaned again")

    with monkeypatch.context() as patch:
        patch.setattr("penchant.data.reviews.merging._texts", never)
        again = merge_reviews(log, statistics="all", cache=tmp_path)
        assert again.frame.equals(first.frame)
        assert again.rows.tolist() == first.rows.tolist()
        assert again.report == first.report
        with pytest.raises(AssertionError):
            merge_reviews(log, statistics="all", stop_words=True, cache=tmp_path)
        with pytest.raises(AssertionError):
            merge_reviews(log, statistics=np.arange(2), cache=tmp_path)
        events = log.events.with_columns(text=pl.lit("other"))
        with pytest.raises(AssertionError):
            merge_reviews(Dataset(events, log.users, log.items, item_table=log.item_table),
                   statistics="all", cache=tmp_path)  # fmt: skip
    whole = table.read_bytes()
    table.write_bytes(whole[:100])
    again = merge_reviews(log, statistics="all", cache=tmp_path)
    assert again.frame.equals(first.frame)
    assert again.report == first.report
    assert table.read_bytes() == whole


def test_a_log_with_little_has_the_same_columns(log):
    bare = Dataset.from_frame(log.frame().select("user", "item", "rating"))
    found = merge_reviews(bare, statistics="all", join="left", cache=False)
    assert tuple(found.frame.columns) == COLUMNS
    assert found.frame["reviewText"].null_count() == 5
    assert (
        len(merge_reviews(bare, statistics="all", join="left", complete=True, cache=False).frame)
        == 5
    )
    with pytest.raises(ParameterError, match="'inner' or 'left'"):
        merge_reviews(bare, statistics="all", join="outer")


def test_reports_survive_json(log):
    report = merge_reviews(log, statistics="all", cache=False).report
    assert CleaningReport.from_dict(report.to_dict()) == report
    assert report.table.height == len(report.steps)
    assert "3 of" not in str(report["merge"])
    assert "1 of 5 left out" in str(report["merge"])


@pytest.mark.mirror
def test_real_gift_cards(mirror):
    log = pn.load("amazon-2018/Gift_Cards", mirror=mirror, offline=True)
    found = merge_reviews(log, statistics="all", cache=False)
    assert found.frame.shape == (2_972, 15)
    assert not found.frame["reviewText"].str.contains(r"[A-Z<>.,!&]").any()
    whole = merge_reviews(log, statistics="all", complete=True, cache=False)
    assert 0 < len(whole.frame) < 2_972
    assert sum(whole.frame.null_count().row(0)) == 0
