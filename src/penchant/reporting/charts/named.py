"""Draws charts with a name or a bin for each value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.reporting.charts.style import (
    MARKS,
    colour,
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
from penchant.typing import Float64

_MANY = 24  # names up to which each has space for large letters
_MANY_IN_HALF = 6
_MANY_IN_DENSE = 4
_FEW = 14  # upright bars that are named one by one
_GAP = 0.07  # inches between names of several lines
_DOT = 0.12  # inches that a dot takes
_COLUMN = 8  # letters under an upright bar that can be read in lines
_UPWARDS = 30  # letters of a line of a name that is written upwards


@dataclass(frozen=True)
class _Style:
    """Inches and letters that rows of one kind take.

    Attributes:
        letters: of a name in one line.
        line: of each line of a name.
        series: of each series.
        least: that a row takes at least.
        group: the share of the space for series and one line that the bars of a row take.
        size: points of the names' font.
        above: whether names stand above their bars.
    """

    letters: int
    line: float
    series: float
    least: float = 0.0
    group: float = 0.74
    size: float = 9.5
    above: bool = False


_WIDE = _Style(letters=40, line=0.13, series=0.17)
_ABOVE = _Style(letters=42, line=0.15, series=0.17, least=0.12, group=0.56, above=True)
_COMPACT = _Style(letters=60, line=0.135, series=0.155, size=8)
_COMPACT_NARROW = replace(_COMPACT, letters=26)


@dataclass(frozen=True)
class _Rows:
    """Where rows stand, in inches from below.

    Attributes:
        style: what they take.
        names: of the rows, in lines.
        centres: of their bars.
        bars: height of the bars of one row together.
        total: height of all rows.
    """

    style: _Style
    names: list[str]
    centres: Float64
    bars: float
    total: float


def _rows(graph: Graph, *, narrow: bool, dense: bool) -> _Rows:
    n_series, names = len(graph.series), [str(name) for name in graph.series[0].x]
    most = _MANY_IN_HALF if graph.half and n_series == 1 else _MANY
    compact = len(names) > most or (narrow and dense and n_series * len(names) > _MANY_IN_DENSE)
    styles = (_COMPACT, _COMPACT_NARROW) if compact else (_WIDE, _ABOVE)
    style = styles[narrow]
    lines = [wrapped(name, style.letters) for name in names]
    name_heights = style.line * np.array([1 + name.count("\n") for name in lines])
    series = style.series * n_series
    if compact:
        rows = np.where(name_heights > style.line, name_heights + _GAP, series)
        bars = style.group * series
    else:
        rows = series + name_heights + style.least
        bars = style.group * (series + style.line + style.least)
    if graph.kind == "intervals":
        bars = _DOT
    below = np.cumsum(rows[::-1])[::-1] - rows
    centres = below + (0.04 + bars / 2 if style.above else rows / 2)
    return _Rows(style, lines, centres, bars, float(rows.sum()))


def bars_height(graph: Graph, *, narrow: bool, dense: bool = False) -> float:
    """Inches that a chart of bars or of dots with intervals takes."""
    return 0.7 + _rows(graph, narrow=narrow, dense=dense).total


def draw_bars(canvas: Canvas, graph: Graph) -> None:
    """Bars that lie, with their values at their ends."""
    axes, n_series = canvas.axes, len(graph.series)
    rows = _rows(graph, narrow=canvas.narrow, dense=canvas.dense)
    for n, series in enumerate(graph.series):
        at = rows.centres + rows.bars * ((n_series - 1) / 2 - n) / n_series
        axes.barh(at, heights(series), 0.9 * rows.bars / n_series, color=colour(n), lw=0, alpha=0.9)
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
                fontsize=rows.style.size - 1,
                bbox={"fc": PAPER, "ec": "none", "pad": 0.8, "alpha": 0.85},
            )
    draw_levels(axes, graph, across=False)
    _name_rows(canvas, rows)
    axes.spines["left"].set_visible(any(y is not None and y < 0 for s in graph.series for y in s.y))
    axes.margins(x=0.12 if canvas.narrow else 0.07)
    _across(canvas, graph)
    axes.set_ylabel("" if canvas.narrow else graph.y)


def draw_intervals(canvas: Canvas, graph: Graph) -> None:
    """A dot with its interval for each name."""
    axes, (series,) = canvas.axes, graph.series
    rows = _rows(graph, narrow=canvas.narrow, dense=canvas.dense)
    draw_levels(axes, graph, across=False)
    marks = point_marks(series)
    for y, x, interval, mark in zip(rows.centres, series.y, ends(series), marks, strict=True):
        shade, shape, _, _ = MARKS[mark]
        if interval is not None:
            axes.plot(interval, [y, y], color=shade, lw=1.6)
        if x is not None:
            axes.plot(x, y, shape, color=shade, ms=6.5, mec=PAPER, mew=0.8)
    _name_rows(canvas, rows, [mark == "trivial" for mark in marks])
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
    texts = [str(name) for name in names]
    if few or not all(map(_is_number, texts)):  # of numbers some may be left out
        _name_columns(canvas, places, texts, room, few=few)
    else:
        step = 1 + max(letters // room, len(names) // _FEW)
        axes.set_xticks(places[::step], texts[::step])
    plain_values(axes, graph)
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _name_columns(
    canvas: Canvas, places: Float64, names: list[str], room: int, *, few: bool
) -> None:
    """Name each upright bar: on one line, on several, or, where that is too narrow, upwards."""
    letters = max(1, room // len(names) - 1)
    if few:
        canvas.axes.set_xticks(places, names)
    elif letters >= _COLUMN or all(len(name) <= letters for name in names):
        canvas.axes.set_xticks(places, [wrapped(name, letters) for name in names])
    else:
        canvas.axes.set_xticks(places, [wrapped(name, _UPWARDS) for name in names], rotation=90)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").strip().isdigit()


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


def _name_rows(canvas: Canvas, rows: _Rows, quiet: Sequence[bool] = ()) -> None:
    """Name each row, at its left or, on a narrow page, above it."""
    axes = canvas.axes
    inks = [MUTED if muted else INK for muted in quiet or [False] * len(rows.names)]
    axes.set_ylim(-0.04, rows.total + 0.04)
    axes.tick_params(axis="y", length=0)
    if not rows.style.above:
        axes.set_yticks(rows.centres, rows.names, fontsize=rows.style.size)
        for label, ink in zip(axes.get_yticklabels(), inks, strict=True):
            label.set_color(ink)
        return
    axes.set_yticks([])
    for centre, name, ink in zip(rows.centres, rows.names, inks, strict=True):
        axes.annotate(
            name,
            (0, centre + rows.bars / 2),
            (0, 1),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="bottom",
            color=ink,
            bbox={"fc": PAPER, "ec": "none", "pad": 0.4, "alpha": 0.85},
        )
