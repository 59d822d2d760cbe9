from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.quality.log_check import check
from penchant.data.reading.log_reader import read
from penchant.errors import ParameterError


def log_of(*events, **options):
    columns = ("user", "item", "rating", "time", "text")
    return Dataset.from_frame(
        pl.DataFrame(list(events), schema=columns[: len(events[0])], orient="row"), **options
    )


def test_a_clean_log_has_no_issue():
    rng = np.random.default_rng(0)
    pairs = [(u, i, float(rng.integers(1, 6))) for u in range(12) for i in range(12)]
    report = check(log_of(*pairs))
    assert report.issues == ()
    assert "no issue" in str(report)


def test_duplicates_with_rows_and_outside_ids():
    log = log_of((7, "a", 3.0), (7, "a", 3.0), (7, "b", 1.0), (7, "b", 5.0), (8, "a", 3.0))
    report = check(log)
    assert report["duplicates"].table().select("row", "user", "item").rows() == [
        (1, 7, "a"),
        (2, 7, "a"),
    ]
    assert report["conflicting_duplicates"].table()["row"].to_list() == [3, 4]
    assert report["duplicates"].share == pytest.approx(0.4)


def test_duplicate_texts():
    when = datetime(2020, 1, 1)
    log = log_of(
        (1, 1, 5.0, when, "good"),
        (1, 2, 5.0, when, "good"),
        (2, 3, 5.0, when, "good"),
        (1, 4, 4.0, when, None),
        (1, 5, 4.0, when, None),
    )
    assert check(log)["duplicate_texts"].examples["row"].to_list() == [1, 2]


def test_sentences_agree_with_their_counts():
    some, two = datetime(2020, 1, 1, 12), ((8, "a", 1.0), (8, "b", 2.0))
    far = datetime(2999, 1, 1)
    pairs = [(1, "x", 1.0, some), (1, "y", 1.0, far), (2, "x", 1.0, some)]
    sentences = {each.name: each.sentence for each in check(log_of(*pairs))}
    assert sentences["future_times"] == "1 event lies in the future"
    assert sentences["near_empty_users"] == "1 user has 1 event"
    assert sentences["near_empty_items"] == "1 item has 1 event"
    assert sentences["one_rating"] == (
        "3 ratings are all 1, so that ratings say no more than the events"
    )
    sentences = {each.name: each.sentence for each in check(log_of(*two, (9, "a", 0.5)))}
    assert sentences["near_empty_users"] == "1 user has 1 event"
    sentences = {each.name: each.sentence for each in check(log_of(*pairs, *pairs))}
    assert sentences["duplicates"] == (
        "6 events repeat a user and item with the same rating (3 pairs)"
    )
    sentences = {each.name: each.sentence for each in check(log_of(*two, two[0]))}
    assert sentences["duplicates"].endswith("(1 pair)")
    file = io.BytesIO(b"user,item,rating\n1,2,3\n1,3,x\n1,4,5\n1,5,4\n")
    report = check(read(file, quiet=True))
    assert report["skipped"].sentence.startswith("1 record was malformed and left out: ")


def test_a_report_names_one_issue():
    report = check(
        log_of((1, "a", 3.0), (1, "b", 4.0), (2, "a", 2.0), (2, "b", 1.0), (3, "a", 5.0))
    )
    assert str(report).startswith("Check of 'log', 5 events: 1 issue\n")


def test_skipped_records_come_first():
    file = io.BytesIO(b"user,item,rating\n1,2,3\n1,3,x\n1,4,5\n1,5,4\n")
    report = check(read(file, quiet=True))
    assert report.issues[0].name == "skipped"
    assert report["skipped"].table()["row"].to_list() == [2]


def test_ratings_out_of_scale():
    events = [(u, i, float((u + i) % 5 + 1)) for u in range(20) for i in range(20)]
    known = check(log_of(*events, (1, 99, 11.0), scale=(1, 5)))["out_of_scale"]
    assert (known.level, known.count) == ("wrong", 1)
    stray = check(log_of(*events, (1, 99, 50.0)))["out_of_scale"]
    assert (stray.level, stray.table()["rating"].to_list()) == ("doubtful", [50.0])
    zeros = check(log_of(*events, (1, 99, 0.0), (2, 99, 0.0)))
    assert zeros["zeros"].count == 2
    assert "out_of_scale" not in zeros
    halves = [(u, i, rating + 0.5) for u, i, rating in events if rating < 5]
    assert "out_of_scale" not in check(log_of(*halves, (1, 99, 0.5), (1, 98, 5.0)))


def test_constant_raters_and_one_rating():
    events = [(1, i, 5.0) for i in range(6)] + [(2, i, float(i % 3)) for i in range(6)]
    rows = check(log_of(*events))["constant_raters"].table()
    assert rows.select("row", "user", "events", "rating").rows() == [(1, 1, 6, 5.0)]
    assert check(log_of((1, 1, 1.0), (2, 1, 1.0)))["one_rating"].count == 2


def test_times():
    normal = [(u, i, 1.0, datetime(2020, 1, 1, 1, u, i)) for u in range(30) for i in range(30)]
    batch = [(u, 50, 1.0, datetime(2021, 5, 5, 5, 5, 5)) for u in range(30)]
    alone = [(99, i, 1.0, datetime(2019, 5, 5, 5, 5, 5)) for i in range(6)]
    future = (1, 60, 1.0, datetime.now() + timedelta(days=400))
    early = (1, 61, 1.0, datetime(1970, 1, 1, 0, 0, 1))
    report = check(log_of(*normal, *batch, *alone, future, early, (1, 62, 1.0, None)))
    assert report["future_times"].table()["row"].to_list() == [937]
    assert report["early_times"].table()["row"].to_list() == [938]
    assert report["missing_times"].table()["row"].to_list() == [939]
    assert report["batch_imports"].count == 30
    assert report["single_time_users"].table()["user"].to_list() == [99]
    assert "shared_instant" not in report
    assert check(log_of(*normal[:100], *batch))["shared_instant"].count == 30
    assert check(log_of((1, 1, 1.0, datetime(2020, 1, 1))))["whole_days"].level == "note"


def test_counts_and_tables():
    events = [(u, i, 1.0) for u in range(30) for i in range(5)] + [(77, 500, 1.0)]
    events += [(0, i, 1.0) for i in range(1000, 1200)]
    table = pl.DataFrame({"item": [0, 9999], "title": ["x", "y"]})
    report = check(log_of(*events, item_table=table))
    assert report["items_without_events"].table().row(0) == (None, 9999, 0)
    assert report["near_empty_users"].table().rows() == [(151, 77, 1)]
    assert report["near_empty_items"].count == 201
    assert len(report["near_empty_items"].examples) == 20
    assert len(report["near_empty_items"].table()) == 201
    assert report["heavy_users"].table()["user"].to_list() == [0]
    assert check(log_of(*events), near_empty=5)["near_empty_users"].count == 30
    with pytest.raises(ParameterError, match="near_empty must be 0 or more, not -1"):
        check(log_of(*events), near_empty=-1)


def test_report_as_text_and_json():
    report = check(log_of((1, 1, 1.0, datetime(2020, 1, 1))))
    assert json.loads(json.dumps(report.to_dict()))["issues"][0]["name"] == report.issues[0].name
    assert len(str(report).splitlines()) == len(report) + 1
    with pytest.raises(KeyError):
        report["nothing"]


def test_an_empty_log():
    log = log_of((1, 1, 1.0, datetime(2020, 1, 1)))
    report = check(log.subset(np.array([False])))
    assert report.n_events == 0
    assert [(issue.name, issue.count, issue.share) for issue in report.issues] == [
        ("users_without_events", 1, 1.0),
        ("items_without_events", 1, 1.0),
    ]


def test_in_baskets_repeats_are_usual_and_ids_in_two_cases_are_named():
    frame = pl.DataFrame(
        {
            "user": ["ann"] * 6,
            "item": ["85123A", "85123a", "85123A", "22139", "POST", "post"],
            "time": [datetime(2024, 3, 5)] * 6,
        }
    )
    plain = check(Dataset.from_frame(frame))
    assert (plain["duplicates"].level, plain["single_time_users"].level) == ("doubtful",) * 2
    report = check(Dataset.from_frame(frame.with_columns(basket=pl.lit(7))))
    assert (report["duplicates"].level, report["single_time_users"].level) == ("note",) * 2
    variants = report["case_variant_items"]
    assert variants.sentence.startswith("4 item ids differ from another in upper and lower case")
    assert variants.table()["item"].to_list() == ["85123A", "85123a", "POST", "post"]
    assert "case_variant_users" not in report


def test_ids_that_a_spreadsheet_has_rounded(tmp_path, caplog):
    path = tmp_path / "loans.csv"
    path.write_text(
        "user,isbn\n1,9780000000080\n2,9.78000E+12\n3,9.78000E+12\n3,9.79E+12\n4,12E+05\n"
    )
    log = read(path)
    assert (
        "loans.csv: 2 items have ids such as '9.78000E+12' (2 events), in scientific notation, as "
        "spreadsheets write long numbers, so that different ones are one: export again with this "
        "column as text."
    ) in caplog.messages
    issue = check(log)["rounded_item_ids"]
    assert (issue.level, issue.count) == ("wrong", 2)
    assert issue.examples["item"].to_list() == ["9.78000E+12", "9.79E+12"]
    caplog.clear()
    path.write_text("user;isbn\n1,0E+01;9780000000080\n2;9780000000081\n")
    log = read(path)
    assert "1 user has an id such as '1,0E+01' (1 event), in scientific" in caplog.text
    assert "rounded_item_ids" not in check(log)
    caplog.clear()
    read(path, quiet=True)
    assert "scientific" not in caplog.text
