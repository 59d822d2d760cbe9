"""A comparison that was written as JSON, read back as tables with their verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from penchant.errors import DataError
from penchant.models.base import Task
from penchant.reporting.glossary import direction, table_terms
from penchant.reporting.verdict import QUESTIONS, metric_decimals, task_verdict
from penchant.results.tables import CustomMetric, Entry, MetricValue, Table


@dataclass(frozen=True)
class WrittenComparison:
    """The tables of a comparison, as a verdict needs them.

    Attributes:
        tables: by task.
        settings: of the comparison.
    """

    tables: Mapping[Task, Table]
    settings: Mapping[str, Any]


def read_comparison(data: Mapping[str, Any]) -> WrittenComparison:
    """The tables that `penchant compare --json` has written.

    Raises:
        DataError: it is none of this kind.
    """
    try:
        tables = {task: _table(task, table) for task, table in data["tables"].items()}
        return WrittenComparison(tables, dict(data["settings"]))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise DataError(
            "The file of --comparison is none that penchant compare LOG --json has written."
        ) from None


def comparison_figures(data: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A comparison as the page shows it: verdicts, tables and findings, as plain values."""
    if data is None:
        return None
    written = read_comparison(data)
    findings = data.get("findings", {})
    return {
        "log": data.get("log", {}),
        "split": data.get("split", {}),
        "notes": data.get("notes", []),
        "tasks": [_task(written, task) for task in written.tables],
        "metrics": table_terms(written.tables.values()),
        "counts": findings.get("counts", {}),
        "findings": [
            {name: each.get(name) for name in ("rule", "level", "about", "sentence", "advice")}
            for each in findings.get("findings", [])
            if each.get("level") in ("wrong", "doubtful", "note")
        ],
    }


def _task(written: WrittenComparison, task: Task) -> dict[str, Any]:
    table = written.tables[task]
    verdict = task_verdict(written, task)
    return {
        "task": task,
        "question": QUESTIONS[task],
        "headline": verdict.headline,
        "sentences": list(verdict.sentences),
        "direction": direction(table),
        "metrics": list(table.metrics),
        "decimals": [metric_decimals(table, metric) for metric in table.metrics],
        "models": [
            {
                "model": entry.name,
                "trivial": entry.trivial,
                "verdict": entry.verdict,
                "figures": [_figure(entry.metrics.get(metric)) for metric in table.metrics],
            }
            for entry in table.entries
        ],
    }


def _figure(value: MetricValue | None) -> dict[str, float | None]:
    known = value or MetricValue(math.nan)
    named = {"value": known.value, "low": known.low, "high": known.high}
    return {name: number if math.isfinite(number) else None for name, number in named.items()}


def _table(task: Task, table: Mapping[str, Any]) -> Table:
    return Table(
        task=task,
        metrics=tuple(table["metrics"]),
        entries=tuple(_entry(entry) for entry in table["entries"]),
        users=table["users"],
        rows=table["rows"],
        notes=tuple(table["notes"]),
        groups=tuple(map(tuple, table["groups"])),
        no_verdict=table["no_verdict"],
        custom_metrics={
            name: CustomMetric(**own) for name, own in table.get("custom_metrics", {}).items()
        },
        segment=table["segment"],
        segments={name: _table(task, part) for name, part in table.get("segments", {}).items()},
    )


def _entry(entry: Mapping[str, Any]) -> Entry:
    return Entry(
        name=entry["model"],
        trivial=entry["trivial"],
        metrics={name: _metric(value) for name, value in entry["figures"].items()},
        validation=_number(entry.get("validation")),
    )


def _metric(value: Mapping[str, Any]) -> MetricValue:
    numbers = {f.name: _number(value[f.name]) for f in fields(MetricValue) if f.name != "verdict"}
    return MetricValue(**numbers, verdict=value["verdict"])


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
