"""The findings of one rule together, and the line that says them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penchant.results.finding import LEVELS, OBJECTIONS, Finding, Level
from penchant.results.formatting import join_names

_NAMED = 4
"""How many models or columns a line names."""

_CALLED = {"wrong": "wrong", "doubtful": "doubtful", "note": "good to know"}


@dataclass(frozen=True)
class RuleFindings:
    """What one rule found.

    Attributes:
        rule: the rule's name.
        findings: all of its findings, the worst first.
    """

    rule: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> tuple[RuleFindings, ...]:
        """Findings by rule, the worst rule first, otherwise in the order of the findings."""
        by_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            by_rule.setdefault(finding.rule, []).append(finding)
        groups = [cls(rule, tuple(sorted(own, key=_order))) for rule, own in by_rule.items()]
        return tuple(sorted(groups, key=lambda group: LEVELS.index(group.level)))

    @property
    def worst(self) -> Finding:
        """The finding with the worst level, and of these with the worst figure."""
        return self.findings[0]

    @property
    def level(self) -> Level:
        """The worst level."""
        return self.worst.level

    @property
    def objections(self) -> tuple[Finding, ...]:
        """The findings that are wrong, doubtful or good to know."""
        return tuple(f for f in self.findings if f.level in OBJECTIONS)

    @property
    def line(self) -> str:
        """The models, columns or files that the worst level concerns, and the worst figure."""
        worst = self.worst
        measured = worst.brief or worst.sentence.rstrip(".")
        concerned = [f.about for f in self.findings if f.level == worst.level and f.about]
        if not concerned:
            return f"{measured[0].upper()}{measured[1:]}."
        names = _names(concerned)
        if len(concerned) > 1:
            names += f"; worst {worst.about}"
        others = {
            level: sum(f.level == level for f in self.objections)
            for level in OBJECTIONS
            if level != worst.level
        }
        rest = "".join(f"; {n} more {_CALLED[level]}" for level, n in others.items() if n)
        return f"{names}: {measured}{rest}."


def _order(finding: Finding) -> tuple[int, float]:
    """Sorts by level, and then the worst one first."""
    severity = finding.severity
    if severity is None and finding.figure is not None:
        severity = -finding.figure if finding.bar.below else finding.figure
    return LEVELS.index(finding.level), math.inf if severity is None else -severity


def _names(abouts: Sequence[str]) -> str:
    """Names as a sentence lists them; those of `ease (rating)` and `ease (like)` together."""
    within: dict[str, list[str]] = {}
    for about in abouts:
        name, _, bracket = about.partition(" (")
        within.setdefault(name, []).append(bracket.removesuffix(")"))
    names = [
        f"{name} ({', '.join(tasks)})" if any(tasks) else name for name, tasks in within.items()
    ]
    if len(names) <= _NAMED + 1:
        return join_names(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"
