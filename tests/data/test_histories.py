from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError, ParameterError

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
def test_events_are_grouped_and_ordered(events, wanted):
    users = np.array(sorted(wanted), np.int32)
    histories = Histories.from_events(frame_of(events), users, N_ITEMS)
    assert len(histories) == len(users)
    for n, user in enumerate(users):
        assert events_of(histories, n) == expected_events(events, user)
    assert histories.lengths.sum() == histories.n_events
    assert histories.rows.tolist() == np.repeat(np.arange(len(users)), histories.lengths).tolist()


@given(st.lists(event, max_size=30), st.lists(st.integers(0, 5), max_size=8))
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


@given(st.lists(event, max_size=30), st.booleans(), st.sampled_from([1, 2**57]))
def test_matrices_are_sums_and_last_values(events, positive, wide):
    """Beside dictionaries; some catalogues leave no room to sort plain numbers."""
    users = Histories.from_events(frame_of(events), np.arange(6, dtype=np.int32), N_ITEMS)
    weights = np.arange(1, len(events) + 1, dtype=np.float32)
    users = replace(users, weights=weights, positive=3 if positive else None)
    users = replace(users, n_items=N_ITEMS * wide)
    last, total = {}, {}
    for n, pair in enumerate(zip(users.rows.tolist(), users.items.tolist(), strict=True)):
        last[pair] = users.ratings[n]
        total[pair] = total.get(pair, 0.0) + users.event_weights[n]
    likes = {pair for pair, rating in last.items() if not positive or rating >= 3}
    for values, wanted in (
        ("rating", last),
        ("seen", dict.fromkeys(last, 1)),
        ("interaction", dict.fromkeys(likes, 1)),
        ("weight", {pair: total[pair] for pair in likes}),
    ):
        matrix = users.matrix(values)
        assert matrix.shape == (6, N_ITEMS * wide)
        row = np.repeat(np.arange(6), np.diff(matrix.indptr)).tolist()
        pairs = list(zip(row, matrix.indices.tolist(), strict=True))
        assert pairs == sorted(wanted)
        np.testing.assert_allclose(matrix.data, [wanted[p] for p in pairs], rtol=1e-6)
        assert matrix.dtype == np.float32


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
    with pytest.raises(ParameterError, match="are 2 items and 1 rating: give"):
        Histories.of([3, 1], n_items=5, ratings=[1])


def test_events_without_time_or_rating():
    events = frame_of([(0, 3, 1, 2), (0, 1, 1, 1)]).drop("time", "rating")
    histories = Histories.from_events(events, np.array([0], np.int32), N_ITEMS)
    assert histories.items.tolist() == [3, 1]
    assert histories.ratings is None
    assert histories.times is None


def log_with(**columns):
    frame = pl.DataFrame({"user": [1, 1, 1, 2, 2, 3], "item": [10, 20, 10, 10, 30, 20], **columns})
    return Dataset.from_frame(frame)


def test_weights_are_relative_to_the_users_mean_and_add_up():
    users = log_with(weight=[2.0, 2.0, 8.0, 5.0, 15.0, 7.0]).histories
    wanted = [[10 / 6, 2 / 6, 0], [0.5, 0, 1.5], [0, 1, 0]]
    np.testing.assert_allclose(users.matrix("weight").toarray(), wanted, rtol=1e-6)
    np.testing.assert_allclose(users.event_weights.sum(), 5, rtol=1e-6)
    assert users.matrix().toarray().tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert users.popularity.tolist() == [15, 9, 15]
    scaled = log_with(weight=[20.0, 20.0, 80.0, 50.0, 150.0, 70.0]).histories
    np.testing.assert_allclose(scaled.event_weights, users.event_weights, rtol=1e-6)
    equal = log_with().histories
    assert equal.weights is None
    assert equal.event_weights.tolist() == [0, 1, 1, 1, 1, 1]


def test_the_last_rating_decides_which_events_are_positive():
    log = replace(log_with(rating=[5, 4, 2, 4, 1, 3]), positive=4)
    users = log.histories
    assert users.is_positive.tolist() == [False, True, False, True, False, False]
    assert users.matrix().toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert users.matrix("seen").toarray().tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert users.matrix("rating").toarray().tolist() == [[2, 4, 0], [4, 0, 1], [0, 3, 0]]
    assert users.popularity.tolist() == [1, 1, 0]
    assert log.positives.frame().select("user", "item").rows() == [(1, 20), (2, 10)]
    alone = users.positives
    assert alone.offsets.tolist() == [0, 1, 2, 2]
    assert alone.items.tolist() == [1, 0]
    assert users.block(1, 3).positives.items.tolist() == [0]
    assert log.like_threshold == 4
    assert replace(log, positive=None).like_threshold == 4
    assert replace(log, positive=2.5).like_threshold == 2.5


def test_times_decide_which_rating_is_the_last():
    days = [datetime(2024, 1, d) for d in (9, 2, 1, 1, 1, 1)]
    log = replace(log_with(rating=[5, 4, 2, 4, 1, 3], time=days), positive=4)
    assert log.positives.frame()["item"].to_list() == [10, 20, 10, 10]
    assert log.histories.positives.n_events == 4


@pytest.mark.parametrize(
    "order",
    [
        {"time": [datetime(2024, 1, 9), *[datetime(2024, 1, 2)] * 4, None]},
        {"sequence_position": pl.Series([3, 2, 1, 1, 1, 1], dtype=pl.UInt32)},
    ],
)
def test_where_times_are_missing_and_in_sequences_one_rating_is_the_last(order):
    # User 1 rates item 10 with 5 and, in an earlier row that is later in order, with 2.
    log = replace(log_with(rating=[5, 4, 2, 4, 1, 3], **order), positive=4)
    histories = log.histories.positives
    users = log.users.take(histories.users[histories.rows]).to_list()
    items = log.items.take(histories.items).to_list()
    of_log = log.positives.frame().select("user", "item").rows()
    assert sorted(zip(users, items, strict=True)) == sorted(of_log)
    assert log.positives.frame()["item"].to_list().count(10) == 3


@given(
    events=st.lists(event, min_size=1, max_size=30),
    times=st.sampled_from(["all", "some", "none", "positions"]),
    kept=st.integers(0, 2**30 - 1),
)
def test_a_log_and_its_histories_have_the_same_positives(events, times, kept):
    frame = frame_of(events)
    if times == "some":
        frame = frame.with_columns(time=pl.col("time").replace(datetime(1970, 1, 1), None))
    elif times == "positions":
        frame = frame.with_columns(sequence_position=pl.col("time").to_physical().cast(pl.UInt32))
    if times in ("none", "positions"):
        frame = frame.drop("time")
    log = Dataset.from_frame(frame, positive=3.0)
    mask = np.array([bool(kept >> n & 1) for n in range(len(events))])
    for part in (log, log.subset(mask), log.part(mask)):
        own = part.histories.positives
        of_log = part.positives.histories
        assert own.items.tolist() == of_log.items.tolist()
        assert own.offsets.tolist() == of_log.offsets.tolist()
        assert own.ratings.tolist() == of_log.ratings.tolist()


def test_weights_and_the_lowest_positive_rating_are_in_the_fingerprint():
    plain = log_with(rating=[5, 4, 2, 4, 1, 3])
    weighted = log_with(rating=[5, 4, 2, 4, 1, 3], weight=[1, 2, 3, 4, 5, 6])
    likes = replace(plain, positive=4.0)
    assert len({log.fingerprint for log in (plain, weighted, likes)}) == 3


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf"), None])
def test_impossible_weights_are_refused(weight):
    with pytest.raises(DataError, match="weights are missing, infinite or not above 0"):
        log_with(weight=[1.0, 2.0, 3.0, 4.0, 5.0, weight])
    if weight is not None:
        with pytest.raises(ParameterError, match="above 0"):
            Histories.of([0, 1], n_items=3, weights=[1, weight])


def test_positive_events_need_ratings():
    frame = pl.DataFrame({"user": [1], "item": [2]})
    with pytest.raises(DataError, match="the log has none"):
        Dataset.from_frame(frame, positive=4)


@given(st.lists(event, max_size=30), st.sampled_from([None, 1.0, 3.0, 5.0]))
def test_users_of_an_item_are_counted_once(events, positive):
    histories = Histories.from_events(
        frame_of(events), np.arange(5, dtype=np.int32), N_ITEMS, positive
    )
    last = {}
    for user in range(5):
        for item, rating, _ in expected_events(events, user):
            last[user, item] = rating
    wanted = [
        sum(1 for (_, of), r in last.items() if of == item and (positive is None or r >= positive))
        for item in range(N_ITEMS)
    ]
    assert histories.user_counts.tolist() == wanted
