"""What a study comes to: sections of conclusions, tables and charts, with all that decides them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from penchant.json_values import json_value
from penchant.results.formatting import duration, join_names
from penchant.results.output import Output
from penchant.results.study.opening import Opening
from penchant.results.study.sections import Conclusion, ConclusionLevel, Section, StudyStep
from penchant.results.study.text import render_opening, render_section


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResult(Output):
    """A published recommender system, reproduced as published and honestly.

    Attributes:
        name: the study's name in the table of studies.
        title: of the page.
        opening: the first screen of the page.
        sections: what was done and found.
        log: of the log its `name`, `fingerprint`, `source`, `events`, `users` and `items`.
        seed: decides everything random.
        settings: the study's options.
        versions: of this package, what it builds on and the study itself.
        steps: the work, with what was reused from an earlier run.
        seconds: how long this run took.
    """

    name: str
    title: str
    opening: Opening
    sections: tuple[Section, ...]
    log: Mapping[str, Any]
    seed: int
    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    steps: tuple[StudyStep, ...] = ()
    seconds: float = math.nan

    @property
    def reused_steps(self) -> tuple[str, ...]:
        """The steps whose figures are of an earlier run."""
        return tuple(step.name for step in self.steps if step.reused)

    def conclusions(self, level: ConclusionLevel | None = None) -> list[Conclusion]:
        """The conclusions of all sections; by default those of every level."""
        every = [conclusion for section in self.sections for conclusion in section.conclusions]
        return [f for f in every if level is None or f.level == level]

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON; numbers that are not finite become None.

        A section is `reused` where any of its steps is of an earlier run.
        """
        reused = set(self.reused_steps)
        plain: dict[str, Any] = json_value(
            {
                "study": self.name,
                "title": self.title,
                "opening": self.opening.to_dict(),
                "log": dict(self.log),
                "seed": self.seed,
                "settings": dict(self.settings),
                "versions": dict(self.versions),
                "seconds": self.seconds,
                "reused": bool(reused),
                "steps": [asdict(step) for step in self.steps],
                "sections": [
                    section.to_dict() | {"reused": not reused.isdisjoint(section.steps)}
                    for section in self.sections
                ],
            }
        )
        return plain

    @property
    def log_line(self) -> str:
        """The log in one line."""
        sizes = [f"{self.log[n]:,} {n}" for n in ("events", "users", "items") if n in self.log]
        return f"{self.log['name']}: {join_names(sizes)}" if sizes else str(self.log["name"])

    def render_opening(self, console: Console) -> None:
        """Print what the first screen of the page shows."""
        console.print(Text(self.title, style="bold underline"))
        console.print(Text(self.log_line, style="dim"))
        render_opening(self.opening, console)

    def render(self, console: Console) -> None:
        """Print everything to a Rich console but the drawings, whose captions stand for them."""
        self.render_opening(console)
        reused = set(self.reused_steps)
        if reused:
            console.print(
                Text(
                    f"Reused from an earlier run: {join_names(list(self.reused_steps))} "
                    f"({len(reused)} of {len(self.steps)} steps).",
                    style="yellow",
                )
            )
        for section in self.sections:
            render_section(section, console, reused=not reused.isdisjoint(section.steps))
        console.print()
        log = self.log
        facts = (
            f"{log['name']} ({str(log['fingerprint'])[:16]}), seed {self.seed}",
            ", ".join(f"{name}={value}" for name, value in self.settings.items()),
            ", ".join(f"{name} {number}" for name, number in self.versions.items()),
            f"took {duration(self.seconds)}",
        )
        console.print(Text("; ".join(fact for fact in facts if fact), style="dim"))
