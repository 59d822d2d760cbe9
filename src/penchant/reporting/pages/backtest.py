"""The page of a rolling evaluation."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.atomic_write import write_text_atomically
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.glossary import metric_terms
from penchant.reporting.html import render
from penchant.reporting.verdict import metric_decimals
from penchant.results.backtest import Backtest
from penchant.results.graph import Graph, lines
from penchant.results.study.sections import DataTable

_LINES = 6  # models in a chart: trivial ones always, and the best others


def write_backtest(backtest: Backtest, path: str | Path) -> Path:
    """Write a rolling evaluation as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    first, *others = backtest.sentences
    metrics = backtest.periods[0].table.metrics
    context = {
        "title": f"Lists of each {backtest.every}, looked back on: {backtest.log}",
        "backtest": backtest,
        "headline": first,
        "sentences": others,
        "charts": draw_all("periods", [by_period(backtest, metric) for metric in metrics[:4]]),
        "table": by_model(backtest),
        "metrics": metric_terms(metrics),
    }
    return write_text_atomically(render("backtest.html", context), path)


def by_period(backtest: Backtest, metric: str) -> Graph:
    """One metric of the models, a line each, period after period."""
    table = backtest.periods[0].table
    names = list(backtest.models)
    trivial = [name for name in names if table[name].trivial and name != "random"]
    shown = [*[n for n in names if not table[n].trivial][: max(_LINES - len(trivial), 1)], *trivial]
    starts = {place: period.name for place, period in enumerate(backtest.periods, 1)}
    places = f"{starts[1]} to {starts[len(starts)]}"
    return lines(
        f"{metric} of lists made at the start of each {backtest.every}, {places}",
        {name: backtest.values(name, metric) for name in shown},
        x=f"{backtest.every} from {starts[1]}",
        y=metric,
    )


def by_model(backtest: Backtest) -> DataTable:
    """The first metric, a row for each model and a column for each period."""
    table = backtest.periods[0].table
    rows = []
    for name in backtest.models:
        values = zip(backtest.periods, backtest.values(name), strict=True)
        row: dict[str, object] = {"model": name}
        row |= {period.name: value for period, value in values}
        trivial = table[name].trivial
        beaten = "trivial" if trivial else f"{backtest.beaten(name)} of {len(backtest.periods)}"
        rows.append(row | {"mean": backtest.mean(name), "beats trivial in": beaten})
    places = f"fixed:{metric_decimals(table, backtest.metric)}"
    formats = dict.fromkeys((*(period.name for period in backtest.periods), "mean"), places)
    return DataTable(pl.DataFrame(rows), f"{backtest.metric} by {backtest.every}", formats)
