from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.reading.cancellations import are_cancellations, net_cancellations

LINES = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", None]),
        st.sampled_from(["tea", "jam"]),
        st.integers(0, 4),  # the day
        st.sampled_from([0.1, 0.2, 0.3, 1.0, 2.0, 5.0, 12.0]),
        st.booleans(),
    ),
    max_size=14,
)


def slowly(lines, has_times):
    """Each cancellation takes from the latest purchase before it that has something left."""
    remaining = [0.0 if cancels else amount for *_, amount, cancels in lines]
    matched = [0.0] * len(lines)
    order = list(range(len(lines)))
    if has_times:
        order.sort(key=lambda n: (lines[n][2], lines[n][4], n))
    for place, n in enumerate(order):
        user, item, _, amount, cancels = lines[n]
        if not cancels or user is None:
            continue
        for earlier in reversed(order[:place]):
            if lines[earlier][:2] == (user, item) and not lines[earlier][4]:
                taken = min(remaining[earlier], amount - matched[n])
                remaining[earlier] -= taken
                matched[n] += taken
    return remaining, matched


@given(LINES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_cancellations_take_from_the_latest_purchases_before_them(lines, has_times):
    schema = {"user": pl.String, "item": pl.String, "time": pl.Int64}
    frame = pl.DataFrame([line[:3] for line in lines], schema=schema, orient="row")
    if not has_times:
        frame = frame.drop("time")
    amount = np.array([line[3] for line in lines], np.float64)
    cancels = np.array([line[4] for line in lines], np.bool_)
    netted = net_cancellations(frame, amount, cancels)
    remaining, matched = slowly(lines, has_times)
    np.testing.assert_allclose(netted.remaining, remaining, atol=1e-5)
    np.testing.assert_allclose(netted.matched, matched, atol=1e-5)


def test_a_cancellation_without_a_time_comes_last_and_a_purchase_first():
    frame = pl.DataFrame({"user": [1] * 4, "item": [2] * 4, "time": [5, None, None, 3]})
    cancels = np.array([False, True, False, True])
    netted = net_cancellations(frame, np.array([4.0, 3.0, 2.0, 2.0]), cancels)
    assert netted.remaining.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert netted.matched.tolist() == [0.0, 3.0, 0.0, 2.0]


def test_nothing_is_left_by_rounding():
    frame = pl.DataFrame({"user": [1] * 4, "item": [2] * 4})
    amount = np.array([0.1, 0.2, 0.3, 1.0])
    netted = net_cancellations(frame, amount, np.array([False, False, True, False]))
    assert netted.remaining.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert netted.matched.tolist() == [0.0, 0.0, 0.3, 0.0]


def test_which_lines_cancel():
    quantity = pl.Series([1.0, -1.0, None, 2.0])
    assert are_cancellations(quantity, None).tolist() == [False, True, False, False]
    assert are_cancellations(quantity.abs(), None) is None
    invoices = pl.Series(["536365", "536366", "C536379", "A563185"])
    assert are_cancellations(None, invoices).tolist() == [False, False, True, False]
    assert are_cancellations(None, pl.Series(["C1", "C2", "3"])) is None
    assert are_cancellations(None, pl.Series([1, 2])) is None
    assert are_cancellations(None, pl.Series(["CA-12", "12", "13"])) is None
