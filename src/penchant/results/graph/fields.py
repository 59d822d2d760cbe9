"""Charts of points in two dimensions: predicted against actual, quality against cost, heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from penchant.errors import ParameterError
from penchant.results.graph.records import (
    ChartSeries,
    Format,
    Graph,
    Mark,
    Value,
    series_of,
)
from penchant.typing import AnyFloat, Float64

_DOTS = 1500  # points that are drawn one by one
_CELLS = 48  # fields along each side where there are more


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
        predicted: float[n]; pairs that are not finite are left out.
        x: what `actual` is.
        y: what `predicted` is.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: lengths differ, or there is nothing to draw.
    """
    true, guess = np.asarray(actual, np.float64), np.asarray(predicted, np.float64)
    if true.shape != guess.shape or true.ndim != 1:
        raise ParameterError(
            f"The chart {caption!r} needs as many predictions as answers, not {guess.shape} "
            f"and {true.shape}."
        )
    known = np.isfinite(true) & np.isfinite(guess)
    true, guess = true[known], guess[known]
    cell = None
    if len(true) <= _DOTS:
        one = ChartSeries("", tuple(true.tolist()), tuple(guess.tolist()))
    else:
        counts, across, up = np.histogram2d(true, guess, bins=(_edges(true), _edges(guess)))
        column, row = np.nonzero(counts)
        one = ChartSeries(
            "",
            tuple(((across[:-1] + across[1:]) / 2)[column].tolist()),
            tuple(((up[:-1] + up[1:]) / 2)[row].tolist()),
            weight=tuple(counts[column, row].astype(int).tolist()),
        )
        cell = (float(across[1] - across[0]), float(up[1] - up[0]))
    diagonal = f"{y} = {x}"
    return Graph(
        kind="points", caption=caption, series=(one,), x=x, y=y, diagonal=diagonal, cell=cell,
        half=half,
    )  # fmt: skip


def scatter(
    caption: str,
    x_values: Sequence[float | str],
    values: Sequence[Value],
    *,
    x: str,
    y: str,
    name: str = "",
    lines: Mapping[str, Sequence[tuple[float, Value]]] | None = None,
    labels: Sequence[str] = (),
    marks: Sequence[Mark] = (),
    weight: Sequence[float] = (),
    log_x: bool = False,
    x_format: Format = "number",
    downwards: bool = False,
    half: bool = True,
) -> Graph:
    """Single points, with intervals, names and marks where these are given, and lines over them.

    Args:
        caption: what the chart shows.
        x_values: where the points stand: numbers, or names of categories.
        values: how high each stands.
        x: what stands along the lower edge.
        y: what stands along the left edge.
        name: of the points in the chart's key, where there are lines.
        lines: lines over the points by name, each a sequence of place and value.
        labels: the name of each point.
        marks: what kind of point each is.
        weight: how many rows each point stands for; the more, the darker.
        log_x: whether the lower edge is on a logarithmic scale.
        x_format: how numbers along the lower edge are written.
        downwards: whether low values stand at the top, because they are the better ones.
        half: whether it takes half the width of a wide page.

    Raises:
        ParameterError: there is nothing to draw.
    """
    first = series_of(name, x_values, values, weight=weight, labels=labels, marks=marks)
    further = (
        series_of(label, [at for at, _ in line], [value for _, value in line])
        for label, line in (lines or {}).items()
    )
    return Graph(
        kind="points",
        caption=caption,
        series=(first, *further),
        x=x,
        y=y,
        log_x=log_x,
        x_format=x_format,
        downwards=downwards,
        half=half,
    )


def heat_map(caption: str, values: Float64, *, x: str, y: str) -> Graph:
    """A matrix as fields, the darker the higher its value, its first row at the top.

    Args:
        caption: what the chart shows.
        values: float64[n_rows, n_columns], none below 0.
        x: what the columns are.
        y: what the rows are.

    Raises:
        ParameterError: there is nothing to draw.
    """
    rows, columns = np.indices(values.shape)
    one = ChartSeries(
        "",
        tuple(columns.ravel().astype(float).tolist()),
        tuple(rows.ravel().astype(float).tolist()),
        weight=tuple(map(float, values.ravel())),
    )
    return Graph(
        kind="heat map", caption=caption, series=(one,), x=x, y=y, cell=(1, 1), downwards=True,
        half=True,
    )  # fmt: skip


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
