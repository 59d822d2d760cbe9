"""The charts of a result where they are looked at: below a cell of a notebook, or as SVG files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from penchant.errors import ParameterError
from penchant.exploration.log_exploration import Exploration
from penchant.reporting.charts.draw import draw
from penchant.reporting.charts.svg import Chart
from penchant.reporting.graphs.comparison import (
    metric_intervals,
    quality_against_cost,
    training_curve,
)
from penchant.reporting.graphs.tuning import by_trial, by_value
from penchant.reporting.pages.exploration import graphs_of_log
from penchant.results.evaluation import Evaluation
from penchant.results.graph import Graph
from penchant.results.tables import Table
from penchant.results.tuning.result import Tuning

_SHEET = Path(__file__).parent / "templates" / "style.css"


@dataclass(frozen=True)
class Charts:
    """Charts that notebooks show, drawn as SVG.

    Attributes:
        charts: as reports have them.
    """

    charts: tuple[Chart, ...]

    def __len__(self) -> int:
        return len(self.charts)

    def __iter__(self) -> Iterator[str]:
        """Each chart as the text of an SVG file that stands alone."""
        return (standalone(chart.wide) for chart in self.charts)

    def __str__(self) -> str:
        return "\n".join(chart.caption for chart in self.charts)

    def _repr_html_(self) -> str:
        figures = "".join(map(_figure, self.charts))
        return (
            f'<div style="{_light()}background:var(--paper);color:var(--ink);display:flex;'
            f'flex-wrap:wrap;gap:1em 2em;padding:.5em;font-family:system-ui,sans-serif">{figures}'
            "</div>"
        )


def charts(result: object) -> Charts:
    """Draw the charts of a result, for a notebook or as SVG files.

    They are those of `pn.report`: of a comparison the intervals and the gain against its cost, with
    the training curves of networks; of an exploration what the log is like; of a tuning its
    trials.

    Args:
        result: a comparison or a table of one, an exploration, a tuning, or a chart as data
            (`Graph`).

    Raises:
        MissingExtraError: Matplotlib is not installed.
        ParameterError: there are no charts of such a result.

    Example:
        >>> split = pn.split_per_user(planted_pairs())
        >>> result = pn.evaluate([make("ease")], split, ["ndcg@10"])
        >>> shown = pn.charts(result)  # in a notebook its last line
        >>> [svg[:4] for svg in shown]
        ['<svg', '<svg']
    """
    known = [graph for graph in _graphs(result) if graph is not None]
    return Charts(tuple(draw(_name(graph), graph) for graph in known))


def _graphs(result: object) -> Iterator[Graph | None]:
    if isinstance(result, Graph):
        yield result
    elif isinstance(result, Evaluation):
        for table in result.tables.values():
            yield from _graphs(table)
        for name, model in result.models.items():
            if rows := getattr(model, "curve_", None):
                yield training_curve(name, rows, getattr(model, "best_epoch_", None))
    elif isinstance(result, Table):
        yield metric_intervals(result)
        yield quality_against_cost(result)
    elif isinstance(result, Exploration):
        for graphs in graphs_of_log(result).values():
            yield from graphs
    elif isinstance(result, Tuning):
        yield by_trial(result)
        for name in result.space:
            yield by_value(result, name)
    else:
        raise ParameterError(
            f"There are no charts of a {type(result).__name__}: give a comparison, an exploration, "
            "a tuning or a Graph, or write its page with pn.report."
        )


def standalone(svg: str) -> str:
    """An inline chart as a file of its own, with the colours of a light page."""
    style = f"<style>svg{{{_light()}background:var(--paper);font-family:system-ui,sans-serif}}"
    if "xmlns=" not in svg[: svg.index(">")]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return re.sub(r"(<svg[^>]*>)", lambda m: f"{m[1]}{style}</style>", svg, count=1)


@cache
def _light() -> str:
    """The colours of a light page, as declarations of variables."""
    sheet = _SHEET.read_text(encoding="utf-8")
    return "".join(re.findall(r"--[\w-]+: [^;]+;", sheet.partition("}")[0]))


@cache
def _colours() -> dict[str, str]:
    """The colour of each class that signs of a key have."""
    rules = re.findall(r"\.(c-[\w-]+) { color: ([^;]+);", _SHEET.read_text(encoding="utf-8"))
    return dict(rules)


def _name(graph: Graph) -> str:
    """A name that no other chart on the page has, the same each time."""
    return "chart-" + hashlib.sha256(repr(graph).encode()).hexdigest()[:12]


def _figure(chart: Chart) -> str:
    signs = "".join(
        f'<span style="color:{_colours()[sign.colour]}">{sign.sign}</span> {escape(sign.name)} '
        for sign in chart.key
    )
    width = 32 if chart.half else 66
    return (
        f'<figure style="margin:0;width:{width}em;max-width:100%">{chart.wide}'
        f'<figcaption style="font-size:.9em">{signs}{"<br>" if signs else ""}'
        f"{escape(chart.caption)}</figcaption></figure>"
    )
