"""Draws charts of points in two dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.errors import require
from penchant.reporting.charts.point_names import name_points
from penchant.reporting.charts.style import (
    MARKS,
    SHADE,
    colour,
    draw_diagonal,
    ends,
    heights,
    line_style,
    numbers,
    point_marks,
    wrapped,
    write_numbers,
)
from penchant.reporting.charts.svg import ACCENT, PAPER, Canvas
from penchant.results.graph.records import ChartSeries, Graph
from penchant.typing import Float64


def draw_points(canvas: Canvas, graph: Graph) -> None:
    """Points or fields, the lines over them, and the names of points where they have some."""
    axes, (first, *lines) = canvas.axes, graph.series
    named = any(isinstance(x, str) for x in first.x)
    categories = list(dict.fromkeys(str(x) for x in first.x)) if named else []
    x = np.array([categories.index(str(v)) for v in first.x], float) if named else numbers(first.x)
    y = np.array(heights(first))
    if graph.diagonal:
        draw_diagonal(axes, min(x.min(), y.min()), max(x.max(), y.max()))
    if graph.log_x:
        axes.set_xscale("log")
    if graph.cell is not None:
        _draw_fields(canvas, graph, x, y)
    else:
        _draw_dots(canvas, first, x, y)
    for n, series in enumerate(lines, 1):
        at, level = numbers(series.x), heights(series)
        dots = "o" if series.low else ""
        axes.plot(at, level, color=colour(n), ls=line_style(n)[1], lw=1.4, marker=dots, ms=3.5)
        for place, interval in zip(at, ends(series), strict=True):
            if interval is not None:
                axes.plot([place, place], interval, color=colour(n), lw=1.4)
    if named:
        axes.set_xticks(range(len(categories)), [wrapped(name, 20) for name in categories])
        axes.set_xlim(-0.5, len(categories) - 0.5)
    elif graph.log_x:
        _log_ticks(canvas, graph, x, wide=bool(first.labels))
    else:
        whole = graph.cell is None and not graph.diagonal and all(v == int(v) for v in x)
        axes.locator_params(axis="x", nbins=6, integer=whole)
        write_numbers(axes.xaxis, graph.x_format)
    axes.locator_params(axis="y", nbins=6)
    write_numbers(axes.yaxis, graph.y_format)
    if graph.downwards:
        axes.invert_yaxis()
    axes.grid()
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)
    if first.labels:
        axes.margins(y=0.12)
        if layout := canvas.figure.get_layout_engine():
            layout.execute(canvas.figure)  # says where the axes will stand
        name_points(canvas, first.labels, x, y, ends(first))


def draw_heat_map(canvas: Canvas, graph: Graph) -> None:
    """A matrix as fields without any scale."""
    axes, (series,) = canvas.axes, graph.series
    _draw_fields(canvas, graph, numbers(series.x), np.array(heights(series)))
    axes.invert_yaxis()
    axes.set(xticks=[], yticks=[], xlabel=graph.x, ylabel=graph.y)


def _draw_dots(canvas: Canvas, series: ChartSeries, x: Float64, y: Float64) -> None:
    """Single points, with intervals and marks where they have some."""
    axes = canvas.axes
    if series.weight:
        dark = np.sqrt(np.array(series.weight) / max(series.weight))
        axes.scatter(x, y, s=11, c=[(*SHADE, 0.12 + 0.8 * share) for share in dark], lw=0)
        return
    marks = point_marks(series)
    for place, interval, mark in zip(x, ends(series), marks, strict=True):
        if interval is not None:
            axes.plot([place, place], interval, color=MARKS[mark][0], lw=1.2, alpha=0.55)
    plain = [mark in ("", "best") for mark in marks]
    if any(plain):
        opacity = max(0.25, 1 - len(x) / 1000)
        axes.scatter(x[plain], y[plain], s=15, color=ACCENT, alpha=opacity, lw=0, zorder=2)
    for at, value, mark in zip(x, y, marks, strict=True):
        shade, shape, _, _ = MARKS[mark]
        if mark == "best":  # a ring, so that nobody has to see colours to find it
            axes.plot(at, value, shape, ms=9.5, mfc="none", mec=shade, mew=1.8, zorder=3)
        elif mark:
            axes.plot(at, value, shape, color=shade, ms=6.5, mec=PAPER, mew=0.8)


def _draw_fields(canvas: Canvas, graph: Graph, x: Float64, y: Float64) -> None:
    """Fields of one size, the darker the more they weigh."""
    axes = canvas.axes
    assert graph.cell is not None
    wide, tall = graph.cell
    column = np.rint((x - x.min()) / wide).astype(int)
    row = np.rint((y - y.min()) / tall).astype(int)
    weight = np.zeros((row.max() + 1, column.max() + 1))
    weight[row, column] = graph.series[0].weight
    picture = np.zeros((*weight.shape, 4))
    picture[..., :3] = SHADE
    picture[..., 3] = np.sqrt(weight / (weight.max() or 1.0))
    left, right = x.min() - wide / 2, x.max() + wide / 2
    low, high = y.min() - tall / 2, y.max() + tall / 2
    axes.imshow(picture, aspect="auto", extent=(left, right, low, high), origin="lower")
    if graph.diagonal:
        axes.set_xlim(min(x.min(), y.min(), left), max(x.max(), y.max(), right))
        axes.set_ylim(min(x.min(), y.min(), low), max(x.max(), y.max(), high))


def _log_ticks(canvas: Canvas, graph: Graph, x: Float64, *, wide: bool) -> None:
    """A logarithmic lower edge with few numbers, and room for names where points have them."""
    axes = canvas.axes
    low, high = x.min(), x.max()
    if wide:
        axes.set_xlim(low / 1.6, max(high, 10 * low) * (4 if canvas.narrow else 2.2))
    ticker: Any = require("matplotlib.ticker", "report")
    if graph.x_format == "number":
        base = 10.0 if high > 3000 * low else 2.0
        axes.xaxis.set_major_locator(ticker.LogLocator(base, numticks=8))
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    elif canvas.narrow:
        axes.xaxis.set_major_locator(ticker.LogLocator(10.0, numticks=5))
    axes.minorticks_off()
    write_numbers(axes.xaxis, graph.x_format)
