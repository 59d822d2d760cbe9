"""Charts of lines: training curves, cumulative shares, time series, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy.typing as npt

from penchant.metrics.calibration import calibration_curve
from penchant.results.graph.records import ChartSeries, Format, Graph, finite


def lines(
    caption: str,
    series: Mapping[str, Sequence[float | None] | Mapping[float, float | None]],
    *,
    x: str = "epoch",
    y: str = "loss",
    levels: Mapping[str, float] | None = None,
    places: Mapping[str, float] | None = None,
    diagonal: str = "",
    labels: Mapping[float, str] | None = None,
    ticks: Mapping[float, str] | None = None,
    log: bool = False,
    fill: bool = False,
    half: bool = True,
    axis_format: Format = "number",
) -> Graph:
    """Lines such as the loss of several networks by epoch.

    Args:
        caption: what the chart shows.
        series: the values of each line, at 1, 2, 3 … or at the keys of a mapping.
        x: what stands along the lower edge.
        y: what the values are.
        levels: lines across, such as `{"predicting zero": 1.0}`.
        places: lines upwards, such as `{"kept": 7}`.
        diagonal: what the line y = x stands for; empty without one.
        labels: words beside a point of every line, by its place.
        ticks: words along the lower edge in place of numbers, by their places.
        log: whether values are on a logarithmic scale.
        fill: whether the area between line and diagonal is shaded.
        half: whether it takes half the width of a wide page.
        axis_format: how numbers along both axes are written.

    Raises:
        ParameterError: there is nothing to draw.
    """
    drawn = []
    for name, values in series.items():
        known = values if isinstance(values, Mapping) else dict(enumerate(values, 1))
        heights = tuple(finite(value) for value in known.values())
        words = tuple(labels.get(place, "") for place in known) if labels else ()
        drawn.append(
            ChartSeries(name, tuple(float(place) for place in known), heights, labels=words)
        )
    return Graph(
        kind="lines",
        caption=caption,
        series=tuple(drawn),
        x=x,
        y=y,
        levels=dict(levels or {}),
        places=dict(places or {}),
        diagonal=diagonal,
        ticks=dict(ticks or {}),
        log=log,
        fill=fill,
        half=half,
        x_format=axis_format,
        y_format=axis_format,
    )


def time_series(
    caption: str,
    starts: Sequence[datetime],
    values: Sequence[float | None],
    *,
    y: str,
    counts: bool = False,
    half: bool = False,
) -> Graph:
    """A value for each of several periods of equal length.

    Args:
        caption: what the chart shows.
        starts: of the periods, ascending.
        values: one for each period.
        y: what the values are.
        counts: whether values are counts, drawn as steps from zero.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: there is nothing to draw.
    """
    one = ChartSeries("", tuple(s.isoformat() for s in starts), tuple(map(finite, values)))
    return Graph(kind="time series", caption=caption, series=(one,), y=y, fill=counts, half=half)


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
        probabilities: float[n] from 0 to 1, by model.
        truth: bool[n], what happened.
        bins: into how many bins of equal width chances are put.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: a probability is impossible or lengths differ.
    """
    drawn = []
    for name, predicted in probabilities.items():
        curve = calibration_curve(predicted, truth, bins)
        used = curve.n_rows > 0
        drawn.append(
            ChartSeries(
                name,
                tuple(curve.probability[used].tolist()),
                tuple(curve.share[used].tolist()),
                weight=tuple(curve.n_rows[used].tolist()),
            )
        )
    return Graph(
        kind="reliability",
        caption=caption,
        series=tuple(drawn),
        x="stated chance",
        y="share that happened",
        diagonal="chances that mean what they say",
        half=half,
    )
