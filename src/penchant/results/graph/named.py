"""Charts with a name or a bin for each value: bars, histograms, dots with intervals, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penchant.results.graph.records import (
    ChartSeries,
    Format,
    Graph,
    Interval,
    Mark,
    Tone,
    Value,
    series_of,
)


def bars(
    caption: str,
    series: Mapping[str, Mapping[str, Value]],
    *,
    x: str = "",
    y: str = "",
    levels: Mapping[str, float] | None = None,
    upright: bool = False,
    half: bool = False,
    value_format: Format = "number",
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
        value_format: how values are written.

    Raises:
        ParameterError: there is nothing to draw.
    """
    names = list(dict.fromkeys(name for values in series.values() for name in values))
    return Graph(
        kind="columns" if upright else "bars",
        caption=caption,
        series=tuple(
            series_of(label, list(map(str, names)), [values.get(name) for name in names])
            for label, values in series.items()
        ),
        x=x,
        y=y,
        levels=dict(levels or {}),
        half=half,
        x_format="number" if upright else value_format,
        y_format=value_format if upright else "number",
    )


def words(caption: str, weights: Mapping[str, float], *, tone: Tone = "accent") -> Graph:
    """A cloud of words, the larger the more each weighs.

    Args:
        caption: what the cloud shows.
        weights: above 0, by word.
        tone: the colour: of good words, of bad ones or of any.

    Raises:
        ParameterError: there is no word.
    """
    ordered = dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])))
    one = series_of("", list(ordered), list(ordered.values()))
    return Graph(kind="words", caption=caption, series=(one,), half=True, tone=tone)


def intervals(
    caption: str,
    values: Mapping[str, Value],
    *,
    x: str = "",
    marks: Sequence[Mark] = (),
    levels: Mapping[str, float | Interval] | None = None,
) -> Graph:
    """A dot with its interval for each name, on a scale that need not begin at zero.

    Args:
        caption: what the chart shows.
        values: by name, from the top.
        x: what the values are.
        marks: what kind of dot each is.
        levels: values to compare with, drawn as bands where they have intervals.

    Raises:
        ParameterError: there is nothing to draw.
    """
    one = series_of("", list(values), list(values.values()), marks=marks)
    return Graph(kind="intervals", caption=caption, series=(one,), x=x, levels=dict(levels or {}))


def histogram(
    caption: str,
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    x: str = "",
    y: str = "",
    equal_widths: bool = False,
) -> Graph:
    """How many values lie in each bin, in half the width of a page.

    Args:
        caption: what the chart shows.
        edges: the n + 1 ends of n bins, ascending.
        counts: of each bin.
        x: what the values are.
        y: what is counted.
        equal_widths: whether bins are drawn equally wide, with every edge named, as suits bins
            that double.

    Raises:
        ParameterError: there is nothing to draw.
    """
    one = ChartSeries("", tuple(map(float, edges)), tuple(map(float, counts)))
    return Graph(
        kind="histogram", caption=caption, series=(one,), x=x, y=y, log_x=equal_widths, half=True
    )
