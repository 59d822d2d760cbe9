from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.basket_logs import log_of_baskets

from penchant.data.baskets import changes, numbers_of_baskets
from penchant.data.dataset import Dataset


def test_a_row_differs_from_the_one_before():
    assert changes(np.array([1, 1, 2, 2]), np.array([5, 5, 5, 6])).tolist() == [1, 0, 1, 1]
    assert changes(np.array([], np.int32)).tolist() == []


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.sampled_from("abc"), st.integers(0, 4)),
        min_size=1,
        max_size=30,
    )
)
def test_baskets_are_numbered_by_their_first_event(rows):
    frame = pl.DataFrame(rows, ["user", "basket", "time"], orient="row").with_columns(
        pl.lit(1).alias("item"), pl.from_epoch("time", time_unit="s")
    )
    log = Dataset.from_frame(frame)
    found = numbers_of_baskets(log.events, log.event_order)
    users = [rows[n][0] for n in log.event_order]
    seen: dict[int, list] = {}
    for place, n in enumerate(log.event_order):
        _user, basket, time = rows[n]
        key = ("basket", basket) if basket is not None else ("instant", time)
        own = seen.setdefault(users[place], [])
        if key not in own:
            own.append(key)
        assert found[place] == own.index(key)


def test_a_log_without_baskets_has_instants_or_single_events():
    frame = pl.DataFrame({"user": ["a"] * 4 + ["b"], "item": [1, 2, 3, 4, 1]})
    plain = Dataset.from_frame(frame)
    assert numbers_of_baskets(plain.events, plain.event_order) is None
    assert not plain.has_baskets
    assert plain.histories.basket_numbers.tolist() == [0, 1, 2, 3, 0]
    times = pl.from_epoch(pl.Series("time", [5, 5, 9, 9, 9]), time_unit="s")
    timed = Dataset.from_frame(frame.with_columns(times))
    assert timed.histories.basket_numbers.tolist() == [0, 0, 1, 1, 0]
    assert timed.histories.take([1, 0]).basket_numbers.tolist() == [0, 0, 0, 1, 1]
    assert plain.histories.take([]).basket_numbers.tolist() == []


def test_numbers_stay_with_their_events():
    log = log_of_baskets({"x": ["ab", "a", "c"], "y": ["a"], "z": ["b", "ab"]})
    histories = log.histories
    assert histories.basket_numbers.tolist() == [0, 0, 1, 2, 0, 0, 1, 1]
    assert histories.take([2]).basket_numbers.tolist() == [0, 1, 1]
    assert histories.block(1, 3).basket_numbers.tolist() == [0, 0, 1, 1]
    assert log.subset((log.events["item"] == 0).to_numpy()).histories.basket_numbers.tolist() == [
        0,
        1,
        0,
        0,
    ]


@pytest.mark.parametrize(("basket", "first"), [("aab", [1, 0, 1]), ("aba", [1, 1, 0])])
def test_an_item_counts_once_in_a_basket(basket, first):
    log = log_of_baskets({"x": [basket, "a"]})
    assert log.histories.is_first_in_basket.tolist() == [*first, 1]
