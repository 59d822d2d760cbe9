"""The result of a comparison: tables for each task, fitted models and audit findings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl
from rich.console import Console

from penchant.data.splits import Split
from penchant.errors import ParameterError
from penchant.json_values import json_value
from penchant.models.base import Recommender, Task
from penchant.results.console import rich_table, segment_table, target_segment_table
from penchant.results.difference import Difference, difference_of
from penchant.results.failures import ModelFailure
from penchant.results.findings import Findings
from penchant.results.output import Output
from penchant.results.rule_costs import RuleCosts
from penchant.results.tables import Table
from penchant.results.verdicts import Measurements


@dataclass(frozen=True, eq=False)
class Evaluation(Output):
    """Several recommenders on one split, with trivial baselines whether asked for or not.

    Attributes:
        split: what they were compared on.
        tables: a table for each task, the one asked for first standing first.
        models: the fitted models by name.
        settings: metrics, replicates, level, seed, like threshold and versions.
        notes: what a reader must know, a sentence each.
        rule_costs: each model's figures with and without rules, where some were given.
        findings: of the audit of the split, the predictions and the tables.
        failed: models that were asked for and have no figures, by name, each with its reason.
        measurements: of each task, model and metric the value on resamples of the users, the same
            ones for all models; what `difference` compares.
        values: a frame for each task, where they were to be kept; see `user_values`.

    Example:
        >>> split = pn.split_per_user(planted_pairs(n_users=50), validation=0.1, test=0.2)
        >>> result = pn.evaluate([make("ease:l2=10")], split, ["ndcg@10"], replicates=20)
        >>> sorted(entry.name for entry in result.table().entries if entry.trivial)
        ['popular', 'random']
        >>> model = result.best().refit(split.log)
    """

    _width: ClassVar[int] = 160

    split: Split
    tables: Mapping[Task, Table]
    models: Mapping[str, Recommender]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())
    findings: Findings = field(default_factory=lambda: Findings("", ()))
    rule_costs: RuleCosts | None = None
    failed: Mapping[str, ModelFailure] = field(default_factory=dict)
    measurements: Mapping[Task, Measurements] = field(default_factory=dict, repr=False)
    values: Mapping[Task, pl.DataFrame] | None = field(default=None, repr=False)

    def table(self, task: Task | None = None) -> Table:
        """The table of a task; by default the first one.

        Raises:
            ParameterError: that task was not evaluated.
        """
        wanted = next(iter(self.tables)) if task is None else task
        if wanted not in self.tables:
            raise ParameterError(f"There is no {wanted} table, only {', '.join(self.tables)}.")
        return self.tables[wanted]

    def best(self, task: Task | None = None) -> Recommender:
        """The fitted model that is best on validation, by the task's first metric.

        Test figures never choose anything.

        Raises:
            ParameterError: the split has no validation part, or no model has a figure on it.
        """
        return self.models[self.best_name(task)]

    def best_name(self, task: Task | None = None) -> str:
        """The name of `best`."""
        table = self.table(task)
        known = [e for e in table.entries if not math.isnan(e.validation)]
        if not known:
            raise ParameterError(
                "The best model is chosen on validation events, and this split has none: make "
                "the split with validation above 0."
            )
        sign = 1 if table.higher_is_better else -1
        return max(known, key=lambda e: sign * e.validation).name

    def difference(self, first: str, second: str, metric: str | None = None) -> Difference:
        """One model's metric minus another's, with an interval and a p-value over users.

        By the same resamples of the users as verdicts: each holds both models, so that what users
        differ in does not blur what the models differ in.

        Args:
            first: the name of a model, trivial ones among them.
            second: the name of another one.
            metric: as in a table; by default the first table's first one.

        Raises:
            ParameterError: there is no such model or metric, or the metric has no value for each
                user, as coverage.

        Example:
            >>> split = pn.split_per_user(planted_pairs(n_users=50), validation=0.1, test=0.2)
            >>> result = pn.evaluate(["ease", "item-knn"], split, ["ndcg@10"], replicates=50)
            >>> found = result.difference("ease", "item-knn", "ndcg@10")
            >>> found.low <= found.value <= found.high
            True
        """
        wanted = self.table().primary if metric is None else metric
        task = next((t for t, table in self.tables.items() if wanted in table.metrics), None)
        if task is None:
            known = ", ".join(m for table in self.tables.values() for m in table.metrics)
            raise ParameterError(f"There is no metric {wanted!r}, only {known}.")
        for name in (first, second):
            if name in self.failed:
                raise ParameterError(f"{name} failed: {self.failed[name].reason}")
        level = float(self.settings.get("level", 0.95))
        return difference_of(
            self.tables[task], self.measurements[task], first, second, wanted, level
        )

    def user_values(self, task: Task | None = None) -> pl.DataFrame:
        """The metrics of each test user and model, of the task that is asked for or the first.

        Returns:
            `user`, `model` and a column for each metric that users have values of, null where one
            is undefined; the best model's users first, in the same order for each model.

        Raises:
            ParameterError: that task was not evaluated, or values were not to be kept.

        Example:
            >>> split = pn.split_per_user(planted_pairs(n_users=50), validation=0.1, test=0.2)
            >>> result = pn.evaluate(["ease"], split, ["ndcg@10"], keep_user_values=True)
            >>> result.user_values().columns
            ['user', 'model', 'ndcg@10']
        """
        wanted = self.table(task).task
        if self.values is None:
            raise ParameterError(
                "No values of single users were kept: evaluate with keep_user_values=True "
                "(--user-values)."
            )
        return self.values[wanted]

    def to_dict(self) -> dict[str, Any]:
        """Everything but the models, ready for JSON; NaN becomes None."""
        costs = {} if self.rule_costs is None else {"rule_costs": self.rule_costs.to_dict()}
        plain: dict[str, Any] = json_value(
            {
                "split": self.split.describe(),
                "log": {"name": self.split.log.name, "fingerprint": self.split.log.fingerprint},
                "settings": dict(self.settings),
                "notes": list(self.notes),
                "failed": {name: failure.reason for name, failure in self.failed.items()},
                "findings": self.findings.to_dict(),
                "tables": {task: table.to_dict() for task, table in self.tables.items()},
            }
            | costs
        )
        return plain

    def render(self, console: Console, *, details: bool = False) -> None:
        """Print every table to a Rich console, with its notes and what the audit objects to.

        Args:
            console: where to.
            details: each finding of the audit, instead of a line for each rule.
        """
        split = self.split.describe()
        console.print(f"[bold]{self.split.log.name}[/]: {split['sentence']}", highlight=False)
        console.print(
            f"{split['train']:,} training, {split['validation']:,} validation and "
            f"{split['test']:,} test events; {split['test_users']:,} test users, "
            f"{split['test_users_without_history']:,} of them without any history. "
            f"Split {split['fingerprint']}.",
            style="dim",
            highlight=False,
        )
        level = self.settings.get("level", 0.95)
        for table in self.tables.values():
            console.print()
            console.print(rich_table(table, console.width, level, tuple(self.failed)))
            if table.segments:
                console.print(segment_table(table, console.width, level))
            if table.target_segments:
                console.print(target_segment_table(table, console.width, level))
            for note in table.notes:
                console.print(f"  {note}", style="dim", highlight=False)
            for segment, part in (*table.segments.items(), *table.target_segments.items()):
                if part.no_verdict and part.no_verdict != table.no_verdict:
                    note = f"{segment.replace('-', ' ').capitalize()}: {part.no_verdict}"
                    console.print(f"  {note}", style="dim", highlight=False)
        if self.rule_costs is not None:
            console.print()
            console.print(self.rule_costs.grid(console.width))
        for note in self.notes:
            console.print(note, style="dim", highlight=False)
        if self.findings.all:
            console.print()
            self.findings.render(console, details=details, brief=not details)
