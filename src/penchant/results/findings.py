"""All that an audit found, as a table for people, a frame and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.results.finding import LEVELS, Finding, Level
from penchant.results.output import Output

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
    def of(cls, name: str, found: list[Finding]) -> Findings:
        """Findings in order: by level, then as the rules stand."""
        return cls(name, tuple(sorted(found, key=lambda f: _ORDER[f.level])))

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
        return self.at("wrong", "doubtful", "note")

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
        """One sentence: how many findings there are at which level."""
        counts = self.counts()
        said = [f"{counts[level]} {level}" for level in LEVELS[:2] if counts[level]]
        if counts["note"]:
            said.append("1 note" if counts["note"] == 1 else f"{counts['note']} notes")
        said = said or ["no objection"]
        rest = f"{counts['passed']} passed, {counts['not checkable']} not checkable"
        return f"Audit of {self.name}: {', '.join(said)}; {rest}."

    def render(self, console: Console, *, everything: bool = True) -> None:
        """Print a table to a Rich console; without `everything` only what is wrong or doubtful."""
        console.print(self.summary(), highlight=False, markup=False)
        shown = self.objections if everything else self.at("wrong", "doubtful")
        if shown:
            grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            for heading in ("level", "rule", "what was found, and what to do"):
                grid.add_column(heading, no_wrap=heading != "what was found, and what to do")
            for f in shown:
                about = f"{f.heading}: " if f.heading else ""
                said = Text(f"{about}{f.sentence}")
                if f.advice:
                    said.append(f" {f.advice}", style="dim")
                grid.add_row(Text(f.level, style=_STYLES[f.level]), Text(f.rule), said)
            console.print(grid)
        if not everything:
            return
        passed = dict.fromkeys(f.rule for f in self.at("passed"))
        if passed:
            console.print(f"Passed: {', '.join(passed)}.", style="dim", highlight=False)
        unseen: dict[str, list[str]] = {}  # rules that need the same thing share a line
        for f in self.at("not checkable"):
            rules = unseen.setdefault(f.sentence, [])
            if f.rule not in rules:
                rules.append(f.rule)
        for sentence, rules in unseen.items():
            line = f"{', '.join(rules)}: {sentence}"
            console.print(line, style="dim", highlight=False, markup=False)
