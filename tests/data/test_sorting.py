from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.event_order import event_order
from penchant.data.sorting import sorted_with_order

WIDE = 2**62


@given(
    st.lists(st.integers(-5, 5), max_size=40),
    st.sampled_from([1, 1_000, 1_000_000, 2**40, 2**59]),
    st.sampled_from([0, 7, -WIDE]),
)
def test_whole_numbers_of_all_sizes(numbers, unit, shift):
    values = np.array(numbers, np.int64) * unit + shift
    ordered, order = sorted_with_order(values)
    assert order.tolist() == sorted(range(len(numbers)), key=lambda n: (numbers[n], n))
    assert ordered.tolist() == sorted(values.tolist())


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
def test_microseconds_of_centuries(unit):
    """More than fits beside positions, unless all are whole milliseconds or seconds."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, 10**16, 5000) * 100 // unit * unit
    values[::2] = values[1::2]
    ordered, order = sorted_with_order(values)
    np.testing.assert_array_equal(order, np.argsort(values, kind="stable"))
    np.testing.assert_array_equal(ordered, np.sort(values))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(-3, 3)), max_size=30),
    st.booleans(),
)
def test_events_are_ordered_as_a_data_frame_sorts_them(events, timed):
    columns = {"user": pl.Series([u for u, _ in events], dtype=pl.Int32)}
    if timed:
        columns["time"] = pl.Series([t for _, t in events], dtype=pl.Datetime("us"))
    frame = pl.DataFrame(columns)
    expected = frame.with_row_index("at").sort(list(columns), maintain_order=True)["at"].to_list()
    assert event_order(frame, 5).tolist() == expected
