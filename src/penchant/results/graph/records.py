"""Charts as records: the numbers that are drawn, so that they can be stored as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from penchant.errors import ParameterError
from penchant.results.formatting import duration, percent, short
from penchant.results.tables import MetricValue

Kind = Literal[
    "bars",
    "columns",
    "heat map",
    "histogram",
    "intervals",
    "lines",
    "points",
    "reliability",
    "time series",
    "words",
]
Interval = tuple[float, float, float]
"""A number with the lower and the upper end of its interval."""
Value = float | MetricValue | Interval | None
"""A number, or one with the ends of its interval."""
Mark = Literal["", "best", "beats", "no better", "worse", "trivial"]
MARKS: Mapping[Mark, str] = {
    "best": "the best",
    "beats": "beats the best trivial answer",
    "no better": "no better",
    "worse": "worse",
    "trivial": "trivial",
}
"""What each mark of a single point says."""
Format = Literal["number", "percent", "duration"]
Tone = Literal["accent", "good", "bad"]
_TO_TEXT = {"percent": percent, "duration": duration}


@dataclass(frozen=True)
class ChartSeries:
    """Numbers that are drawn alike.

    Attributes:
        name: what the chart's key calls them; empty where there is only one series.
        x: where each stands: numbers, ISO dates, or the names of bars; of a histogram the n + 1
            edges of its bins.
        y: its value, None where it is missing.
        low: lower ends of intervals, empty without any.
        high: upper ends.
        weight: how many rows each stands for, or how full a field is; empty where all are equal.
        labels: words beside single points, empty where none has any.
        marks: the mark of each point, empty where none has one.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    weight: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A chart before it is drawn; made with `bars`, `lines`, `points` and their like.

    Attributes:
        kind: how it is drawn.
        caption: a sentence on what it shows, for those who cannot see it, too.
        series: what is drawn. The first series of `points` is drawn as points, others as lines.
        x: what stands along the lower edge; of bars that lie, what their length is.
        y: what stands along the left edge.
        levels: named values with a line across the chart, such as a trivial answer's, and with a
            band where the value has an interval.
        places: named positions with a line upwards, such as the epoch whose weights were kept.
        diagonal: what the line y = x stands for; empty without one.
        cell: width and height of the fields that points were counted in; None for single points.
        ticks: what stands at places along the lower edge in place of their numbers, such as months.
        log: whether values are on a logarithmic scale.
        log_x: whether the lower edge is.
        x_format: how numbers along the lower edge are written.
        y_format: how those along the left edge are.
        downwards: whether low values stand at the top, because they are the better ones.
        fill: whether the area below a line, or between it and the diagonal, is shaded.
        half: whether it takes half the width of a wide page.
        tone: the colour of words: of good ones, bad ones or any.
    """

    kind: Kind
    caption: str
    series: tuple[ChartSeries, ...]
    x: str = ""
    y: str = ""
    levels: Mapping[str, float | Interval] = field(default_factory=dict)
    places: Mapping[str, float] = field(default_factory=dict)
    diagonal: str = ""
    cell: tuple[float, float] | None = None
    ticks: Mapping[float, str] = field(default_factory=dict)
    log: bool = False
    log_x: bool = False
    x_format: Format = "number"
    y_format: Format = "number"
    downwards: bool = False
    fill: bool = False
    half: bool = False
    tone: Tone = "accent"

    def __post_init__(self) -> None:
        if not self.series or not any(y is not None for s in self.series for y in s.y):
            raise ParameterError(f"The chart {self.caption!r} has nothing to draw.")

    @property
    def marks(self) -> list[Mark]:
        """The marks that any point has, in the order of `MARKS`."""
        used = {mark for series in self.series for mark in series.marks}
        return [mark for mark in MARKS if mark in used]

    def legend(self) -> list[str]:
        """What the chart's key names: several series, then marks, levels, places, the diagonal."""
        names = [series.name for series in self.series] if len(self.series) > 1 else []
        names += [MARKS[mark] for mark in self.marks]
        across = self.x_format if self.kind in ("bars", "intervals") else self.y_format
        for name, level in self.levels.items():
            value = level[0] if isinstance(level, tuple) else level
            names.append(f"{name} ({axis_text(value, across)})")
        names += [f"{name} ({axis_text(at, self.x_format)})" for name, at in self.places.items()]
        return [*names, self.diagonal] if self.diagonal else names

    def to_dict(self) -> dict[str, Any]:
        """What is drawn, without how: JSON needs no scales and widths."""
        drawn = {
            *("half", "ticks", "log", "log_x", "x_format", "y_format", "downwards", "fill", "tone")
        }
        return {name: value for name, value in asdict(self).items() if name not in drawn}


def axis_number(value: float) -> str:
    """A value in a chart, with three digits that matter."""
    return short(value) if abs(value) >= 999.5 else f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def axis_text(value: float, form: Format = "number") -> str:
    """A value as an axis writes it."""
    return _TO_TEXT.get(form, axis_number)(value)


def finite(value: float | None) -> float | None:
    """A value, None where it is not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


def with_interval(value: Value) -> tuple[float | None, float | None, float | None]:
    """A value with the ends of its interval, each None where it is not known."""
    if isinstance(value, MetricValue):
        value = (value.value, value.low, value.high)
    middle, low, high = value if isinstance(value, tuple) else (value, None, None)
    return finite(middle), finite(low), finite(high)


def series_of(
    name: str,
    x: Sequence[float | str],
    values: Sequence[Value],
    *,
    weight: Sequence[float] = (),
    labels: Sequence[str] = (),
    marks: Sequence[Mark] = (),
) -> ChartSeries:
    """A series of values, without ends of intervals where no value has them."""
    cells = [with_interval(value) for value in values]
    spread = any(low is not None for _, low, _ in cells)
    return ChartSeries(
        name,
        tuple(at if isinstance(at, str) else float(at) for at in x),
        tuple(value for value, _, _ in cells),
        tuple(low for _, low, _ in cells) if spread else (),
        tuple(high for _, _, high in cells) if spread else (),
        tuple(weight),
        tuple(labels),
        tuple(marks),
    )
