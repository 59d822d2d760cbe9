"""All that an audit found, as a table for people, a frame and JSON."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.results.finding import LEVELS, OBJECTIONS, Finding, Level
from penchant.results.output import Output
from penchant.results.rule_findings import RuleFindings
from penchant.wording import counted

_STYLES = {"wrong": "bold red", "doubtful": "yellow", "note": "cyan", "passed": "green"}
_ORDER = {level: n for n, level in enumerate(LEVELS)}
_FRAME = {
    "rule": pl.String,
    "subject": pl.Int64,
    "level": pl.String,
    "about": pl.String,
    "figure": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "doubtful_from": pl.Float64,
    "wrong_from": pl.Float64,
    "sentence": pl.String,
    "advice": pl.String,
    "source": pl.String,
}


@dataclass(frozen=True, eq=False)
class Findings(Output):
    """What every rule said, the worst first.

    Attributes:
        name: what was audited.
        all: one finding or more of each rule, those that passed or could not look included.
    """

    _width: ClassVar[int] = 120

    name: str
    all: tuple[Finding, ...]

    @classmethod
    def of(cls, name: str, findings: list[Finding]) -> Findings:
        """Findings in order: by level, then as the rules stand."""
        return cls(name, tuple(sorted(findings, key=lambda f: _ORDER[f.level])))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Findings:
        """The findings that `to_dict` gave."""
        return cls(values["name"], tuple(Finding.from_dict(f) for f in values["findings"]))

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def __getitem__(self, rule: str) -> Finding:
        """The worst finding of a rule.

        Raises:
            KeyError: there is no such rule.
        """
        for finding in self.all:
            if finding.rule == rule:
                return finding
        raise KeyError(rule)

    def at(self, *levels: Level) -> tuple[Finding, ...]:
        """The findings at these levels."""
        return tuple(f for f in self.all if f.level in levels)

    @property
    def objections(self) -> tuple[Finding, ...]:
        """What is wrong, doubtful or good to know."""
        return self.at(*OBJECTIONS)

    def by_rule(self, *levels: Level) -> tuple[RuleFindings, ...]:
        """The findings of each rule together, the worst rule first; all levels by default."""
        groups = RuleFindings.of(self.all)
        return tuple(group for group in groups if not levels or group.level in levels)

    @property
    def worst(self) -> Level:
        """The worst level; "passed" where rules looked and found nothing."""
        return self.all[0].level if self.all else "not checkable"

    def counts(self) -> dict[str, int]:
        """How many findings each level has."""
        return {level: len(self.at(level)) for level in LEVELS}

    def frame(self) -> pl.DataFrame:
        """One row a finding: rule, level, what it is about, figure, interval, bars, sentence."""
        rows = [{k: v for k, v in f.to_dict().items() if k in _FRAME} for f in self.all]
        return pl.DataFrame(rows, schema=_FRAME)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "name": self.name,
            "worst": self.worst,
            "counts": self.counts(),
            "findings": [finding.to_dict() for finding in self.all],
        }

    def summary(self) -> str:
        """One sentence: how many rules came to which level."""
        counts = {level: len(self.by_rule(level)) for level in LEVELS}
        objections = [f"{counts[level]} {level}" for level in LEVELS[:2] if counts[level]]
        if counts["note"]:
            objections.append(counted(counts["note"], "note"))
        if not counts["wrong"] and not counts["doubtful"]:
            objections.insert(0, "nothing wrong or doubtful")
        return (
            f"Audit of {self.name}, by rule: {', '.join(objections)}; {counts['passed']} passed, "
            f"{counts['not checkable']} not checkable."
        )

    def details(self) -> str:
        """Every finding with its whole sentence and advice, as text."""
        file = io.StringIO()
        console = Console(file=file, width=self._width, color_system=None)
        self.render(console, details=True)
        return file.getvalue().rstrip()

    def render(self, console: Console, *, details: bool = False, brief: bool = False) -> None:
        """Print to a Rich console, serious rules first.

        Args:
            console: where to.
            details: a row for each finding with its sentence, and what to do, instead of a line
                for each rule.
            brief: only what is wrong or doubtful.
        """
        console.print(self.summary(), highlight=False, markup=False)
        levels: tuple[Level, ...] = ("wrong", "doubtful") if brief else OBJECTIONS
        groups = self.by_rule(*levels)
        if groups:
            grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
            for wraps in (False, False, True):
                grid.add_column(no_wrap=not wraps)
            for group in groups:
                for level, text in _rows(group, levels) if details else _line(group):
                    grid.add_row(Text(level, style=_STYLES[level]), Text(group.rule), text)
            console.print(grid)
        if brief:
            return
        if passed := self.by_rule("passed"):
            _print_quietly(console, f"Passed: {', '.join(group.rule for group in passed)}.")
        unseen = self.by_rule("not checkable")
        if unseen and not details:
            names = ", ".join(group.rule for group in unseen)
            _print_quietly(console, f"Not checkable with what was given: {names}.")
            return
        needs: dict[str, list[str]] = {}  # rules that need the same thing share a line
        for group in unseen:
            needs.setdefault(group.worst.sentence, []).append(group.rule)
        for sentence, rules in needs.items():
            _print_quietly(console, f"{', '.join(rules)}: {sentence}")


def _print_quietly(console: Console, line: str) -> None:
    console.print(line, style="dim", highlight=False, markup=False)


def _line(group: RuleFindings) -> Iterator[tuple[Level, Text]]:
    yield group.level, Text(group.line)


def _rows(group: RuleFindings, levels: tuple[Level, ...]) -> Iterator[tuple[Level, Text]]:
    """The level and the sentence of each finding; the last with advice has that, too."""
    findings = [finding for finding in group.findings if finding.level in levels]
    advised = [finding for finding in findings if finding.advice]
    for finding in findings:
        text = Text(f"{finding.heading}: " if finding.heading else "").append(finding.sentence)
        if advised and finding is advised[-1]:
            text.append(f" {finding.advice}", style="dim")
        yield finding.level, text
