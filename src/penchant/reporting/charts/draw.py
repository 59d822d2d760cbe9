"""Draws charts that are given as plain data: the one way from numbers to pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from penchant.reporting.charts.curves import draw_lines, draw_reliability, draw_time_series
from penchant.reporting.charts.fields import draw_heat_map, draw_points
from penchant.reporting.charts.named import (
    bars_height,
    draw_bars,
    draw_columns,
    draw_histogram,
    draw_intervals,
)
from penchant.reporting.charts.style import COLOURS, MARKS, level_style, line_style
from penchant.reporting.charts.svg import Canvas, Chart, Sign, chart
from penchant.reporting.charts.word_cloud import cloud
from penchant.results.graph.records import Graph, Kind

_DRAW: dict[Kind, Callable[[Canvas, Graph], None]] = {
    "bars": draw_bars,
    "columns": draw_columns,
    "heat map": draw_heat_map,
    "histogram": draw_histogram,
    "intervals": draw_intervals,
    "lines": draw_lines,
    "points": draw_points,
    "reliability": draw_reliability,
    "time series": draw_time_series,
}
_HEIGHTS: dict[Kind, float] = {
    "columns": 2.4,
    "heat map": 2.9,
    "histogram": 2.4,
    "lines": 2.6,
    "reliability": 3.4,
    "time series": 2.4,
}
_NAMED, _NAMED_NARROW = 0.16, 0.3
"""Inches for each point that has a name."""


def draw(name: str, graph: Graph, *, least_height: float = 0.0, dense: bool = False) -> Chart:
    """A chart as SVG, with its key.

    Args:
        name: a word that is unique on the page.
        graph: what to draw.
        least_height: inches that it takes at least on a wide page.
        dense: whether it shares a phone's screen with other things, and so takes little of it.

    Raises:
        MissingExtraError: Matplotlib, or wordcloud for words, is not installed.
    """
    if graph.kind == "words":
        (series,) = graph.series
        weights = {str(word): y for word, y in zip(series.x, series.y, strict=True) if y}
        return cloud(name, graph.caption, weights, graph.tone)
    return chart(
        name,
        graph.caption,
        lambda canvas: _DRAW[graph.kind](canvas, graph),
        height=max(least_height, _height(graph, narrow=graph.half)),
        narrow_height=_height(graph, narrow=True, dense=dense),
        half=graph.half,
        key=key(graph),
        dense=dense,
    )


def draw_all(prefix: str, graphs: Iterable[Graph | None]) -> list[Chart]:
    """Charts named by a prefix and their number, without those that have nothing to draw."""
    known = (graph for graph in graphs if graph is not None)
    return [draw(f"{prefix}-{n}", graph) for n, graph in enumerate(known, 1)]


def key(graph: Graph) -> tuple[Sign, ...]:
    """What colours, marks and lines stand for; empty where nothing has to be told apart."""
    signs = []
    if len(graph.series) > 1:
        drawn_as_line = [graph.kind in ("lines", "reliability")] * len(graph.series)
        if graph.kind == "points":
            drawn_as_line[1:] = [True] * (len(graph.series) - 1)
        signs += [
            (
                f"c-{n % len(COLOURS) + 1}",
                line_style(n)[0] if line else "●" if graph.kind == "points" else "■",
            )
            for n, line in enumerate(drawn_as_line)
        ]
    signs += [MARKS[mark][2:] for mark in graph.marks]
    signs += [("c-0", level_style(n)[0]) for n in range(len(graph.levels))]
    signs += [("c-0", "╎┊│"[n % 3]) for n in range(len(graph.places))]
    if graph.diagonal:
        signs.append(("c-0", "╌"))
    return tuple(Sign(*sign, name) for sign, name in zip(signs, graph.legend(), strict=True))


def _height(graph: Graph, *, narrow: bool, dense: bool = False) -> float:
    if graph.kind in ("bars", "intervals"):
        return bars_height(graph, narrow=narrow, dense=dense)
    if graph.kind == "points":
        least = 3.4 if graph.diagonal else 2.6 if graph.half else 3.6
        return max(least, (_NAMED_NARROW if narrow else _NAMED) * len(graph.series[0].labels))
    return _HEIGHTS[graph.kind]
