from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.histories import Histories
from penchant.errors import ParameterError

N_ITEMS = 6
event = st.tuples(
    st.integers(0, 4), st.integers(0, N_ITEMS - 1), st.integers(1, 5), st.integers(0, 3)
)


def frame_of(events):
    user, item, rating, time = zip(*events, strict=True) if events else ([], [], [], [])
    return pl.DataFrame(
        {"user": user, "item": item, "rating": rating, "time": time},
        schema={"user": pl.Int32, "item": pl.Int32, "rating": pl.Float32, "time": pl.Int64},
    ).with_columns(pl.col("time").cast(pl.Datetime("us")))


def expected_events(events, user):
    """The user's (item, rating, time) in the order of time, then of rows."""
    return sorted((e[1:] for e in events if e[0] == user), key=lambda e: e[2])


def events_of(histories, n):
    one = histories.block(n, n + 1)
    return list(zip(one.items.tolist(), one.ratings.tolist(), one.times.tolist(), strict=True))


@given(st.lists(event, max_size=30), st.sets(st.integers(0, 5)))
@settings(deadline=None)
def test_events_are_grouped_and_ordered(events, wanted):
    users = np.array(sorted(wanted), np.int32)
    histories = Histories.from_events(frame_of(events), users, N_ITEMS)
    assert len(histories) == len(users)
    for n, user in enumerate(users):
        assert events_of(histories, n) == expected_events(events, user)
    assert histories.lengths.sum() == histories.n_events
    assert histories.rows.tolist() == np.repeat(np.arange(len(users)), histories.lengths).tolist()


@given(st.lists(event, max_size=30), st.lists(st.integers(0, 5), max_size=8))
@settings(deadline=None)
def test_take_and_block(events, positions):
    everyone = Histories.from_events(frame_of(events), np.arange(6, dtype=np.int32), N_ITEMS)
    some = everyone.take(positions)
    assert some.users.tolist() == positions
    assert [events_of(some, n) for n in range(len(some))] == [
        events_of(everyone, p) for p in positions
    ]
    middle = everyone.block(2, 99)
    assert middle.users.tolist() == [2, 3, 4, 5]
    assert [events_of(middle, n) for n in range(4)] == [events_of(everyone, n) for n in range(2, 6)]
    assert np.shares_memory(middle.items, everyone.items) or not middle.n_events


@given(st.lists(event, max_size=30))
@settings(deadline=None)
def test_the_last_of_repeated_events_counts(events):
    histories = Histories.from_events(frame_of(events), np.arange(6, dtype=np.int32), N_ITEMS)
    rating = np.zeros((6, N_ITEMS), np.float32)
    for user in range(6):
        for item, value, _ in expected_events(events, user):
            rating[user, item] = value
    np.testing.assert_array_equal(histories.matrix("rating").toarray(), rating)
    np.testing.assert_array_equal(histories.matrix().toarray(), (rating > 0).astype(np.float32))
    assert histories.matrix().nnz == histories.is_latest.sum()
    assert histories.matrix().has_sorted_indices
    assert histories.matrix().dtype == np.float32


def test_ratings_of_zero_stay_entries():
    one = Histories.of([1, 2], n_items=4, ratings=[0.0, 3.0])
    assert one.matrix("rating").nnz == 2


def test_signatures_ignore_order_and_see_everything_else():
    def signature(items, ratings=None):
        return int(Histories.of(items, n_items=9, ratings=ratings).signatures[0])

    assert signature([1, 2, 3]) == signature([3, 1, 2])
    assert signature([1, 2], [4, 5]) == signature([2, 1], [5, 4])
    different = [
        signature([]),
        signature([0]),
        signature([1]),
        signature([1, 1]),
        signature([1, 2]),
        signature([1, 2], [4, 5]),
        signature([1, 2], [5, 4]),
        signature([1, 2], [4, 4]),
        signature([1], [1]),
        signature([2], [0]),
    ]
    assert len(set(different)) == len(different)


def test_signatures_do_not_depend_on_the_batch():
    rng = np.random.default_rng(0)
    batch = Histories(
        users=np.arange(4, dtype=np.int32),
        offsets=np.array([0, 3, 3, 7, 10]),
        items=rng.integers(0, 9, 10).astype(np.int32),
        ratings=rng.integers(1, 6, 10).astype(np.float32),
        times=None,
        n_items=9,
    )
    alone = [batch.block(n, n + 1).signatures[0] for n in range(4)]
    assert batch.signatures.tolist() == alone


def test_one_user():
    one = Histories.of([3, 1], n_items=5, user=7)
    assert (one.users.tolist(), one.lengths.tolist(), one.ratings) == ([7], [2], None)
    with pytest.raises(ParameterError, match="no ratings"):
        one.matrix("rating")
    with pytest.raises(ParameterError, match="2 items were given with 1 ratings"):
        Histories.of([3, 1], n_items=5, ratings=[1])


def test_events_without_time_or_rating():
    events = frame_of([(0, 3, 1, 2), (0, 1, 1, 1)]).drop("time", "rating")
    histories = Histories.from_events(events, np.array([0], np.int32), N_ITEMS)
    assert histories.items.tolist() == [3, 1]
    assert histories.ratings is None
    assert histories.times is None
