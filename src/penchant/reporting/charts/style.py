"""What all kinds of charts share: colours, dashes, marks, labels and axes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from penchant.reporting.charts.svg import (
    ACCENT,
    BAD,
    FAIR,
    FIFTH,
    FOURTH,
    GOOD,
    MUTED,
    SECOND,
    SOFT,
    THIRD,
)
from penchant.results.graph.records import ChartSeries, Format, Graph, Mark, axis_text
from penchant.typing import Float64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

COLOURS = (ACCENT, SECOND, THIRD, FOURTH, FIFTH)
SHADE = (0.20, 0.42, 0.65)
"""One blue of varying opacity, which suits a light and a dark page alike."""
Dashes = str | tuple[int, tuple[float, ...]]
DASHED: Dashes = (0, (4, 3))
_LINES: tuple[tuple[str, Dashes], ...] = (
    ("━", "-"),
    ("╍", (0, (3, 1.4))),
    ("┅", (0, (1, 1.2))),
)
_LEVELS = (("╌", DASHED), ("┈", (0, (1, 2))), ("─", (0, (9, 3, 2, 3))))
MARKS: dict[Mark, tuple[str, str, str, str]] = {
    "": (ACCENT, "o", "c-1", "●"),
    "best": (GOOD, "o", "c-beats", "◯"),
    "beats": (GOOD, "o", "c-beats", "●"),
    "no better": (FAIR, "D", "c-no-better", "◆"),
    "worse": (BAD, "v", "c-worse", "▼"),
    "trivial": (MUTED, "s", "c-0", "■"),
}
"""Colour and Matplotlib's marker of a point, then the class and the sign of it in the key."""


def colour(n: int) -> str:
    """The colour of the n-th series."""
    return COLOURS[n % len(COLOURS)]


def line_style(n: int) -> tuple[str, Dashes]:
    """The sign and the dashes of the n-th series, others where colours come again."""
    return _LINES[n // len(COLOURS) % len(_LINES)]


def level_style(n: int) -> tuple[str, Dashes]:
    """The sign and the dashes of the n-th level or place."""
    return _LEVELS[n % len(_LEVELS)]


def heights(series: ChartSeries) -> list[float]:
    """The values, NaN where one is missing."""
    return [np.nan if y is None else y for y in series.y]


def numbers(values: Sequence[float | str]) -> Float64:
    """Positions as numbers."""
    return np.array([float(value) for value in values])


def ends(series: ChartSeries) -> list[tuple[float, float] | None]:
    """The interval of each value, None where it has none."""
    none = (None,) * len(series.y)
    return [
        None if low is None or high is None else (low, high)
        for low, high in zip(series.low or none, series.high or none, strict=True)
    ]


def point_marks(series: ChartSeries) -> tuple[Mark, ...]:
    """The mark of each point, empty where it has none."""
    none: Mark = ""
    return series.marks or (none,) * len(series.y)


def draw_levels(axes: Axes, graph: Graph, *, across: bool = True) -> None:
    """Lines at the chart's levels, with bands where these have intervals."""
    line, band = (axes.axhline, axes.axhspan) if across else (axes.axvline, axes.axvspan)
    for n, level in enumerate(graph.levels.values()):
        value, low, high = level if isinstance(level, tuple) else (level, np.nan, np.nan)
        if np.isfinite(high - low):
            band(low, high, color=SOFT, lw=0, zorder=0)
        line(value, color=MUTED, lw=1, ls=level_style(n)[1], zorder=0.5 if n == 0 else 2)


def draw_diagonal(axes: Axes, low: float, high: float) -> None:
    """The line y = x between two positions."""
    axes.plot([low, high], [low, high], color=MUTED, lw=1, ls=DASHED)


def write_numbers(axis: Axis, form: Format) -> None:
    """Write the numbers of an axis in one form; plain ones all with as many decimals."""
    largest = max(map(abs, axis.get_view_interval()))
    if form != "number" or axis.get_scale() == "log" or not 0.01 <= largest < 1000:
        axis.set_major_formatter(lambda value, _: axis_text(value, form))


def plain_values(axes: Axes, graph: Graph) -> None:
    """An upright scale of values without a line, for charts that stand on their lower edge."""
    axes.grid(axis="y")
    axes.locator_params(axis="y", nbins=5)
    write_numbers(axes.yaxis, graph.y_format)
    axes.tick_params(axis="both", length=0)
    axes.spines["left"].set_visible(False)


def wrapped(name: str, width: int) -> str:
    """A name in lines of at most so many letters, broken after a sign or where it must."""
    if len(name) <= width:
        return name
    spaced = re.sub(r"([:,=_])(?! )", "\\1\0 ", name)  # a break that is no space of the name
    lines = textwrap.wrap(spaced, width, break_on_hyphens=False)
    return "\n".join(line.replace("\0 ", "").rstrip("\0") for line in lines)
