"""The page of a comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.data.quality.log_check import check
from penchant.data.quality.log_summary import summary
from penchant.data.vocabulary import Id
from penchant.exploration.log_exploration import activity, long_tail
from penchant.models.base import Task
from penchant.reporting.charts.draw import draw, draw_all
from penchant.reporting.charts.svg import Chart
from penchant.reporting.example_users import example_users
from penchant.reporting.glossary import VERDICTS, direction, table_terms
from penchant.reporting.graphs import log as log_graphs
from penchant.reporting.graphs.comparison import (
    metric_intervals,
    quality_against_cost,
    training_curve,
)
from penchant.reporting.html import render
from penchant.reporting.reproduce import facts, snippet
from penchant.reporting.verdict import (
    AIMS,
    QUESTIONS,
    ComparisonTables,
    TaskVerdict,
    by_validation,
    metric_decimals,
    task_verdict,
)
from penchant.results.evaluation import Evaluation
from penchant.results.tables import Entry, MetricValue, Table
from penchant.run import Run

_MISSING = MetricValue(math.nan)


@dataclass(frozen=True)
class Row:
    """One model as the page shows it."""

    entry: Entry
    chosen: bool
    metrics: tuple[MetricValue, ...]

    @property
    def first(self) -> MetricValue:
        """The value that decides the verdict."""
        return self.metrics[0]

    @property
    def badge(self) -> str:
        """The verdict in one or two words."""
        return "trivial" if self.entry.trivial else self.entry.verdict or "not judged"


@dataclass(frozen=True)
class TaskSection:
    """One task as the page shows it."""

    table: Table
    question: str
    aim: str
    verdict: TaskVerdict
    direction: str
    rows: tuple[Row, ...]
    decimals: tuple[int, ...]
    charts: tuple[Chart, ...]
    segment_charts: tuple[Chart, ...]
    cost: tuple[Chart, ...]
    validated: bool
    measured_memory: bool
    decided: bool
    timed: bool
    has_baseline: bool
    judged: bool
    failed: Mapping[str, str]

    @property
    def colour(self) -> str:
        """The style of the verdict on the chosen model, none where nothing was chosen."""
        return next((row.badge.replace(" ", "-") for row in self.rows if row.chosen), "")


def write_comparison(
    evaluation: Evaluation,
    path: str | Path,
    *,
    users: Sequence[Id] | None = None,
    pair: Sequence[str] | None = None,
    run: Run | None = None,
    title: str | None = None,
) -> Path:
    """Write a comparison as one self-contained HTML page that opens offline.

    The same evaluation gives the same bytes. The file is written whole or not at all.

    Args:
        evaluation: the comparison.
        path: where to write; folders are made.
        users: ids of the users to show as examples; by default a light, a middling and a heavy
            one of the test part.
        pair: names of the models whose lists are shown; by default the best on validation and the
            strongest one of another kind.
        run: threads and progress.
        title: of the page.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
        UnknownIdError: an example user is not in the log.
        ParameterError: a model of the pair was not compared.
    """
    log = evaluation.split.log
    examples = example_users(evaluation, users, pair, run=run)  # first, for it may refuse
    context = {
        "title": title or f"Recommenders for {log.name}, compared",
        "name": log.name,
        "sections": [task_section(evaluation, task) for task in evaluation.tables],
        "level": evaluation.settings.get("level", 0.95),
        "summary": summary(log),
        "check": check(log),
        "source": str(log.origin),
        "data_charts": _data_charts(evaluation),
        "split": evaluation.split.describe(),
        "curves": _curves(evaluation),
        "example_users": examples,
        "notes": evaluation.notes,
        "rule_costs": evaluation.rule_costs,
        "audit": evaluation.findings,
        "facts": facts(evaluation),
        "models": evaluation.settings.get("models", {}),
        "snippet": snippet(evaluation),
        "verdicts": VERDICTS,
        "metrics": table_terms(evaluation.tables.values()),
    }
    return write_text_atomically(render("comparison.html", context), path)


def task_section(evaluation: ComparisonTables, task: Task, prefix: str = "") -> TaskSection:
    """One task as a page shows it; `prefix` keeps names unique where a page shows it again."""
    table = evaluation.tables[task]
    chosen = next(iter(by_validation(table)), None)
    known = table.segments.get("with-history")
    known_graphs = [metric_intervals(known)] if known else []
    return TaskSection(
        table=table,
        question=QUESTIONS[table.task],
        aim=AIMS[table.task],
        verdict=task_verdict(evaluation, table.task),
        direction=direction(table),
        rows=tuple(
            Row(e, e is chosen, tuple(e.metrics.get(m, _MISSING) for m in table.metrics))
            for e in table.entries
        ),
        decimals=tuple(metric_decimals(table, metric) for metric in table.metrics),
        charts=tuple(draw_all(f"{prefix}{task}-intervals", [metric_intervals(table)])),
        segment_charts=tuple(draw_all(f"{prefix}{task}-history", known_graphs)),
        cost=tuple(draw_all(f"{prefix}{task}-cost", [quality_against_cost(table)])),
        validated=chosen is not None,
        measured_memory=any(e.cost.peak_bytes is not None for e in table.entries),
        decided=any(e.confusion is not None for e in table.entries),
        timed=any(math.isfinite(e.cost.fit_seconds) for e in table.entries),
        has_baseline=any(e.trivial for e in table.entries),
        judged=table.judged,
        failed={name: own.reason for name, own in evaluation.failed.items()}
        if isinstance(evaluation, Evaluation)
        else {},
    )


def _data_charts(evaluation: Evaluation) -> list[Chart]:
    log = evaluation.split.log
    log_summary = summary(log)
    return draw_all(
        "data",
        [
            log_graphs.ratings(log_summary) if log_summary.rating_histogram else None,
            log_graphs.activity("user", activity(log.user_counts)),
            log_graphs.activity("item", activity(log.item_counts)),
            log_graphs.long_tail(long_tail(log.item_counts), log_summary),
        ],
    )


def _curves(evaluation: Evaluation) -> list[tuple[str, Chart]]:
    """The training curve of each network, by the model's name."""
    charts = []
    for number, (name, model) in enumerate(evaluation.models.items()):
        if rows := getattr(model, "curve_", None):
            graph = training_curve(name, rows, getattr(model, "best_epoch_", None))
            charts.append((name, draw(f"curve-{number}", graph)))
    return charts
