from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.auditing.from_files import split_of_files
from penchant.data.predefined import hold_out_last_sequences, split_predefined
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.errors import DataError, ParameterError


def frame(pairs, **columns):
    user, item = zip(*pairs, strict=True)
    return pl.DataFrame({"user": user, "item": item, **columns})


TRAINING = frame([("a", 1), ("a", 2), ("b", 3)])
TEST_EVENTS = frame([("b", 1), ("a", 5)])


def negatives(users, lists):
    return pl.DataFrame({"user": users, "items": lists})


def test_sides_are_as_given():
    split = split_predefined(
        TRAINING, TEST_EVENTS, validation=frame([("a", 3)]), sentence="As published."
    )
    assert split.sides.tolist() == [TRAIN] * 3 + [VALIDATION] + [TEST] * 2
    assert (split.kind, split.sentence, split.candidates) == ("predefined", "As published.", None)
    assert "side" not in split.log.events.columns
    assert split.log.items.ids.to_list() == [1, 2, 3, 5]


def test_parts_may_have_different_columns():
    split = split_predefined(TRAINING.with_columns(style=pl.lit("x")), TEST_EVENTS)
    assert split.log.events["style"].to_list() == ["x"] * 3 + [None] * 2


def test_candidates_join_the_users_positives():
    split = split_predefined(
        TRAINING, TEST_EVENTS, candidates=negatives(["a", "b"], [[9, 3], [2, 8]])
    )
    ids = [set(split.log.items.take(row).to_list()) for row in split.candidates]
    assert [split.log.users[int(u)] for u in split.test.histories.users] == ["a", "b"]
    assert ids == [{9, 3, 5}, {2, 8, 1}]
    assert split.negatives == 2
    assert split.test.candidates is split.candidates
    assert "2 given negatives" in split.sentence


def test_lists_of_different_length_are_padded():
    test_events = frame([("b", 1), ("a", 5), ("a", 3)])
    split = split_predefined(
        TRAINING,
        test_events,
        candidates=negatives(["b", "a", "z"], [[2], [8, 9], [1]]),
        user_table=pl.DataFrame({"user": ["z"]}),
    )
    lists = [[split.log.items[int(i)] for i in row if i >= 0] for row in split.candidates]
    assert [sorted(row) for row in lists] == [[3, 5, 8, 9], [1, 2]]
    assert split.candidates.shape == (2, 4)


def test_candidates_of_unknown_users_are_nobodys():
    lists = negatives(["a", "b", "nobody"], [[9], [8], [7, 9]])
    split = split_predefined(TRAINING, TEST_EVENTS, candidates=lists)
    ids = [{split.log.items[int(i)] for i in row if i >= 0} for row in split.candidates]
    assert ids == [{9, 5}, {8, 1}]


def test_candidates_change_the_fingerprint():
    one, two = (
        split_predefined(
            TRAINING,
            TEST_EVENTS,
            candidates=negatives(["a", "b"], [[3], [last]]),
            item_table=pl.DataFrame({"item": [8, 9]}),
        )
        for last in (8, 9)
    )
    assert one.fingerprint != two.fingerprint


def test_users_without_candidates_are_an_error():
    with pytest.raises(DataError, match="1 test user has no candidate list, such as 'b'"):
        split_predefined(TRAINING, TEST_EVENTS, candidates=negatives(["a"], [[3]]))


def test_unknown_candidates_are_an_error():
    with pytest.raises(DataError, match="1 candidate items are in no table"):
        split_predefined(
            TRAINING,
            TEST_EVENTS,
            candidates=negatives(["a", "b"], [[3], [77]]),
            item_table=pl.DataFrame({"item": [8]}),
        )


def test_candidate_lists_of_unknown_users_are_ignored():
    split = split_predefined(
        TRAINING, TEST_EVENTS, candidates=negatives(["a", "b", "new"], [[3], [2], [2]])
    )
    assert split.candidates.shape == (2, 2)


SECONDS = [881_250_949, 881_250_950, 881_250_951]
READ = [datetime(1997, 12, 4, 15, 55, 49) + timedelta(seconds=n) for n in range(3)]


@pytest.mark.parametrize(
    "written",
    [
        pl.Series(SECONDS),
        pl.Series(SECONDS, dtype=pl.Int32),
        pl.Series(SECONDS).cast(pl.Float64),
        pl.Series(SECONDS) * 1000,
        pl.Series(SECONDS).cast(pl.String),
        pl.Series(READ),
        pl.Series(READ).cast(pl.String),
        pl.Series(READ).dt.replace_time_zone("Asia/Tokyo") + timedelta(hours=9),
    ],
)
def test_times_are_read_as_files_are(written):
    train = TRAINING.with_columns(time=written)
    test = TEST_EVENTS.with_columns(time=pl.Series(SECONDS[:2]) + 60)
    log = split_predefined(train, train[:2], validation=train[1:]).log
    assert log.events["time"].to_list() == READ + READ[1:] + READ[:2]
    assert log.events["time"].equals(split_of_files(train, train[:2], train[1:]).log.events["time"])
    if written.dtype != pl.Int64 or written[0] == SECONDS[0]:  # times of another kind go with it
        times = split_predefined(train, test).log.events["time"]
        assert times.to_list()[3:] == [time + timedelta(minutes=1) for time in READ[:2]]


def test_all_parts_decide_on_what_dates_leave_open():
    train = TRAINING.with_columns(time=pl.Series(["03/04/2021", "05/04/2021", "06/04/2021"]))
    test = TEST_EVENTS.with_columns(time=pl.Series(["25/04/2021", "26/04/2021"]))
    times = split_predefined(train, test).log.events["time"]
    assert times.dt.month().to_list() == [4] * 5


def test_numbers_that_count_events_are_no_years_in_one_part():
    train = TRAINING.with_columns(time=pl.Series([10, 20, 30]))
    test = TEST_EVENTS.with_columns(time=pl.Series([2000, 2001]))
    times = split_predefined(train, test).log.events["time"]
    assert times.is_sorted()
    assert times[4] == datetime(1970, 1, 1, 0, 33, 21)


def test_parts_in_different_units_are_refused():
    train, test = (
        TRAINING.with_columns(time=pl.Series(SECONDS)),
        TEST_EVENTS.with_columns(time=pl.Series(SECONDS[:2]) * 1000),
    )
    words = "Times of training events are in s since 1970 and those of test events in ms"
    with pytest.raises(DataError, match=words):
        split_predefined(train, test)


def test_a_part_may_have_no_times():
    log = split_predefined(TRAINING.with_columns(time=pl.Series(SECONDS)), TEST_EVENTS).log
    assert log.events["time"].to_list() == [*READ, None, None]
    empty = TRAINING[:0].with_columns(time=pl.Series([], dtype=pl.String))
    timed = TRAINING.with_columns(time=pl.Series(SECONDS))
    assert split_predefined(timed, timed, validation=empty).log.events["time"].to_list() == READ * 2


def test_usual_names_of_columns_are_known(caplog):
    names = {"user": "userId", "item": "item_id", "time": "timestamp", "rating": "stars"}
    train = TRAINING.with_columns(time=pl.Series(SECONDS), rating=pl.Series([1, 2, 3]))
    test = TEST_EVENTS.with_columns(time=pl.Series(SECONDS[:2]), rating=pl.Series([4.5, 2]))
    log = split_predefined(train, test.rename(names)).log
    assert log.frame().drop("row").equals(split_predefined(train, test).log.frame().drop("row"))
    assert log.ratings.tolist() == [1, 2, 3, 4.5, 2]
    assert (log.has_times, caplog.messages) == (
        True,
        [
            "predefined: guessed from names of the test events: user='userId', item='item_id', "
            "rating='stars', time='timestamp'."
        ],
    )


@pytest.mark.parametrize(
    ("change", "users"),
    [
        (pl.Int32, [1, 2, 7]),
        (pl.Float64, [1, 2, 7]),
        (pl.String, ["1", "2", "7"]),
        (pl.Categorical, ["1", "2", "7"]),
    ],
)
def test_ids_of_different_types_are_those_of_an_audit(change, users):
    train = pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 1]})
    test = pl.DataFrame({"user": [2, 7], "item": [2, 2]})
    test = test.cast(pl.String).cast(change)
    split = split_predefined(train, test)
    assert split.log.users.ids.to_list() == users
    assert split.log.events.equals(
        split_of_files(train, test).log.events.with_columns(row=split.log.events["row"])
    )
    swapped = split_predefined(test, train)
    assert (swapped.log.users.ids.to_list(), swapped.sides.tolist()) == (users, [0, 0, 2, 2, 2])
    assert split_predefined(train, train, validation=test[:0]).log.users.kind == "integer"


@pytest.mark.parametrize("written", [pl.Float64, pl.String])
def test_candidates_may_have_ids_of_another_type(written):
    lists = negatives(["a", "b"], [[9, 3], [2]])
    others = lists.cast({"items": pl.List(written)})
    split, other = (split_predefined(TRAINING, TEST_EVENTS, candidates=c) for c in (lists, others))
    assert (other.log.items.kind == "string") is (written == pl.String)
    assert split.candidates.shape == other.candidates.shape == (2, 3)


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (
            TRAINING,
            TEST_EVENTS.rename({"user": "who"}),
            r"The table of test events has no column 'user', only \['who', 'item'\]",
        ),
        (
            TRAINING.with_columns(rating=1),
            TEST_EVENTS,
            "The table of test events has no column 'rating', and that of training events has one",
        ),
        (
            TRAINING,
            TEST_EVENTS.with_columns(weight=1),
            "The table of training events has no column 'weight', and that of test events has one",
        ),
        (
            TRAINING.with_columns(rating=1),
            TEST_EVENTS.with_columns(rating=pl.lit("good")),
            "The column 'rating' of the test events must have numbers, and is String",
        ),
        (TRAINING, TEST_EVENTS.with_columns(user=None), "2 test user ids are missing"),
        (
            TRAINING,
            TEST_EVENTS.with_columns(user=pl.lit(1.5)),
            "Test user ids must be integers or strings, not Float64",
        ),
        (
            TRAINING.with_columns(style=1),
            TEST_EVENTS.with_columns(style=pl.Series([[1], [2]])),
            r"The column 'style' is Int32 in the table of training events and List\(Int64\) in "
            "that of test events",
        ),
        (
            TRAINING.with_columns(time=pl.lit("soon")),
            TEST_EVENTS.with_columns(time=pl.lit("2020-01-01")),
            "3 times of 'predefined' cannot be used, such as 'soon', which is not a time",
        ),
    ],
)
def test_frames_that_do_not_go_together_are_refused(train, test, words):
    with pytest.raises(DataError, match=words):
        split_predefined(train, test)


def test_candidates_without_lists_are_refused():
    with pytest.raises(DataError, match=r"'items' \(a list for each\)"):
        split_predefined(TRAINING, TEST_EVENTS, candidates=negatives(["a", "b"], [1, 2]))


def test_the_last_sequences_are_for_validation(tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("1 2 3\n\n4 5\n6\n7 8 9\n1 4\n5\n" + "2 3 3\n" * 4)
    test.write_text("1 2 2\n3\n4 9\n")
    logs = [pn.read(path, layout="sequences", quiet=True) for path in (train, test)]
    split = hold_out_last_sequences(split_of_files(*logs), 0.5)
    assert (len(split.validation), len(split.test), split.test.n_new_users) == (5, 3, 1)
    items = split.log.items
    assert [items[int(i)] for i in split.test.items] == [2, 3, 9]
    assert [items[int(i)] for i in split.validation.items] == [4, 3, 3, 3, 3]
    assert [items[int(i)] for i in split.validation.histories.items][:1] == [1]
    held_out = set(split.test.histories.users) | set(np.flatnonzero(split.train.user_counts == 0))
    assert len(held_out) == 3
    assert set(split.train.events["user"]) & held_out == set()
    assert "the last items of the latest 5 of 10 training sequences" in split.sentence
    with pytest.raises(DataError, match="lower the share"):
        hold_out_last_sequences(split_of_files(*logs), 0.9)
    with pytest.raises(ParameterError, match="has validation events"):
        hold_out_last_sequences(split, 0.5)


def test_the_last_sequences_are_for_validation_by_every_item(tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    train.write_text("1 2 3\n4 5\n6\n7 8 9 1\n4 5 2\n")
    test.write_text("1 2 2\n3\n4 9\n")
    logs = [pn.read(path, layout="sequences", quiet=True) for path in (train, test)]
    split = hold_out_last_sequences(split_of_files(*logs), 0.4, augment=True)
    histories, items = split.validation.histories, split.log.items
    found = [
        [items[int(i)] for i in (*known, target)]
        for known, target in zip(
            np.split(histories.items, histories.offsets[1:-1]), split.validation.items, strict=True
        )
    ]
    assert sorted(found) == [[4, 5], [4, 5, 2], [7, 8], [7, 8, 9], [7, 8, 9, 1]]
    assert sorted(split.train.frame()["item"]) == [1, 2, 3, 4, 5, 6]
    assert "every item but the first of the latest 2 of 5 training sequences" in split.sentence
    # Learned from once, however many prefixes it has.
    assert len(split.train_and_validation) == len(logs[0])
    assert len(split.test) == 3
    assert split.test.histories.n_items == len(items)
