from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import GIVEN, TEST, TRAIN, UNUSED, VALIDATION
from penchant.errors import DataError, ParameterError
from penchant.models import make


def log_of(rows, columns=("user", "basket", "item", "time")) -> Dataset:
    """A log of sessions, from rows of a user, a session, an item and seconds."""
    frame = pl.DataFrame(rows, list(columns), orient="row").with_columns(pl.from_epoch("time"))
    return Dataset.from_frame(frame, in_sessions="basket" in columns)


def visits(n: int = 10, length: int = 3) -> Dataset:
    """A session a user, each of other items, mixed in the file."""
    rows = [(n - 1 - s, s + k, 100 * (n - 1 - s) + k) for k in range(length) for s in range(n)]
    return log_of(rows, ("user", "item", "time"))


def pairs(log, holdout) -> dict:
    """The history of each user and what came after."""
    histories = holdout.histories
    return {
        log.users[int(user)]: (
            [log.items[int(i)] for i in histories.items[histories.offsets[n] :][:lengths]],
            [log.items[int(i)] for i in holdout.items[holdout.offsets[n] : holdout.offsets[n + 1]]],
        )
        for n, (user, lengths) in enumerate(zip(histories.users, histories.lengths, strict=True))
    }


def test_sessions_that_begin_last_are_held_out_whole():
    log = visits()
    split = pn.split_sessions(log, validation=0.2, test=0.3)
    assert pairs(log, split.test) == {7: ([2, 3], [4]), 8: ([1, 2], [3]), 9: ([0, 1], [2])}
    assert pairs(log, split.validation) == {5: ([4, 5], [6]), 6: ([3, 4], [5])}
    assert set(split.train.events["user"]) == {0, 1, 2, 3, 4}
    assert (split.kind, split.repeats, split.seed) == ("sessions", "allowed", None)
    assert "from 1970-01-01T00:11:40; a user is a session" in split.sentence
    without = pn.split_sessions(log, validation=0, test=0.3)
    assert without.validation is None
    assert set(without.train.events["user"]) == set(range(7))


def test_one_event_judges_nothing_and_equal_beginnings_fall_on_the_later_side():
    rows = [
        (u, i, t) for u, t in enumerate([0, 1, 2, 5, 5, 5, 5]) for i in range(2 if u != 4 else 1)
    ]
    log = log_of(rows, ("user", "item", "time"))
    split = pn.split_sessions(log, validation=0, test=0.2)
    assert sorted(split.test.histories.users) == [3, 5, 6]
    assert split.sides[log.events["user"].to_numpy() == 4].tolist() == [UNUSED]


def test_the_last_session_of_a_user_judges_with_earlier_ones_given():
    rows = [
        *(
            ("x", "a", 1, 0),
            ("x", "a", 2, 1),
            ("x", "b", 3, 50),
            ("x", "c", 4, 90),
            ("x", "c", 5, 91),
        ),
        *(("y", "d", 1, 2), ("y", "d", 3, 3), ("y", "e", 2, 60), ("y", "e", 4, 61)),
        *(("z", "f", 6, 4), ("z", "f", 7, 5), ("z", "g", 6, 95)),
        *(("w", "h", 6, 6), ("w", "h", 1, 7)),
    ]
    log = log_of(rows)
    split = pn.split_sessions(log, validation=0.25, test=0.25)  # of 8 sessions
    assert pairs(log, split.test) == {"x": ([1, 2, 3, 4], [5])}
    assert pairs(log, split.validation) == {"y": ([1, 3, 2], [4])}
    assert split.sides.tolist() == [
        *(TRAIN, TRAIN, GIVEN, GIVEN, TEST),
        *(TRAIN, TRAIN, GIVEN, VALIDATION),
        *(TRAIN, TRAIN, UNUSED, TRAIN, TRAIN),
    ]
    last = split.test.histories.last_session
    assert [log.items[int(i)] for i in last.items] == [4]
    known = split.train_and_validation.events["row"].to_list()
    assert known == [
        n for n, side in enumerate(split.sides, 1) if n not in (3, 4, 5) and side != UNUSED
    ]


def test_what_a_session_that_began_earlier_has_after_the_target_is_left_out():
    rows = [("x", "a", 1, 0), ("x", "b", 2, 10), ("x", "b", 3, 11), ("x", "a", 4, 12)]
    log = log_of([*rows, ("y", "c", 1, 0), ("y", "c", 2, 1)])
    split = pn.split_sessions(log, validation=0, test=0.3)
    assert pairs(log, split.test) == {"x": ([1, 2], [3])}
    assert split.sides.tolist() == [TRAIN, GIVEN, TEST, UNUSED, TRAIN, TRAIN]


def test_every_prefix_predicts_its_next_item():
    log = visits(n=10, length=4)
    whole = pn.split_sessions(log, validation=0.1, test=0.2)
    split = pn.split_sessions(log, validation=0.1, test=0.2, augment=True)
    assert sorted(pairs(split.log, split.test).values()) == [
        *(([0], [1]), ([0, 1], [2]), ([0, 1, 2], [3])),
        *(([1], [2]), ([1, 2], [3]), ([1, 2, 3], [4])),
    ]
    assert sorted(pairs(split.log, split.validation).values()) == [
        ([2], [3]),
        ([2, 3], [4]),
        ([2, 3, 4], [5]),
    ]
    assert split.log.items.ids.equals(log.items.ids)
    assert split.train.frame().equals(whole.train.frame())
    assert "6 shorter prefixes are users of their own" in split.sentence
    # However many prefixes of a session there are, models learn it once in the end.
    assert len(split.train_and_validation) == len(whole.train_and_validation) == 8 * 4
    evaluation = pn.evaluate([make("popular")], split, ["hr@3", "mrr@3"], replicates=20)
    assert "popular" in str(evaluation)


def test_prefixes_of_users_with_texts_for_ids_have_what_came_before():
    rows = [("x", "a", 1, 0), ("x", "a", 2, 1), *(("x", "b", i, 50 + i) for i in (3, 4, 5))]
    log = log_of([*rows, ("y", "c", 1, 0), ("y", "c", 2, 1)])
    split = pn.split_sessions(log, validation=0, test=0.3, augment=True)
    assert sorted(pairs(split.log, split.test).values()) == [
        ([1, 2, 3], [4]),
        ([1, 2, 3, 4], [5]),
    ]
    assert set(split.train.frame()["user"]) == {"x", "y"}
    known = split.test.histories.last_session
    assert sorted(known.lengths.tolist()) == [1, 2]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 6), st.integers(0, 30)),
        min_size=8,
        max_size=60,
    ),
    augment=st.booleans(),
)
def test_nothing_of_a_later_session_is_learned_from_nor_known(rows, augment):
    log = log_of(rows)
    try:
        split = pn.split_sessions(log, validation=0.2, test=0.3, augment=augment)
    except DataError:
        return  # there are too few sessions
    events = split.log.events.with_columns(side=pl.Series(split.sides))
    starts = events.select(pl.col("time").min().over("user", "basket")).to_series()
    held_out = events["side"].is_in([VALIDATION, TEST])
    assert starts.filter(events["side"] == TRAIN).max() <= starts.filter(held_out).min()
    for holdout in (split.validation, split.test):
        if holdout is None:
            continue
        histories = holdout.histories
        assert (np.diff(holdout.offsets) == 1).all()
        latest = histories.times[histories.offsets[1:] - 1]
        assert (histories.lengths > 0).all()
        assert (latest <= holdout.rows.times).all()


def test_what_cannot_be_split(tmp_path):
    log = visits()
    untimed = replace(log, events=log.events.drop("time"))
    with pytest.raises(DataError, match="not every event has one"):
        pn.split_sessions(untimed)
    with pytest.raises(ParameterError, match="Shares"):
        pn.split_sessions(log, test=0)
    single = log_of([(n, 1, n) for n in range(9)], ("user", "item", "time"))
    with pytest.raises(
        DataError, match="no session with two events or more begins in the last 10%"
    ):
        pn.split_sessions(single)
    long = log_of(
        [(0, 1, 0), (0, 2, 1), *((1, n, 10 + n) for n in range(10_000))], ("user", "item", "time")
    )
    assert len(pn.split_sessions(long, validation=0, test=0.4).test) == 1
    with pytest.raises(DataError, match="without augment"):
        pn.split_sessions(long, validation=0, test=0.4, augment=True)


def test_events_without_a_user_train_where_they_are_from_before_what_is_held_out():
    log = visits()  # a session each 100 seconds; with these shares validation from 500, test at 700
    nobody = pl.DataFrame({"item": range(6), "time": [499, 500, 699, 700, 701, None]})
    nobody = nobody.with_columns(pl.from_epoch("time"))
    log = Dataset.from_frame(log.frame(), anonymous=nobody)
    split = pn.split_sessions(log, validation=0.2, test=0.3)
    assert split.train.anonymous["item"].to_list() == [0]
    assert split.train_and_validation.anonymous["item"].to_list() == [0, 1, 2]
    # Prefixes are users of their own, whose events are those of the sessions.
    augmented = pn.split_sessions(log, validation=0.2, test=0.3, augment=True)
    assert augmented.train.anonymous["item"].to_list() == [0]
    assert augmented.train_and_validation.anonymous["item"].to_list() == [0, 1, 2]
    late = Dataset.from_frame(log.frame(), anonymous=nobody[3:])
    assert pn.split_sessions(late, validation=0, test=0.3).train.anonymous is None


def test_a_user_with_earlier_sessions_does_not_move_the_moment_from_which_nothing_is_learned():
    # User 0 has a session at 100, which is given, and one that judges, from 900 on.
    rows = [(0, 1, "a", 100), (0, 1, "b", 110), (0, 2, "c", 900), (0, 2, "d", 910)]
    rows += [(1, n, item, 100 * n + k) for n in range(3, 8) for k, item in enumerate("ab")]
    nobody = pl.DataFrame({"item": ["a", "b", "c"], "time": [150, 850, 905]})
    frame = log_of(rows).frame()
    log = Dataset.from_frame(
        frame, anonymous=nobody.with_columns(pl.from_epoch("time")), in_sessions=True
    )
    split = pn.split_sessions(log, validation=0, test=0.1)
    assert split.train.anonymous_frame()["item"].to_list() == ["a", "b"]
