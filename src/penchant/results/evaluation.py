"""The result of a comparison: tables for each task, fitted models and audit findings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rich.console import Console

from penchant.data.splits import Split
from penchant.errors import ParameterError
from penchant.json_values import json_value
from penchant.models.base import Recommender, Task
from penchant.results.console import rich_table, segment_table, target_segment_table
from penchant.results.findings import Findings
from penchant.results.output import Output
from penchant.results.rule_costs import RuleCosts
from penchant.results.tables import Table


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

    def to_dict(self) -> dict[str, Any]:
        """Everything but the models, ready for JSON; NaN becomes None."""
        costs = {} if self.rule_costs is None else {"rule_costs": self.rule_costs.to_dict()}
        plain: dict[str, Any] = json_value(
            {
                "split": self.split.describe(),
                "log": {"name": self.split.log.name, "fingerprint": self.split.log.fingerprint},
                "settings": dict(self.settings),
                "notes": list(self.notes),
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
            console.print(rich_table(table, console.width, level))
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
