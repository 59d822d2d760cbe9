"""Charts of the operator's page, by the project's own way of drawing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from penchant.errors import MissingExtraError
from penchant.results.graph import Graph, bars, intervals, time_series
from penchant.wording import counted

_drawing = threading.Lock()  # Matplotlib's settings are those of the process


def operator_charts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The charts by name, as SVG; none where Matplotlib is not installed or cannot start."""
    charts = {}
    if (feedback := data["feedback"]) and feedback["days"]:
        charts["feedback"] = _drawn(_feedback, feedback["days"])
    if (shown := data["shown"]) and shown["most_shown"]:
        charts["shown"] = _drawn(_most_shown, shown["most_shown"])
    if comparison := data["comparison"]:
        for task in comparison["tasks"]:
            charts[task["task"]] = _drawn(_comparison, task)
    return {name: chart for name, chart in charts.items() if chart}


def without_styles(svg: str) -> str:
    """An SVG whose style attributes, which the pages' policy refuses, are attributes of their own.

    All that charts set in them can be said either way, but for the greatest width.
    """
    svg = re.sub(r' style="max-width:(\d+)px"', r' width="\1"', svg)
    return re.sub(r' style="([^"]*)"', lambda match: _attributes(match[1]), svg)


def _attributes(style: str) -> str:
    pairs = (pair.partition(":") for pair in style.split(";") if pair.strip())
    return "".join(f' {name.strip()}="{value.strip()}"' for name, _, value in pairs)


def _feedback(days: list[dict[str, Any]]) -> Graph:
    by_day = {
        datetime.fromisoformat(row["day"]): sum(n for name, n in row.items() if name != "day")
        for row in days
    }
    first, last = min(by_day), max(by_day)
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values: list[float | None] = [float(by_day.get(day, 0)) for day in every]
    return time_series(
        f"Feedback by day: {counted(int(sum(by_day.values())), 'event')} in "
        f"{counted(len(every), 'day')}.",
        every,
        values,
        y="events",
        counts=True,
    )


def _most_shown(items: list[dict[str, Any]]) -> Graph:
    return bars(
        "The items that stand in most lists.",
        {"": {place["title"]: place["share"] for place in items}},
        x="share of all lists",
        value_format="percent",
    )


def _comparison(task: dict[str, Any]) -> Graph:
    metric, unit = task["metrics"][0], task["direction"]
    values = {}
    for model in task["models"]:
        figure = model["figures"][0]
        if figure["value"] is None:
            continue
        known = figure["low"] is not None and figure["high"] is not None
        values[model["model"]] = (
            (figure["value"], figure["low"], figure["high"]) if known else figure["value"]
        )
    return intervals(f"{metric} with intervals.", values, x=f"{metric}, {unit}")


def _drawn(make: Callable[[Any], Graph], data: Any) -> Markup | None:
    return _cached(make, json.dumps(data, sort_keys=True))


@lru_cache(maxsize=32)
def _cached(make: Callable[[Any], Graph], data: str) -> Markup | None:
    from penchant.reporting.charts.draw import draw

    try:
        with _drawing:
            chart = draw(f"chart{make.__name__}-{hash(data) & 0xFFFFFF:x}", make(json.loads(data)))
    except (MissingExtraError, OSError):  # Matplotlib wants a folder that it can write
        return None
    wide = without_styles(chart.wide)
    if not chart.narrow:
        return Markup(f'<div class="svg">{wide}</div>')
    narrow = without_styles(chart.narrow)
    return Markup(f'<div class="svg wide">{wide}</div><div class="svg narrow">{narrow}</div>')
