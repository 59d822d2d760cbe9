"""The same models compared several times: on period after period, or on fold after fold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table as Grid

from penchant.errors import ParameterError
from penchant.json_values import json_value
from penchant.models.base import Task
from penchant.results.console import number
from penchant.results.formatting import join_names, quoted
from penchant.results.output import Output
from penchant.results.rule_costs import RuleCosts
from penchant.results.tables import Entry, Table
from penchant.wording import counted

Unit = Literal["day", "week", "month", "fold"]


@dataclass(frozen=True)
class Round:
    """One of the comparisons.

    Attributes:
        name: of the period or fold.
        tables: a table for each task.
        train_events: what models learned from.
        notes: what a reader must know, a sentence each.
        start: the first moment of a period.
        end: the moment after its last.
        whole: whether the log covers all of it.
        rule_costs: each model's figures with and without rules, where some were given.
        failed: why models have no figures here, a sentence each by name.
    """

    name: str
    tables: Mapping[Task, Table]
    train_events: int
    notes: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    whole: bool = True
    rule_costs: RuleCosts | None = None
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RepeatedEvaluation(Output):
    """Models compared on several test parts, each time fitted anew.

    Attributes:
        log: the log's name.
        unit: what a round is: a calendar period, or a fold.
        rounds: the comparisons.
        settings: of the evaluations, versions and the log's fingerprint.
    """

    _width: ClassVar[int] = 160

    log: str
    unit: Unit
    rounds: tuple[Round, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, the one asked for first standing first."""
        return tuple(self.rounds[0].tables)

    def tables(self, task: Task | None = None) -> tuple[Table, ...]:
        """The tables of a task, a round each; by default the first task's."""
        wanted = self.tasks[0] if task is None else task
        return tuple(each.tables[wanted] for each in self.rounds)

    def models(self, task: Task | None = None) -> tuple[str, ...]:
        """The names of the models, best first by the mean of the first metric.

        A model that failed in some rounds is among them, with a mean over the others.
        """
        first = self.tables(task)[0]
        names = dict.fromkeys(e.name for table in self.tables(task) for e in table.entries)
        sign = 1 if first.higher_is_better else -1
        return tuple(sorted(names, key=lambda name: -sign * self.mean(name, task=task)))

    def is_trivial(self, model: str, task: Task | None = None) -> bool:
        """Whether a model is a trivial answer to a task."""
        return any(entry.trivial for entry in self._entries(model, task) if entry is not None)

    def _entries(self, model: str, task: Task | None) -> list[Entry | None]:
        """What the table of each round has of a model; None where it failed.

        Raises:
            ParameterError: no table has it.
        """
        tables = self.tables(task)
        found = [next((e for e in table.entries if e.name == model), None) for table in tables]
        return found if any(found) else [tables[0][model]]

    def values(
        self, model: str, metric: str | None = None, *, task: Task | None = None
    ) -> list[float]:
        """A metric of one model, a number for each round; by default the first metric.

        NaN where the model failed.

        Raises:
            ParameterError: the model was not compared, or the metric not asked for.
        """
        tables = self.tables(task)
        wanted = metric or tables[0].primary
        if wanted not in tables[0].metrics:
            raise ParameterError(
                f"There is no metric {wanted!r}, only {', '.join(tables[0].metrics)}."
            )
        return [
            math.nan if entry is None else entry.metrics[wanted].value
            for entry in self._entries(model, task)
        ]

    def mean(self, model: str, metric: str | None = None, *, task: Task | None = None) -> float:
        """The mean of a metric of one model, rounds weighing by their test users."""
        values = zip(self.values(model, metric, task=task), self.tables(task), strict=True)
        known = [(value, table.users) for value, table in values if not math.isnan(value)]
        users = sum(n for _, n in known)
        return sum(value * n for value, n in known) / users if users else math.nan

    def deviation(
        self, model: str, metric: str | None = None, *, task: Task | None = None
    ) -> float:
        """The standard deviation of a metric of one model over the rounds, NaN of fewer than 2."""
        values = [v for v in self.values(model, metric, task=task) if not math.isnan(v)]
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan

    @property
    def rule_costs(self) -> RuleCosts | None:
        """What rules cost and bring: means over rounds, which weigh by their test users."""
        known = [
            (each.tables["ranking"].users, each.rule_costs)
            for each in self.rounds
            if each.rule_costs is not None
        ]
        if not known:
            return None
        costs = RuleCosts.mean(self.unit, known)
        order = self.models("ranking")
        ordered = sorted(costs.costs, key=lambda cost: order.index(cost.model))
        return replace(costs, costs=tuple(ordered))

    def beaten(self, model: str, *, task: Task | None = None) -> int:
        """In how many rounds a model beats the best trivial answer significantly."""
        entries = self._entries(model, task)
        return sum(entry is not None and entry.verdict == "beats" for entry in entries)

    def sentences(self, task: Task | None = None) -> tuple[str, ...]:
        """What came out, a sentence each."""
        first = self.tables(task)[0]
        names = self.models(task)
        trivial = [name for name in names if self.is_trivial(name, task)]
        found = []
        if trivial:
            found.append(
                f"Over {counted(len(self.rounds), self.unit)} the best trivial answer is "
                f"{trivial[0]}, with a mean {first.primary} of "
                f"{number(self.mean(trivial[0], task=task))}."
            )
        for name in names:
            if name in trivial:
                continue
            beats = f"in {self.beaten(name, task=task)} of {len(self.rounds)}"
            (shown,) = quoted([name])
            found.append(
                f"{shown} beats the best trivial answer of the {self.unit} {beats}; its mean "
                f"{first.primary} is {number(self.mean(name, task=task))}."
            )
        for name in dict.fromkeys(name for each in self.rounds for name in each.failed):
            where = [each.name for each in self.rounds if name in each.failed]
            reason = next(each.failed[name] for each in self.rounds if name in each.failed)
            (shown,) = quoted([name])
            found.append(f"{shown} failed in {join_names(where)}: {reason}")
        if partial := [each.name for each in self.rounds if not each.whole]:
            found.append(f"The log does not cover the whole {self.unit} from {partial[-1]}.")
        return tuple(found)

    def frame(self) -> pl.DataFrame:
        """A row for each round, task, model and metric, with intervals and verdicts."""
        rows = [
            {
                self.unit: each.name,
                "task": task,
                "model": entry.name,
                "trivial": entry.trivial,
                "metric": metric,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "gain": figure.gain,
                "verdict": figure.verdict,
                "users": table.users,
                "rows": table.rows,
                "train_events": each.train_events,
            }
            for each in self.rounds
            for task, table in each.tables.items()
            for entry in table.entries
            for metric, figure in entry.metrics.items()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        plain: dict[str, Any] = json_value(
            {
                "log": self.log,
                "unit": self.unit,
                "settings": dict(self.settings),
                "tasks": {task: self._task_dict(task) for task in self.tasks},
                "rounds": [
                    {
                        "name": each.name,
                        "start": None if each.start is None else each.start.isoformat(),
                        "end": None if each.end is None else each.end.isoformat(),
                        "whole": each.whole,
                        "train_events": each.train_events,
                        "notes": list(each.notes),
                        "failed": dict(each.failed),
                        "tables": {task: table.to_dict() for task, table in each.tables.items()},
                    }
                    | _rules_dict(each.rule_costs)
                    for each in self.rounds
                ],
            }
            | _rules_dict(self.rule_costs)
        )
        return plain

    def _task_dict(self, task: Task) -> dict[str, Any]:
        first = self.tables(task)[0]
        models = [
            {
                "model": name,
                "trivial": self.is_trivial(name, task),
                "means": {m: self.mean(name, m, task=task) for m in first.metrics},
                "deviations": {m: self.deviation(name, m, task=task) for m in first.metrics},
                "beats_trivial_in": self.beaten(name, task=task),
            }
            for name in self.models(task)
        ]
        return {
            "metrics": list(first.metrics),
            "models": models,
            "sentences": list(self.sentences(task)),
        }

    def render(self, console: Console) -> None:
        """Print the first metric of each model and round, and what came out, task by task."""
        for task in self.tasks:
            console.print(self._grid(task))
            for sentence in self.sentences(task):
                console.print(sentence, highlight=False)
        if (costs := self.rule_costs) is not None:
            console.print(costs.grid(console.width))
            for sentence in costs.sentences:
                console.print(sentence, highlight=False)

    def _grid(self, task: Task) -> Grid:
        tables = self.tables(task)
        start = f"of lists made at each {self.unit}'s start"
        where = "of each fold" if self.unit == "fold" else start
        title = f"{tables[0].primary} {where}: {self.log}"
        grid = Grid(title=title, title_justify="left", title_style="bold")
        grid.add_column("model", overflow="fold")
        for each, table in zip(self.rounds, tables, strict=True):
            heading = f"{each.name}\n{counted(table.users, 'user')}"
            grid.add_column(heading, justify="right", no_wrap=True)
        grid.add_column("mean ± deviation", justify="right", no_wrap=True)
        grid.add_column("beats trivial", justify="right", no_wrap=True)
        for name in self.models(task):
            trivial = self.is_trivial(name, task)
            beaten = "" if trivial else f"{self.beaten(name, task=task)} of {len(self.rounds)}"
            both = self.mean(name, task=task), self.deviation(name, task=task)
            spread = " ± ".join(number(value) for value in both)
            cells = [number(value) for value in self.values(name, task=task)]
            grid.add_row(name, *cells, spread, beaten, style="dim" if trivial else "")
        return grid


def _rules_dict(costs: RuleCosts | None) -> dict[str, Any]:
    return {} if costs is None else {"rule_costs": costs.to_dict()}
