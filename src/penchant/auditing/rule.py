"""A rule of the audit: its question, the figure from which it objects, advice and source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from penchant.auditing.material import Material
from penchant.results.finding import NEVER, OBJECTIONS, Bar, Finding, Level, share

SUBJECTS: dict[int, str] = {
    1: "The same event or text on both sides",
    2: "Features that know the answer",
    3: "Knowledge from the future",
    4: "Missing baselines",
    5: "No better than trivial",
    6: "The same answer for everything",
    7: "Selected on test, or scored on training rows",
    8: "Negatives, sampled metrics and tuning grids",
    9: "A test part unlike a random one",
    10: "The review of the very pair",
    11: "What belongs to every figure",
}
"""The subjects of the rules by number."""


@dataclass(frozen=True)
class Rule:
    """One thing that an audit looks at.

    Attributes:
        name: short and fixed.
        subject: number 1 to 11, see `SUBJECTS`.
        question: what it asks, a question for a person; "no" is the good answer.
        advice: what to do where the answer is yes.
        source: the paper or place that shows why.
        brief: an objection in a few words, with `{share}` or `{figure}` for the figure; empty
            where each finding gives its own, or its sentence is short enough.
        bar: from which figure on it objects.
    """

    name: str
    subject: int
    question: str
    advice: str
    source: str
    brief: str = ""
    bar: Bar = NEVER

    def finding(
        self,
        level: Level,
        sentence: str,
        *,
        about: str = "",
        figure: float | None = None,
        interval: tuple[float, float] | None = None,
        examples: pl.DataFrame | None = None,
        brief: str = "",
        severity: float | None = None,
        advises: bool = True,
    ) -> Finding:
        """A finding of this rule at a level that the rule itself decided.

        An objection has the rule's advice, unless it is good news, for which there is none.
        """
        low, high = interval if interval is not None else (None, None)
        objects = level in OBJECTIONS
        if not brief and figure is not None:
            brief = self.brief.format(share=share(figure), figure=figure)
        return Finding(
            rule=self.name,
            subject=self.subject,
            level=level,
            sentence=sentence,
            about=about,
            figure=figure,
            low=low,
            high=high,
            bar=self.bar,
            examples=examples if objects else None,
            advice=self.advice if objects and advises else "",
            source=self.source,
            brief=brief if objects else "",
            severity=severity,
        )

    def not_checkable(self, needed: str, about: str = "") -> Finding:
        """The finding that the rule could not look; `needed` is a noun phrase."""
        return self.finding("not checkable", f"Not checkable: it needs {needed}.", about=about)


Check = Callable[[Material], Iterator[Finding]]
"""Looks at the material and yields at least one finding."""
