"""Names of points cover neither each other nor any point, however close the points lie."""

from __future__ import annotations

import re
from html import unescape
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.reporting.charts.draw import draw
from penchant.reporting.charts.point_names import SIZE, Box, find_places
from penchant.results.graph import scatter

FRAME = Box(40, 20, 660, 280)
ALIKE = [(400.0 + n % 3, 150.0 + 2 * n) for n in range(12)]
"""Models that took equally long and are about as good."""


def labels(n):
    return [
        ("recurrent attribute\nnetwork" if k % 4 == 3 else f"modified LSTM {k}") for k in range(n)
    ]


def check(places, points, names):
    for place, name in zip(places, names, strict=True):
        if place is not None:
            box = place.box
            assert FRAME.contains(box)
            assert box.right - box.left >= 0.6 * SIZE * max(map(len, name.split("\n")))
            assert not any(box.left < x < box.right and box.low < y < box.high for x, y in points)
    boxes = [place.box for place in places if place is not None]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_names_of_points_that_lie_close_all_have_a_place():
    names = labels(len(ALIKE))
    places = find_places(names, ALIKE, [Box(x - 1, y - 40, x + 1, y + 40) for x, y in ALIKE], FRAME)
    assert None not in places
    check(places, ALIKE, names)
    far = [
        point
        for place, point in zip(places, ALIKE, strict=True)
        if not place.box.low <= point[1] <= place.box.high
    ]
    assert far
    assert all(p.needs_line for p, xy in zip(places, ALIKE, strict=True) if xy in far)


def test_a_name_with_room_stands_right_beside_its_point():
    (place,) = find_places(["EASE"], [(300.0, 150.0)], [], FRAME)
    assert place.is_right
    assert not place.needs_line
    assert place.anchor == (308, 150)
    (place,) = find_places(["EASE"], [(650.0, 150.0)], [], FRAME)  # at the right edge
    assert not place.is_right
    assert place.anchor == (642, 150)


def test_a_name_keeps_clear_of_intervals_where_it_can():
    bar = Box(310, 140, 312, 160)
    (place,) = find_places(["EASE"], [(300.0, 150.0)], [bar], FRAME)
    assert not place.box.overlaps(bar)


def test_a_name_that_has_no_place_is_left_out():
    assert find_places(
        ["a name too long for so little"], [(20.0, 20.0)], [], Box(0, 0, 40, 40)
    ) == [None]


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(st.floats(45, 655), st.floats(25, 275)), min_size=1, max_size=12, unique=True
    )
)
def test_no_name_covers_another_or_a_point(points):
    names = labels(len(points))
    check(find_places(names, points, [], FRAME), points, names)


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_a_chart_has_all_names(size):
    names = [f"model number {n}" for n in range(16)]
    seconds = [0.001, 0.001, 0.001, 0.02, *(25.0 + n / 10 for n in range(10)), 90.0, 120.0]
    graph = scatter(
        "Quality against cost.",
        seconds,
        [(0.6 + n / 200, 0.5, 0.7) for n in range(16)],
        x="time to learn",
        y="AUC",
        labels=names,
        log_x=True,
        x_format="duration",
        half=False,
    )
    svg = getattr(draw("c", graph), size)
    written = " ".join(unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", svg))
    assert all(name in written for name in names)
