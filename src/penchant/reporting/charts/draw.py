"""Draws charts that are given as plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from penchant.reporting.charts.comparison import wrapped
from penchant.reporting.charts.svg import (
    ACCENT,
    FIFTH,
    FOURTH,
    INK,
    MUTED,
    PAPER,
    SECOND,
    THIRD,
    Canvas,
    Chart,
    chart,
)
from penchant.results.graph import ChartSeries, Graph, axis_number
from penchant.typing import Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (ACCENT, SECOND, THIRD, FOURTH, FIFTH)
Dashes = str | tuple[int, tuple[float, ...]]
_DASHES: tuple[tuple[str, Dashes], ...] = (
    ("━", "-"),
    ("╍", (0, (3, 1.4))),
    ("┅", (0, (1, 1.2))),
)
_LEVELS = (("╌", (0, (4, 3))), ("┈", (0, (1, 2))), ("─", (0, (9, 3, 2, 3))))
_LONG = 26  # letters of a bar's name in a line
_FEW = 14  # upright bars that are named one by one


class Sign(NamedTuple):
    """A line of a chart's key: the class of its colour, its sign and what it stands for."""

    colour: str
    sign: str
    name: str


def draw(name: str, graph: Graph) -> Chart:
    """A chart as SVG.

    Args:
        name: a word that is unique on the page.
        graph: what to draw.
    """
    how: dict[str, Callable[[Canvas, Graph], None]] = {
        "bars": _bars,
        "columns": _columns,
        "lines": _lines,
        "points": _points,
        "reliability": _reliability,
    }

    def drawn(canvas: Canvas) -> None:
        how[graph.kind](canvas, graph)

    return chart(
        name,
        graph.caption,
        drawn,
        height=_height(graph, narrow=graph.half),
        narrow_height=_height(graph, narrow=True),
        half=graph.half,
    )


def key(graph: Graph) -> list[Sign]:
    """What the colours and lines of a chart stand for; empty where there is nothing to tell."""
    signs = []
    if len(graph.series) > 1:
        dashed = graph.kind in ("lines", "reliability")
        signs += [
            (f"c-{n % len(_COLOURS) + 1}", _dash(n)[0] if dashed else "■")
            for n in range(len(graph.series))
        ]
    signs += [("c-0", _LEVELS[n % len(_LEVELS)][0]) for n in range(len(graph.levels))]
    signs += [("c-0", "╎┊│"[n % 3]) for n in range(len(graph.places))]
    if graph.kind in ("points", "reliability"):
        signs.append(("c-0", "╌"))
    return [Sign(*sign, name) for sign, name in zip(signs, graph.legend(), strict=True)]


def _height(graph: Graph, *, narrow: bool) -> float:
    if graph.kind == "bars":
        names = graph.series[0].x
        rows = len(names) * len(graph.series)
        lines = sum(1 + wrapped(str(x), _LONG).count("\n") for x in names)
        return 0.7 + 0.17 * rows + (0.27 * len(names) if narrow else 0.13 * lines)
    return {"columns": 2.4, "lines": 2.6, "points": 3.4, "reliability": 3.4}[graph.kind]


def _bars(canvas: Canvas, graph: Graph) -> None:
    axes, n_series, names = canvas.axes, len(graph.series), graph.series[0].x
    size = 0.56 if canvas.narrow else 0.74  # of a name's share, what its bars take together
    places = np.arange(len(names))[::-1].astype(float)
    for n, series in enumerate(graph.series):
        at = places + size * ((n_series - 1) / 2 - n) / n_series - (0.14 if canvas.narrow else 0)
        axes.barh(at, _heights(series), 0.9 * size / n_series, color=_colour(n), lw=0, alpha=0.9)
        for y, x, low, high in zip(at, series.y, *_ends(series), strict=True):
            if low is not None and high is not None:
                axes.plot([low, high], [y, y], color=INK, lw=1.2)
            end = max(v for v in (x, high, 0.0) if v is not None)
            axes.annotate(
                "–" if x is None else axis_number(x),
                (end, y),
                (4, 0),
                textcoords="offset points",
                va="center_baseline",
                color=MUTED,
                fontsize=8.5,
                bbox={"fc": PAPER, "ec": "none", "pad": 0.8, "alpha": 0.85},
            )
    for n, value in enumerate(graph.levels.values()):
        axes.axvline(value, color=MUTED, lw=1, ls=_LEVELS[n % len(_LEVELS)][1])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.tick_params(axis="y", length=0)
    axes.set_yticks([] if canvas.narrow else places)
    if canvas.narrow:
        top = size / 2 - 0.14
        for place, name in zip(places, names, strict=True):
            said = str(name) if len(str(name)) <= 40 else f"{str(name)[:39]}…"
            axes.annotate(
                said,
                (0, place + top),
                (0, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                color=INK,
            )
    else:
        axes.set_yticklabels([wrapped(str(name), _LONG) for name in names], color=INK)
    axes.spines["left"].set_visible(any(y is not None and y < 0 for s in graph.series for y in s.y))
    axes.grid(axis="x")
    axes.margins(x=0.12 if canvas.narrow else 0.07)
    axes.locator_params(axis="x", nbins=5 if canvas.narrow else 8)
    axes.xaxis.set_major_formatter(lambda value, _: axis_number(value))
    axes.set_xlabel(graph.x)
    axes.set_ylabel("" if canvas.narrow else graph.y)


def _columns(canvas: Canvas, graph: Graph) -> None:
    axes, n_series, names = canvas.axes, len(graph.series), graph.series[0].x
    places = np.arange(len(names)).astype(float)
    size = 0.82 / n_series
    for n, series in enumerate(graph.series):
        at = places + size * (n - (n_series - 1) / 2)
        axes.bar(at, _heights(series), 0.96 * size, color=_colour(n), lw=0, alpha=0.9)
        for x, low, high in zip(at, *_ends(series), strict=True):
            if low is not None and high is not None:
                axes.plot([x, x], [low, high], color=INK, lw=1.2)
    _across(axes, graph)
    letters = sum(len(str(name)) + 2 for name in names)
    room = 44 if canvas.narrow else 110
    step = (
        1
        if len(names) <= _FEW and letters <= room
        else 1 + max(letters // room, len(names) // _FEW)
    )
    axes.set_xticks(places[::step], [str(name) for name in names][::step])
    axes.tick_params(axis="both", length=0)
    axes.spines["left"].set_visible(False)
    _plain_values(axes)
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _lines(canvas: Canvas, graph: Graph) -> None:
    axes = canvas.axes
    for n, series in enumerate(graph.series):
        dots = "o" if len(series.x) < 40 else ""
        (line,) = axes.plot(_numbers(series.x), _heights(series), dots, ms=2.5, color=_colour(n))
        line.set(ls=_dash(n)[1], lw=1.7)
    if graph.log:
        axes.set_yscale("log", subs=(2, 5))
        low, high = axes.get_ylim()
        near = high < 1000 * low  # with more decades their powers are enough
        axes.yaxis.set_minor_formatter(lambda value, _: axis_number(value) if near else "")
        axes.tick_params(axis="y", which="both", length=0)
    _across(axes, graph)
    for n, place in enumerate(graph.places.values()):
        axes.axvline(place, color=MUTED, lw=1, ls=_LEVELS[n % len(_LEVELS)][1], zorder=0.5)
    axes.grid(axis="y")
    axes.locator_params(
        axis="x", integer=all(x == int(x) for s in graph.series for x in _numbers(s.x))
    )
    if not graph.log:
        axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _: axis_number(value))
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _points(canvas: Canvas, graph: Graph) -> None:
    axes, (series,) = canvas.axes, graph.series
    x, y = _numbers(series.x), np.array(_heights(series))
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    axes.plot([low, high], [low, high], color=MUTED, lw=1, ls=(0, (4, 3)))
    if graph.cell is None:
        axes.scatter(x, y, s=14, color=ACCENT, alpha=max(0.25, 1 - len(x) / 1000), lw=0)
    else:
        wide, tall = graph.cell
        column = np.rint((x - x.min()) / wide).astype(int)
        row = np.rint((y - y.min()) / tall).astype(int)
        count = np.zeros((row.max() + 1, column.max() + 1))
        count[row, column] = series.count
        # One blue of varying opacity, which suits a light and a dark page alike.
        picture = np.zeros((*count.shape, 4))
        picture[..., :3] = (0.20, 0.42, 0.65)
        picture[..., 3] = np.sqrt(count / count.max())
        extent = (
            x.min() - wide / 2,
            x.max() + wide / 2,
            y.min() - tall / 2,
            y.max() + tall / 2,
        )
        axes.imshow(picture, aspect="auto", extent=extent, origin="lower")
        axes.set_xlim(min(low, extent[0]), max(high, extent[1]))
        axes.set_ylim(min(low, extent[2]), max(high, extent[3]))
    axes.locator_params(nbins=6)
    axes.grid()
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _reliability(canvas: Canvas, graph: Graph) -> None:
    axes = canvas.axes
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 3)))
    for n, series in enumerate(graph.series):
        x, y = _numbers(series.x), _heights(series)
        share = np.array(series.count) / max(sum(series.count), 1)
        axes.plot(x, y, color=_colour(n), ls=_dash(n)[1], lw=1.4)
        sizes = 12 + 220 * share
        axes.scatter(x, y, s=sizes, color=_colour(n), edgecolors=PAPER, lw=0.8, zorder=3)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=ticks, yticks=ticks)
    axes.grid()
    axes.set_xlabel(graph.x)
    axes.set_ylabel(graph.y)


def _across(axes: Axes, graph: Graph) -> None:
    """Lines at the chart's levels."""
    for n, value in enumerate(graph.levels.values()):
        axes.axhline(value, color=MUTED, lw=1, ls=_LEVELS[n % len(_LEVELS)][1])


def _plain_values(axes: Axes) -> None:
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _: axis_number(value))


def _colour(n: int) -> str:
    return _COLOURS[n % len(_COLOURS)]


def _dash(n: int) -> tuple[str, Dashes]:
    """The sign and the dashes of a line, others where colours come again."""
    return _DASHES[n // len(_COLOURS) % len(_DASHES)]


def _heights(series: ChartSeries) -> list[float]:
    return [np.nan if y is None else y for y in series.y]


def _numbers(values: Sequence[float | str]) -> Float64:
    return np.array([float(value) for value in values])


def _ends(series: ChartSeries) -> tuple[Sequence[float | None], Sequence[float | None]]:
    none = (None,) * len(series.y)
    return series.low or none, series.high or none
