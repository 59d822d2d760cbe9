from __future__ import annotations

import polars as pl
import pytest

import penchant as pn
from penchant.data.quality.sessions import issues

HOUR = 3600
START = 1_600_000_000


def log_of(rows):
    """A log of rows of user, item, session and seconds."""
    frame = pl.DataFrame(rows, ["user", "item", "session", "time"], orient="row")
    return pn.read(frame.with_columns(pl.col("time") + START), quiet=True)


def found(log):
    return {issue.name: issue for issue in issues(log)}


def visits(user, *lengths):
    """Sessions of so many events, minutes apart, two days between sessions."""
    return [
        (user, 10 * number + event, f"{user}{number}", 48 * HOUR * number + 60 * event)
        for number, length in enumerate(lengths)
        for event in range(length)
    ]


def test_sound_sessions_have_no_issue():
    assert found(log_of([*visits("a", 3, 2), *visits("b", 2)])) == {}


def test_sessions_of_one_event():
    log = log_of([*visits("a", 3, 1), *visits("b", 1)])
    issue = found(log)["single_event_sessions"]
    assert (issue.level, issue.count, issue.share) == ("note", 2, pytest.approx(2 / 3))
    assert issue.table()["basket"].to_list() == ["a1", "b0"]
    assert issue.table()["row"].to_list() == [4, 5]
    every = found(log_of([*visits("a", 1, 1), *visits("b", 1)]))["single_event_sessions"]
    assert every.level == "doubtful"
    assert "a number of the row?" in every.sentence


def test_equal_times_within_sessions():
    rows = [("a", 1, "x", 0), ("a", 2, "x", 60), ("a", 3, "x", 60), ("a", 4, "y", 60)]
    log = log_of([*rows, ("b", 1, "z", 60), ("b", 2, "z", 61)])
    issue = found(log)["ties_in_sessions"]
    assert issue.table()["row"].to_list() == [2, 3]
    assert issue.sentence.startswith("2 events share their time")


def test_repeats_within_sessions():
    rows = [("a", 1, "x", 0), ("a", 1, "x", 1), ("a", 1, "y", 2), ("b", 1, "z", 3)]
    issue = found(log_of([*rows, ("b", 2, "z", 4), ("b", 1, "z", 5)]))["repeats_in_sessions"]
    assert (issue.level, issue.share) == ("note", pytest.approx(1 / 3))
    assert issue.table()["row"].to_list() == [2, 6]


def test_long_pauses_within_sessions():
    rows = [("a", 1, "x", 0), ("a", 2, "x", 30 * HOUR), ("a", 3, "x", 31 * HOUR)]
    issue = found(log_of([*rows, *visits("b", 2)]))["pauses_in_sessions"]
    assert issue.table()["row"].to_list() == [2]
    assert "is this column the session's" in issue.sentence


def test_keys_of_several_users():
    rows = [("a", 1, "x", 0), ("a", 2, "x", 60), ("b", 3, "x", 0), ("b", 4, "x", 60)]
    log = log_of([*rows, *visits("c", 2, 2), *visits("d", 2)])
    issue = found(log)["shared_session_keys"]
    assert (issue.level, issue.count) == ("doubtful", 1)
    assert issue.table().rows() == [(1, "x", 4, 2)]
    numbered = [(user, i, i // 2, i) for user in "abc" for i in range(6)]
    issue = found(log_of(numbered))["shared_session_keys"]
    assert (issue.level, issue.count) == ("note", 3)
    assert "numbered from the first" in issue.sentence


def test_one_key_with_most_events():
    rows = [(user, i, "null", 60 * i) for user in "abc" for i in range(4)]
    issue = found(log_of(rows))["heavy_session_keys"]
    assert "1 session key has 100% of all events" in issue.sentence
    many = [row for n in range(30) for row in visits(f"user {n}", 2, 2)]
    issue = found(log_of([*many, *(("z", i, "0", i) for i in range(80))]))["heavy_session_keys"]
    assert issue.table()["basket"].to_list() == ["0"]


def test_missing_keys():
    rows = [("a", 1, None, 0), ("a", 2, "x", 60), ("a", 3, "x", 90), ("b", 3, "y", 0)]
    issue = found(log_of(rows))["missing_sessions"]
    assert issue.table()["row"].to_list() == [1]


def test_visits_without_sessions():
    rows = [row for user in "abcd" for row in visits(user, 4, 3)]
    frame = pl.DataFrame(rows, ["user", "item", "session", "time"], orient="row")
    log = pn.read(frame.drop("session").with_columns(pl.col("time") + START), quiet=True)
    issue = found(log)["no_sessions"]
    assert (issue.level, issue.count) == ("note", 4)
    assert "83% of those with one before come sooner" in issue.sentence
    assert "--session-gap 30min" in issue.sentence
    assert issue.table()["row"].to_list() == [5, 12, 19, 26]
    assert found(pn.read(frame, session=False, basket=False, quiet=True)).keys() <= {"no_sessions"}


@pytest.mark.parametrize("hours", [0.1, 30])
def test_steady_events_are_no_visits(hours):
    rows = [(user, i, hours * HOUR * i) for user in "abcd" for i in range(6)]
    frame = pl.DataFrame(rows, ["user", "item", "time"], orient="row")
    log = pn.read(frame.with_columns((pl.col("time") + START).cast(pl.Int64)), quiet=True)
    assert found(log) == {}


def test_sessions_that_stand_for_users():
    rows = [(1, "x", 0), (2, "x", 0), (1, "y", 60), (3, "z", 60), (3, "z", 90)]
    frame = pl.DataFrame(rows, ["item", "session", "time"], orient="row")
    log = pn.read(frame.with_columns(pl.col("time") + START), quiet=True)
    names = {"single_event_sessions", "ties_in_sessions", "repeats_in_sessions"}
    assert found(log).keys() == names


def test_checks_and_summaries_have_them():
    log = log_of([*visits("a", 3, 1), *visits("b", 1)])
    report = pn.check(log)
    assert "2 sessions have one event alone" in str(report)
    assert "single_event_sessions" in {issue["name"] for issue in report.to_dict()["issues"]}
    summary = pn.summary(log)
    assert summary.sessions_per_user["max"] == 2
    assert summary.to_dict()["sessions_per_user"]["median"] == 1.5
    assert "sessions per user" in str(summary)
    assert pn.summary(pn.read(log.frame().drop("basket"), quiet=True)).sessions_per_user is None
