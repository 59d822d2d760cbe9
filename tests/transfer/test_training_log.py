from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError

START = datetime(2020, 1, 1)


def log_of(rows, *, name="log", titles=None, scale=None, **options) -> Dataset:
    """A log of (user, item, rating, day)."""
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "day"], orient="row")
    frame = frame.with_columns(
        rating=pl.col("rating").cast(pl.Float32),
        time=pl.lit(START) + pl.duration(days=pl.col("day")),
    ).drop("day")
    items = frame["item"].unique().sort()
    table = pl.DataFrame(
        {"item": items, "title": [titles[i] if titles else f"Film {i} (2000)" for i in items]}
    )
    return Dataset.from_frame(frame, item_table=table, name=name, scale=scale, **options)


@pytest.fixture
def log():
    return log_of(
        [(1, 1, 5, 0), (1, 2, 3, 9), (2, 1, 4, 1), (2, 3, 2, 8), (3, 2, 5, 2), (3, 3, 1, 7)],
        name="first",
    )


@pytest.fixture
def other():
    titles = {10: "film 1", 20: "FILM 2", 90: "Another one"}
    return log_of(
        [(1, 10, 2, 0), (1, 90, 4, 1), (7, 20, 3, 5), (7, 10, 1, 20)], name="second", titles=titles
    )


def split_of(log, sides, kind="predefined") -> Split:
    return Split(log, np.array(sides, np.uint8), kind=kind, sentence="As given.", ties="")


def test_users_of_the_second_log_stand_after_those_of_the_first(log, other):
    both = pn.joined(log, other)
    assert both.items == log.items
    assert both.item_table.equals(log.item_table)
    assert both.frame()[: len(log)].equals(log.frame())
    new = both.frame()[len(log) :]
    # User 1 of the second log is somebody else; the film that nobody has here is left out.
    assert new.select("user", "item", "rating").rows() == [(11, 1, 2), (17, 2, 3), (17, 1, 1)]
    assert both.name == "first + second"


def test_held_out_events_stay_the_first_logs(log, other):
    split = split_of(log, [TRAIN, TEST, TRAIN, VALIDATION, TRAIN, TEST])
    both = pn.joined(split, other)
    assert len(both.train) == len(split.train) + 3
    for part in ("test", "validation"):
        before, after = getattr(split, part), getattr(both, part)
        assert (before.items == after.items).all()
        assert (before.ratings == after.ratings).all()
        assert (
            split.log.users.take(before.histories.users).to_list()
            == both.log.users.take(after.histories.users).to_list()
        )
        assert (before.histories.items == after.histories.items).all()
    assert "3 events of 2 users of second, 2 of whose 3 items were matched by title" in (
        both.sentence
    )
    assert both.fingerprint != split.fingerprint


def test_by_time_nothing_later_than_training_enters(log, other):
    split = split_of(log, [TRAIN, TEST, TRAIN, TEST, TRAIN, TEST], kind="time")
    both = pn.joined(split, other)
    new = both.log.frame()[len(log) :]
    assert new["time"].max() < START + timedelta(days=7)
    assert "1 from after the training events" in both.sentence


def test_by_sessions_nothing_later_than_training_enters(log, other):
    # The user who begins last, on day 2, is held out.
    split = pn.split_sessions(log, validation=0, test=0.3)
    assert pn.joined(log, other).frame()["time"].max() == START + timedelta(days=20)
    both = pn.joined(split, other)
    new = both.log.frame()[len(log) :]
    assert new["time"].to_list() == [START]
    assert "2 from after the training events" in both.sentence


def test_of_cold_items_no_event_enters(log, other):
    # Film 2 (user 7's event on day 5) is held out.
    sides = [TEST if item == 2 else TRAIN for item in log.frame()["item"]]
    both = pn.joined(split_of(log, sides, kind="cold-items"), other)
    assert both.log.frame()[len(log) :]["item"].to_list() == [1, 1]
    assert "1 on items that are held out" in both.sentence


def test_events_without_a_user_stay(log, other):
    nobody = pl.DataFrame({"item": [2, 1]})
    log = Dataset.from_frame(log.frame(), item_table=log.item_table, anonymous=nobody)
    assert pn.joined(log, other).anonymous_frame()["item"].to_list() == [2, 1]


def test_a_person_who_is_in_both_logs_is_left_out(log):
    titles = {10: "Film 1", 20: "Film 2", 30: "Film 3", 40: "Film 4"}
    first = log_of([(1, n, n % 5 + 1, n) for n in range(1, 5)], name="first")
    # User 50 is user 1 of the first log: what is held out there is in this history.
    rows = [(50, 10 * n, n % 5 + 1, n) for n in range(1, 5)]
    rows += [(60, 10, 2, 1), (60, 20, 3, 2), (60, 30, 1, 9)]  # two equal events are chance
    both = pn.joined(split_of(first, [0, 0, 0, 2]), log_of(rows, name="second", titles=titles))
    assert both.log.frame()[len(first) :]["user"].unique().to_list() == [70]
    assert "4 events of 1 users who are in both logs" in both.sentence


def test_equal_ids_may_be_the_same_person(log, other):
    split = split_of(log, [TRAIN, TEST, TRAIN, TRAIN, TRAIN, TRAIN])
    titles = {2: "x", 3: "Film 3", 1: "Film 1"}
    second = log_of(
        [(1, 3, 4, 3), (1, 3, 4, 12), (1, 1, 5, 2), (9, 1, 3, 50)], name="second", titles=titles
    )
    both = pn.joined(split, second, same_users=True)
    new = both.log.frame()[len(log) :]
    # What the user has in the first log, and what comes after the held-out event, is left out.
    assert new.select("user", "item", "rating").rows() == [(1, 3, 4), (9, 1, 3)]
    assert both.test.histories.lengths.tolist() == [2]


def test_texts_of_held_out_reviews_match_nothing(log):
    frame = log.frame().with_columns(text=pl.Series(["soft", "sturdy"] * 3))
    first = Dataset.from_frame(frame, name="first")
    second = Dataset.from_frame(
        pl.DataFrame({"user": [5], "item": [70], "rating": [4.0], "text": ["sturdy"]}), name="s"
    )
    split = split_of(first, [TRAIN, TEST] * 3)
    with pytest.raises(DataError, match="No event of 's'"):
        pn.joined(split, second, on="text")
    assert len(pn.joined(first, second, on="text")) == len(first) + 1


def test_ratings_are_brought_to_the_scale_of_the_first(log):
    ten = log_of([(1, 1, 1, 0), (1, 2, 10, 1)], name="ten", scale=(1.0, 10.0))
    stars = Dataset.from_frame(log.frame(), item_table=log.item_table, scale=(0.5, 5.0))
    assert pn.joined(stars, ten).ratings[-2:].tolist() == [0.5, 5.0]
    five = log_of([(1, 1, 1, 0), (1, 2, 4, 1)], name="five", scale=(1.0, 5.0))
    assert pn.joined(stars, five).ratings[-2:].tolist() == [1.0, 4.0]


def test_logs_with_and_without_ratings_weights_and_texts(log, other):
    bare = Dataset.from_frame(other.frame().drop("rating"), item_table=other.item_table, name="b")
    with pytest.raises(DataError, match="'b' has no ratings"):
        pn.joined(log, bare)
    seen = Dataset.from_frame(log.frame().drop("rating"), item_table=log.item_table)
    assert not pn.joined(seen, other).has_ratings
    heavy = Dataset.from_frame(
        log.frame().with_columns(weight=pl.lit(2.0), text=pl.lit("x")), item_table=log.item_table
    )
    both = pn.joined(heavy, other)
    assert both.weights.tolist() == [2.0] * 6 + [1.0] * 3
    assert both.events["text"][-3:].to_list() == [None] * 3


def test_ids_of_users_are_new_whatever_they_are(log, other):
    named = Dataset.from_frame(
        other.frame().with_columns(user=pl.format("u{}", "user")), item_table=other.item_table,
        name="second",
    )  # fmt: skip
    assert pn.joined(log, named).frame()["user"][-3:].to_list() == [10, 11, 11]
    words = Dataset.from_frame(
        log.frame().with_columns(user=pl.col("user").cast(pl.String)), item_table=log.item_table
    )
    assert pn.joined(words, other).frame()["user"][-1] == "second:7"
    with pytest.raises(DataError, match="no user can be the same"):
        pn.joined(words, other, same_users=True)


def test_nothing_in_common_is_refused(log):
    far = log_of([(1, 1, 3, 0)], name="far", titles={1: "Something else"})
    with pytest.raises(DataError, match=r"No event of 'far'.*match items in another way"):
        pn.joined(log, far)


@given(
    first=st.lists(st.tuples(*[st.integers(1, 6)] * 4), min_size=5, max_size=20),
    second=st.lists(st.tuples(*[st.integers(1, 6)] * 4), min_size=1, max_size=20),
)
def test_what_is_joined_is_what_a_loop_selects(first, second):
    log, other = log_of(first), log_of(second, name="second")
    known = {row[1] for row in first}
    ours = {(u, i, r, d) for u, i, r, d in first}
    same: dict[tuple[int, int], set] = {}
    for u, i, r, d in second:
        for own, *event in ours:
            if event == [i, r, d]:
                same.setdefault((u, own), set()).add((i, r, d))
    people = {u for (u, _), events in same.items() if len(events) >= 3}
    wanted = [(u, i, r) for u, i, r, _ in second if i in known and u not in people]
    if not wanted:
        with pytest.raises(DataError):
            pn.joined(log, other)
        return
    found = pn.joined(log, other).frame()[len(log) :].select("user", "item", "rating").rows()
    assert [(u - 10, i, r) for u, i, r in found] == wanted
