"""Draws charts of lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.errors import require
from penchant.reporting.charts.style import (
    colour,
    draw_diagonal,
    draw_levels,
    heights,
    level_style,
    line_style,
    numbers,
    write_numbers,
)
from penchant.reporting.charts.svg import ACCENT, INK, MUTED, PAPER, Canvas
from penchant.results.graph.records import Graph, axis_number

_DOTTED = 40  # values up to which a line shows each
_DOTTED_TIMES = 60
_TICKS = 8  # words along the lower edge
_QUARTERS = (0, 0.25, 0.5, 0.75, 1)


def draw_lines(canvas: Canvas, graph: Graph) -> None:
    """Lines over one scale."""
    axes = canvas.axes
    for n, series in enumerate(graph.series):
        dots = "o" if len(series.x) < _DOTTED else ""
        x, y = numbers(series.x), heights(series)
        (line,) = axes.plot(x, y, dots, ms=2.5, color=colour(n))
        line.set(ls=line_style(n)[1], lw=1.7)
        if graph.fill and graph.diagonal:
            axes.fill_between(x, x, y, color=colour(n), alpha=0.12, lw=0)
        for place, value, words in zip(x, y, series.labels, strict=False):
            if words:
                axes.plot(place, value, "o", color=colour(n), ms=5)
                axes.annotate(
                    words,
                    (place, value),
                    (7, -2),
                    textcoords="offset points",
                    va="top",
                    color=INK,
                    bbox={"fc": PAPER, "ec": "none", "pad": 1.0, "alpha": 0.85},
                )
    if graph.diagonal:
        every = np.concatenate([numbers(series.x) for series in graph.series])
        draw_diagonal(axes, every.min(), every.max())
        axes.margins(0.02)
    if graph.log:
        axes.set_yscale("log", subs=(2, 5))
        low, high = axes.get_ylim()
        near = high < 1000 * low  # with more decades their powers are enough
        axes.yaxis.set_minor_formatter(lambda value, _: axis_number(value) if near else "")
        axes.tick_params(axis="y", which="both", length=0)
    draw_levels(axes, graph)
    for n, place in enumerate(graph.places.values()):
        axes.axvline(place, color=MUTED, lw=1, ls=level_style(n)[1], zorder=0.5)
    axes.grid(axis="y")
    whole = all(x == int(x) for series in graph.series for x in numbers(series.x))
    axes.locator_params(axis="x", integer=whole)
    if not graph.log:
        axes.locator_params(axis="y", nbins=5)
    if graph.x_format == "percent":
        axes.set(xticks=_QUARTERS, yticks=_QUARTERS)
    write_numbers(axes.xaxis, graph.x_format)
    write_numbers(axes.yaxis, graph.y_format)
    if graph.ticks:
        step = -(-len(graph.ticks) // _TICKS)
        axes.set_xticks(list(graph.ticks)[::step], list(graph.ticks.values())[::step])
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def draw_reliability(canvas: Canvas, graph: Graph) -> None:
    """Shares that happened by stated chance; larger dots stand for more rows."""
    axes = canvas.axes
    draw_diagonal(axes, 0, 1)
    for n, series in enumerate(graph.series):
        x, y = numbers(series.x), heights(series)
        axes.plot(x, y, color=colour(n), ls=line_style(n)[1], lw=1.4)
        sizes = 12 + 220 * np.array(series.weight) / max(sum(series.weight), 1)
        axes.scatter(x, y, s=sizes, color=colour(n), edgecolors=PAPER, lw=0.8, zorder=3)
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=_QUARTERS, yticks=_QUARTERS)
    axes.grid()
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def draw_time_series(canvas: Canvas, graph: Graph) -> None:
    """Counts as steps from zero, other values as a line."""
    axes, (series,) = canvas.axes, graph.series
    starts = np.array([str(x) for x in series.x], "datetime64[us]")
    days = starts.astype(np.int64) / 86_400e6  # since 1970, as Matplotlib counts time
    values = heights(series)
    if len(days) < 2:
        axes.plot(days, values, "o", color=ACCENT)
    elif graph.fill:
        edges = np.append(days, 2 * days[-1] - days[-2])
        axes.stairs(values, edges, fill=True, color=ACCENT, alpha=0.15, lw=0)
        axes.stairs(values, edges, color=ACCENT, lw=1.6)
    else:
        dots = "o" if len(days) < _DOTTED_TIMES else ""
        axes.plot(days, values, color=ACCENT, lw=1.6, marker=dots, ms=2.5)
    if graph.fill:
        axes.set_ylim(0)
    dates: Any = require("matplotlib.dates", "report")
    locator = dates.AutoDateLocator(minticks=3, maxticks=8)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, show_offset=False))
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    write_numbers(axes.yaxis, graph.y_format)
    axes.set_ylabel(graph.y)
