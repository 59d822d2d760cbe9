"""A planted fault, and what counts as finding it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penchant.auditing.material import Material
from penchant.results.finding import LEVELS, Finding, Level
from penchant.results.findings import Findings

Maker = Callable[[float, int], Material]
"""Makes what is to be audited, of a strength from 0 (clean) to 1 (gross) and a seed."""


@dataclass(frozen=True)
class Fault:
    """A fault that one rule has to find.

    Attributes:
        name: short.
        rule: the rule that must object.
        level: the level that the rule must reach where the fault is gross.
        about: what is planted, and what strength 1 is.
        make: makes it.
    """

    name: str
    rule: str
    level: Level
    about: str
    make: Maker

    def is_found(self, findings: Findings) -> bool:
        """Whether the rule objects at the level it has to reach, or at a worse one."""
        levels = [f.level for f in findings if f.rule == self.rule]
        return any(LEVELS.index(level) <= LEVELS.index(self.level) for level in levels)


def false_alarms(findings: Findings) -> list[Finding]:
    """The findings that call a clean case wrong."""
    return list(findings.at("wrong"))
