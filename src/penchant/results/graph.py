"""Charts as plain data: the numbers that are drawn, so that they can be kept and given as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from penchant.errors import ParameterError
from penchant.metrics.calibration import calibration_curve
from penchant.results.formatting import short
from penchant.results.tables import MetricValue
from penchant.typing import AnyFloat, Float64

Kind = Literal["bars", "columns", "lines", "points", "reliability"]
Value = float | MetricValue | tuple[float, float, float] | None
"""A number, or one with the ends of its interval."""
_DOTS = 1500  # points that are drawn one by one
_CELLS = 48  # fields along each side where there are more


@dataclass(frozen=True)
class ChartSeries:
    """Numbers that are drawn alike.

    Attributes:
        name: what the chart's key calls them; empty where there is only one series.
        x: where each stands: numbers, or the names of bars.
        y: its value, None where it is missing.
        low: lower ends of intervals, empty without any.
        high: upper ends.
        count: how many rows each stands for, empty where it is one.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    count: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A chart before it is drawn; made with `bars`, `lines`, `points` or `reliability`.

    Attributes:
        kind: how it is drawn.
        caption: a sentence on what it shows, for those who cannot see it, too.
        series: what is drawn.
        x: what stands along the lower edge; of bars that lie, what their length is.
        y: what stands along the left edge.
        levels: named values with a line across the chart, such as a trivial answer's.
        places: named positions with a line upwards, such as the epoch that was kept.
        cell: width and height of the fields that points were counted in; None for single points.
        log: whether values are on a logarithmic scale.
        half: whether it takes half the width of a wide page.
    """

    kind: Kind
    caption: str
    series: tuple[ChartSeries, ...]
    x: str = ""
    y: str = ""
    levels: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, float] = field(default_factory=dict)
    cell: tuple[float, float] | None = None
    log: bool = False
    half: bool = False

    def __post_init__(self) -> None:
        if not self.series or not any(y is not None for s in self.series for y in s.y):
            raise ParameterError(f"The chart {self.caption!r} has nothing to draw.")

    def legend(self) -> list[str]:
        """What the chart's key names: several series, then levels, places and the diagonal."""
        names = [series.name for series in self.series] if len(self.series) > 1 else []
        for named in (self.levels, self.places):
            names += [f"{name} ({axis_number(value)})" for name, value in named.items()]
        if self.kind == "points":
            names.append(f"{self.y} = {self.x}")
        if self.kind == "reliability":
            names.append("chances that mean what they say")
        return names

    def to_dict(self) -> dict[str, Any]:
        """Everything but how it is drawn."""
        plain = asdict(self)
        return {name: plain[name] for name in plain if name not in ("half", "log")}


def bars(
    caption: str,
    series: Mapping[str, Mapping[str, Value]],
    *,
    x: str = "",
    y: str = "",
    levels: Mapping[str, float] | None = None,
    upright: bool = False,
    half: bool = False,
) -> Graph:
    """Bars from zero, several series side by side, each with an interval where one is given.

    Args:
        caption: what the chart shows.
        series: the value of each name, by series: `{"": {...}}`, or
            `{"as published": {...}, "honest": {...}}`.
        x: what the length is, or, upright, what the names are.
        y: what the names are, or, upright, what the height is.
        levels: lines across all bars, such as `{"recommend everything": 0.733}`.
        upright: whether bars stand, as those of a histogram do.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: there is nothing to draw.
    """
    names = list(dict.fromkeys(name for values in series.values() for name in values))
    found = []
    for label, values in series.items():
        cells = [_value(values.get(name)) for name in names]
        spread = any(cell[1] is not None for cell in cells)
        found.append(
            ChartSeries(
                label,
                tuple(map(str, names)),
                tuple(cell[0] for cell in cells),
                tuple(cell[1] for cell in cells) if spread else (),
                tuple(cell[2] for cell in cells) if spread else (),
            )
        )
    return Graph(
        kind="columns" if upright else "bars",
        caption=caption,
        series=tuple(found),
        x=x,
        y=y,
        levels=dict(levels or {}),
        half=half,
    )


def lines(
    caption: str,
    series: Mapping[str, Sequence[float | None] | Mapping[float, float | None]],
    *,
    x: str = "epoch",
    y: str = "loss",
    levels: Mapping[str, float] | None = None,
    places: Mapping[str, float] | None = None,
    log: bool = False,
    half: bool = True,
) -> Graph:
    """Lines such as the loss of several networks by epoch.

    Args:
        caption: what the chart shows.
        series: the values of each line, at 1, 2, 3 … or at the keys of a mapping.
        x: what stands along the lower edge.
        y: what the values are.
        levels: lines across, such as `{"predicting zero": 1.0}`.
        places: lines upwards, such as `{"kept": 7}`.
        log: whether values are on a logarithmic scale.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: there is nothing to draw.
    """
    found = []
    for name, values in series.items():
        known = values if isinstance(values, Mapping) else dict(enumerate(values, 1))
        heights = tuple(_finite(value) for value in known.values())
        found.append(ChartSeries(name, tuple(float(place) for place in known), heights))
    return Graph(
        kind="lines",
        caption=caption,
        series=tuple(found),
        x=x,
        y=y,
        levels=dict(levels or {}),
        places=dict(places or {}),
        log=log,
        half=half,
    )


def points(
    caption: str,
    actual: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    x: str = "actual",
    y: str = "predicted",
    half: bool = True,
) -> Graph:
    """Predicted against actual: single points, or from 1,500 on how many lie in each field.

    Args:
        caption: what the chart shows.
        actual: float[n], what happened.
        predicted: float[n], what was said; pairs that are not finite are left out.
        x: what `actual` is.
        y: what `predicted` is.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: lengths differ, or there is nothing to draw.
    """
    true, said = np.asarray(actual, np.float64), np.asarray(predicted, np.float64)
    if true.shape != said.shape or true.ndim != 1:
        raise ParameterError(
            f"The chart {caption!r} needs as many predictions as answers, not {said.shape} "
            f"and {true.shape}."
        )
    known = np.isfinite(true) & np.isfinite(said)
    true, said = true[known], said[known]
    if len(true) <= _DOTS:
        one = ChartSeries("", tuple(true.tolist()), tuple(said.tolist()))
        return Graph(kind="points", caption=caption, series=(one,), x=x, y=y, half=half)
    counts, across, up = np.histogram2d(true, said, bins=(_edges(true), _edges(said)))
    column, row = np.nonzero(counts)
    one = ChartSeries(
        "",
        tuple(((across[:-1] + across[1:]) / 2)[column].tolist()),
        tuple(((up[:-1] + up[1:]) / 2)[row].tolist()),
        count=tuple(counts[column, row].astype(int).tolist()),
    )
    cell = (float(across[1] - across[0]), float(up[1] - up[0]))
    return Graph(kind="points", caption=caption, series=(one,), x=x, y=y, cell=cell, half=half)


def reliability(
    caption: str,
    probabilities: Mapping[str, npt.ArrayLike],
    truth: npt.ArrayLike,
    *,
    bins: int = 10,
    half: bool = True,
) -> Graph:
    """Whether events said to have a chance of 70 % happen in 70 % of the cases.

    Args:
        caption: what the chart shows.
        probabilities: float[n] from 0 to 1, by contender.
        truth: bool[n], what happened.
        bins: into how many bins of equal width chances are put.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: a probability is impossible or lengths differ.
    """
    found = []
    for name, stated in probabilities.items():
        curve = calibration_curve(stated, truth, bins)
        used = curve.n_rows > 0
        found.append(
            ChartSeries(
                name,
                tuple(curve.probability[used].tolist()),
                tuple(curve.share[used].tolist()),
                count=tuple(curve.n_rows[used].tolist()),
            )
        )
    return Graph(
        kind="reliability",
        caption=caption,
        series=tuple(found),
        x="stated chance",
        y="share that happened",
        half=half,
    )


def _edges(values: Float64) -> AnyFloat:
    """Ends of the fields along one side, around each value where there are few, as of stars."""
    distinct = np.unique(values)
    low, high = float(distinct[0]), float(distinct[-1])
    if 1 < len(distinct) <= _CELLS:
        gap = float(np.diff(distinct).min())
        fields = round((high - low) / gap) + 1
        if fields <= _CELLS:
            return low + gap * (np.arange(fields + 1) - 0.5)
    return np.linspace(low, high if high > low else low + 1, _CELLS + 1, dtype=np.float64)


def _value(value: Value) -> tuple[float | None, float | None, float | None]:
    if isinstance(value, MetricValue):
        value = (value.value, value.low, value.high)
    middle, low, high = value if isinstance(value, tuple) else (value, None, None)
    return _finite(middle), _finite(low), _finite(high)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def axis_number(value: float) -> str:
    """A value in a chart, with three digits that matter."""
    return short(value) if abs(value) >= 1000 else f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
