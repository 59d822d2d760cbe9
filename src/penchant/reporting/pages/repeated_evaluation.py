"""The page of a rolling evaluation or a cross-validation."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.atomic_write import write_text_atomically
from penchant.models.base import Task
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.charts.svg import Chart
from penchant.reporting.glossary import table_terms
from penchant.reporting.html import render
from penchant.reporting.verdict import metric_decimals
from penchant.results.graph import Graph, lines
from penchant.results.repeated_evaluation import RepeatedEvaluation, Round
from penchant.results.study.sections import DataTable

_LINES = 6  # models in a chart: trivial ones always, and the best others
_CHARTS = 4


def write_repeated_evaluation(result: RepeatedEvaluation, path: str | Path) -> Path:
    """Write repeated comparisons as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    by_fold = result.unit == "fold"
    what = "Recommenders by fold" if by_fold else f"Lists of each {result.unit}, looked back on"
    context = {
        "title": f"{what}: {result.log}",
        "result": result,
        "sections": [
            (task, result.sentences(task), charts(result, task), by_model(result, task))
            for task in result.tasks
        ],
        "rule_costs": result.rule_costs,
        "metrics": table_terms(result.tables(task)[0] for task in result.tasks),
    }
    return write_text_atomically(render("repeated_evaluation.html", context), path)


def charts(result: RepeatedEvaluation, task: Task) -> list[Chart]:
    """Metrics of the models, a line each, period after period; none of folds."""
    if result.unit == "fold":
        return []
    graphs = [by_period(result, task, metric) for metric in _metrics(result, task)[:_CHARTS]]
    return draw_all(f"{task}-periods", graphs)


def by_period(result: RepeatedEvaluation, task: Task, metric: str) -> Graph:
    """One metric of the models, a line each, period after period."""
    names = result.models(task)
    others = [name for name in names if not result.is_trivial(name, task)]
    trivial = [name for name in names if name not in others and name != "random"]
    first, last = (_period(result.rounds[n], result.unit) for n in (0, -1))
    return lines(
        f"{metric} of lists made at the start of each {result.unit}, {first} to {last}",
        {
            name: result.values(name, metric, task=task)
            for name in (*others[: max(_LINES - len(trivial), 1)], *trivial)
        },
        x=f"{result.unit}, by its first day" if result.unit != "month" else "month",
        y=metric,
        ticks=_ticks(result),
    )


def _period(period: Round, unit: str) -> str:
    """A period as a caption names it: `Jul 2023`, or a date."""
    return f"{period.start:%b %Y}" if period.start and unit == "month" else period.name


def _ticks(result: RepeatedEvaluation) -> dict[float, str]:
    """The periods along the lower edge, with the year below the first of each."""
    ticks: dict[float, str] = {}
    year = None
    for n, period in enumerate(result.rounds, 1):
        start = period.start
        if start is None:
            ticks[n] = period.name
            continue
        name = f"{start:%b}" if result.unit == "month" else f"{start.day} {start:%b}"
        ticks[n], year = name if start.year == year else f"{name}\n{start.year}", start.year
    return ticks


def by_model(result: RepeatedEvaluation, task: Task) -> DataTable:
    """The first metric, a row for each model and a column for each round."""
    table = result.tables(task)[0]
    rows = []
    for name in result.models(task):
        values = zip(result.rounds, result.values(name, task=task), strict=True)
        row: dict[str, object] = {"model": name}
        row |= {each.name: value for each, value in values}
        beaten = f"{result.beaten(name, task=task)} of {len(result.rounds)}"
        row |= {
            "mean": result.mean(name, task=task),
            "deviation": result.deviation(name, task=task),
            "beats trivial in": "trivial" if result.is_trivial(name, task) else beaten,
        }
        rows.append(row)
    places = f"fixed:{metric_decimals(table, table.primary)}"
    numbers = (*(each.name for each in result.rounds), "mean", "deviation")
    return DataTable(
        pl.DataFrame(rows),
        f"{table.primary} by {result.unit}",
        dict.fromkeys(numbers, places),
    )


def _metrics(result: RepeatedEvaluation, task: Task) -> tuple[str, ...]:
    return result.tables(task)[0].metrics
