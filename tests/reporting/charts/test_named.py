"""Bars and dots carry their names whole, on wide pages and on phones."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from penchant.reporting.charts.draw import draw
from penchant.reporting.charts.named import bars_height, draw_bars, draw_intervals
from penchant.reporting.charts.style import wrapped
from penchant.reporting.charts.svg import Canvas
from penchant.results.graph import bars, intervals

TITLES = [
    f"{n} Amazon.com Gift Card in a Snowflake Tin (Happy Holidays Card Design), as large as it gets"
    for n in range(30)
]
NAMES = ["short", *TITLES[:4], "hybrid:dim=32,hidden=128x64,learning_rate=0.01,l2_content=300"]


def graph(kind, names):
    values = {name: 1.0 + n for n, name in enumerate(names)}
    return intervals("Dots.", values) if kind == "intervals" else bars("Bars.", {"": values})


def texts(svg):
    return " ".join(unescape(text) for text in re.findall(r"<text [^>]*>([^<]*)</text>", svg))


@pytest.mark.parametrize("kind", ["bars", "intervals"])
@pytest.mark.parametrize("names", [NAMES, TITLES], ids=["few", "many"])
def test_names_are_whole(kind, names):
    chart = draw("c", graph(kind, names))
    for svg in (chart.wide, chart.narrow):
        letters = texts(svg).replace(" ", "")
        assert "…" not in letters
        for name in names:
            assert name.replace(" ", "") in letters


@pytest.mark.parametrize("kind", ["bars", "intervals"])
@pytest.mark.parametrize("names", [NAMES, TITLES], ids=["few", "many"])
@pytest.mark.parametrize(("narrow", "width"), [(False, 9.3), (True, 3.7)])
def test_names_neither_touch_nor_leave_the_picture(kind, names, narrow, width):
    drawn = graph(kind, names)
    figure = Figure(
        figsize=(width, bars_height(drawn, narrow=narrow)), dpi=72, layout="constrained"
    )
    axes = figure.add_subplot()
    (draw_intervals if kind == "intervals" else draw_bars)(Canvas(figure, axes, narrow), drawn)
    figure.draw_without_rendering()
    labels = [*axes.get_yticklabels(), *axes.texts]
    wanted = {wrapped(n, w) for n in names for w in (40, 42, 60, 26)}
    boxes = [label.get_window_extent() for label in labels if label.get_text() in wanted]
    assert len(boxes) == len(names)
    for box in boxes:
        assert box.x0 >= -1
        assert box.x1 <= 72 * width + 1
    boxes.sort(key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in pairwise(boxes))


def test_upright_bars_have_every_name_and_may_leave_out_numbers():
    def columns(names):
        return texts(draw("c", bars("x", {"": dict.fromkeys(names, 1.0)}, upright=True)).wide)

    named = [f"a name of column {n}" for n in range(20)]
    written = columns(named).replace(" ", "")
    assert all(name.replace(" ", "") in written for name in named)
    assert len(columns([str(n) for n in range(100)]).split()) < 60


@pytest.mark.parametrize("width", [8, 20, 40])
def test_a_wrapped_name_loses_nothing(width):
    for name in NAMES:
        lines = wrapped(name, width).split("\n")
        assert max(map(len, lines)) <= width
        assert "".join(lines).replace(" ", "") == name.replace(" ", "")


def test_names_of_axes_are_broken_on_a_phone():
    long = "time to learn (at least 1 ms), on a logarithmic scale that goes on and on"
    narrow = draw("c", replace(graph("bars", ["a"]), x=long)).narrow
    assert long not in narrow
    assert long.replace(" ", "") in texts(narrow).replace(" ", "")
