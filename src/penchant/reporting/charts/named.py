"""Draws charts with a name or a bin for each value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.reporting.charts.style import (
    MARKS,
    colour,
    cut,
    draw_levels,
    ends,
    heights,
    numbers,
    plain_values,
    point_marks,
    wrapped,
    write_numbers,
)
from penchant.reporting.charts.svg import ACCENT, INK, MUTED, PAPER, Canvas
from penchant.results.graph.records import Graph, axis_number, axis_text

_LINE = 26  # letters of a bar's name in a line
_DOT_LINE = 30  # the same beside dots
_MANY = 24  # names up to which each has as many lines as it needs
_MANY_IN_HALF = 6
_FEW = 14  # upright bars that are named one by one


def _is_compact(graph: Graph) -> bool:
    """Whether each name takes one small line: where there are many, for half a page's width."""
    most = _MANY_IN_HALF if graph.half and len(graph.series) == 1 else _MANY
    return len(graph.series[0].x) > most


def bars_height(graph: Graph, *, narrow: bool) -> float:
    """Inches that a chart of bars or of dots with intervals takes."""
    names = [str(name) for name in graph.series[0].x]
    if _is_compact(graph):
        return 0.6 + 0.155 * len(names) * len(graph.series)
    rows = len(names) * len(graph.series)
    if graph.kind == "intervals":
        lines = sum(1 + wrapped(name, _DOT_LINE).count("\n") for name in names)
        return 0.75 + (0.42 * rows if narrow else 0.17 * rows + 0.14 * lines)
    lines = sum(1 + wrapped(name, _LINE).count("\n") for name in names)
    return 0.7 + 0.17 * rows + (0.27 * len(names) if narrow else 0.13 * lines)


def draw_bars(canvas: Canvas, graph: Graph) -> None:
    """Bars that lie, with their values at their ends."""
    axes, n_series, names = canvas.axes, len(graph.series), graph.series[0].x
    above = canvas.narrow and not _is_compact(graph)  # names stand above the bars
    size = 0.56 if above else 0.74  # of a name's share, what its bars take together
    places = np.arange(len(names))[::-1].astype(float)
    for n, series in enumerate(graph.series):
        at = places + size * ((n_series - 1) / 2 - n) / n_series - (0.14 if above else 0)
        axes.barh(at, heights(series), 0.9 * size / n_series, color=colour(n), lw=0, alpha=0.9)
        for y, x, interval in zip(at, series.y, ends(series), strict=True):
            if interval is not None:
                axes.plot(interval, [y, y], color=INK, lw=1.2)
            end = max(v for v in (x, interval and interval[1], 0.0) if v is not None)
            axes.annotate(
                "–" if x is None else axis_text(x, graph.x_format),
                (end, y),
                (4, 0),
                textcoords="offset points",
                va="center_baseline",
                color=MUTED,
                fontsize=7.5 if _is_compact(graph) else 8.5,
                bbox={"fc": PAPER, "ec": "none", "pad": 0.8, "alpha": 0.85},
            )
    draw_levels(axes, graph, across=False)
    axes.set_ylim(-0.6, len(names) - 0.4)
    _name_rows(
        canvas,
        [str(name) for name in names],
        places,
        size / 2 - 0.14,
        _LINE,
        compact=_is_compact(graph),
    )
    axes.spines["left"].set_visible(any(y is not None and y < 0 for s in graph.series for y in s.y))
    axes.margins(x=0.12 if canvas.narrow else 0.07)
    _across(canvas, graph)
    axes.set_ylabel("" if canvas.narrow else graph.y)


def draw_intervals(canvas: Canvas, graph: Graph) -> None:
    """A dot with its interval for each name."""
    axes, (series,) = canvas.axes, graph.series
    places = np.arange(len(series.y))[::-1].astype(float)
    draw_levels(axes, graph, across=False)
    marks = point_marks(series)
    for y, x, interval, mark in zip(places, series.y, ends(series), marks, strict=True):
        shade, shape, _, _ = MARKS[mark]
        if interval is not None:
            axes.plot(interval, [y, y], color=shade, lw=1.6)
        if x is not None:
            axes.plot(x, y, shape, color=shade, ms=6.5, mec=PAPER, mew=0.8)
    axes.set_ylim(-0.6, len(places) - (0.1 if canvas.narrow else 0.4))
    quiet = [mark == "trivial" for mark in marks]
    _name_rows(
        canvas,
        [str(name) for name in series.x],
        places,
        0.12,
        _DOT_LINE,
        quiet,
        compact=_is_compact(graph),
    )
    axes.spines["left"].set_visible(False)
    _across(canvas, graph)


def draw_columns(canvas: Canvas, graph: Graph) -> None:
    """Bars that stand."""
    axes, n_series, names = canvas.axes, len(graph.series), graph.series[0].x
    places = np.arange(len(names)).astype(float)
    size = 0.82 / n_series
    for n, series in enumerate(graph.series):
        at = places + size * (n - (n_series - 1) / 2)
        axes.bar(at, heights(series), 0.96 * size, color=colour(n), lw=0, alpha=0.9)
        for x, interval in zip(at, ends(series), strict=True):
            if interval is not None:
                axes.plot([x, x], interval, color=INK, lw=1.2)
    draw_levels(axes, graph)
    letters = sum(len(str(name)) + 2 for name in names)
    room = 44 if canvas.narrow else 110
    few = len(names) <= _FEW and letters <= room
    step = 1 if few else 1 + max(letters // room, len(names) // _FEW)
    axes.set_xticks(places[::step], [str(name) for name in names][::step])
    plain_values(axes, graph)
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def draw_histogram(canvas: Canvas, graph: Graph) -> None:
    """Bins side by side; equally wide ones have every edge named."""
    axes, (series,) = canvas.axes, graph.series
    edges = numbers(series.x)
    at = np.arange(len(edges)).astype(float) if graph.log_x else edges
    widths = np.diff(at) * (0.94 if graph.log_x else 1.0)
    axes.bar(at[:-1], heights(series), widths, align="edge", color=ACCENT, lw=0, alpha=0.9)
    plain_values(axes, graph)
    if graph.log_x:
        axes.set_xticks(at, [axis_number(edge) for edge in edges])
        axes.tick_params(axis="x", length=3)
    else:
        axes.locator_params(axis="x", nbins=6)
        small = np.abs(edges).max() < 10_000  # years and the like are written in full
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:.6g}" if small else axis_number(v))
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _across(canvas: Canvas, graph: Graph) -> None:
    """The scale of values along the lower edge."""
    axes = canvas.axes
    axes.grid(axis="x")
    axes.locator_params(axis="x", nbins=5 if canvas.narrow else 8)
    write_numbers(axes.xaxis, graph.x_format)
    axes.set_xlabel(graph.x)


def _name_rows(
    canvas: Canvas,
    names: list[str],
    places: Sequence[float] | np.ndarray,
    above: float,
    width: int,
    quiet: Sequence[bool] = (),
    *,
    compact: bool,
) -> None:
    """Name each row, at its left or, on a narrow page, above it."""
    axes = canvas.axes
    inks = [MUTED if muted else INK for muted in quiet or [False] * len(names)]
    axes.tick_params(axis="y", length=0)
    if compact:
        longest = 24 if canvas.narrow else 46
        axes.set_yticks(places, [cut(name, longest) for name in names], fontsize=8)
    elif canvas.narrow:
        axes.set_yticks([])
        for place, name, ink in zip(places, names, inks, strict=True):
            axes.annotate(
                cut(name, 40),
                (0, place + above),
                (0, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                color=ink,
            )
        return
    else:
        axes.set_yticks(places, [wrapped(name, width) for name in names])
    for label, ink in zip(axes.get_yticklabels(), inks, strict=True):
        label.set_color(ink)
