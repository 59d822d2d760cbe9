"""What one rule of an audit found: a figure, how bad it is, where to look, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from penchant.json_values import json_value

Level = Literal["wrong", "doubtful", "note", "passed", "not checkable"]
LEVELS: tuple[Level, ...] = ("wrong", "doubtful", "note", "passed", "not checkable")
"""From the worst to what says nothing."""
OBJECTIONS: tuple[Level, ...] = ("wrong", "doubtful", "note")
"""The levels that a reader is told of unasked."""
EXAMPLES = 20
"""How many examples a finding holds at most."""


@dataclass(frozen=True)
class Bar:
    """The figures from which a finding is doubtful, and wrong; None where it never is.

    Attributes:
        doubtful: from here on the figure should be looked at.
        wrong: from here on what was computed cannot be what it is called.
        below: whether low figures are the bad ones.
    """

    doubtful: float | None = None
    wrong: float | None = None
    below: bool = False

    def level(self, figure: float) -> Level:
        """How bad a figure is, "passed" if it is on the good side of both."""
        sign = -1.0 if self.below else 1.0
        for name, bar in (("wrong", self.wrong), ("doubtful", self.doubtful)):
            if bar is not None and sign * figure >= sign * bar:
                return "wrong" if name == "wrong" else "doubtful"
        return "passed"


NEVER = Bar()
"""The bar that no figure reaches."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What one rule says of what was audited.

    Attributes:
        rule: the rule's fixed name, such as `same-text`.
        subject: number 1 to 11 of the rule's subject, see `penchant.auditing.SUBJECTS`.
        level: "wrong" cannot be what it is called, "doubtful" should be looked at, "note" is good
            to know, "passed" is a rule that found nothing, "not checkable" one that could not look.
        sentence: what was measured and what came out, for a person; for what is not checkable,
            what would be needed.
        about: the model, column or file concerned; empty for the whole.
        figure: the measured number; None where there is none.
        low: the lower end of its 95 % interval; None where it has none.
        high: the upper end.
        bar: from which figure on it is doubtful or wrong.
        examples: up to 20 rows with outside ids and row numbers.
        advice: what to do.
        source: where the rule comes from.
        brief: what came out in a few words, without the name of what it is about; empty where
            the sentence is short enough, or where there is no objection.
        severity: how bad it is beside other findings of its rule and level, high being bad; None
            goes by the figure.
    """

    rule: str
    subject: int
    level: Level
    sentence: str
    about: str = ""
    figure: float | None = None
    low: float | None = None
    high: float | None = None
    bar: Bar = NEVER
    examples: pl.DataFrame | None = None
    advice: str = ""
    source: str = ""
    brief: str = ""
    severity: float | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Finding:
        """The finding that `to_dict` gave, which may lack what later versions added."""
        bar = Bar(values["doubtful_from"], values["wrong_from"], below=values["low_is_bad"])
        examples = values["examples"]
        return cls(
            rule=values["rule"],
            subject=values["subject"],
            level=values["level"],
            sentence=values["sentence"],
            about=values["about"] or "",
            figure=values["figure"],
            low=values["low"],
            high=values["high"],
            bar=bar,
            examples=pl.DataFrame(examples, infer_schema_length=None) if examples else None,
            advice=values["advice"],
            source=values["source"],
            brief=values.get("brief", ""),
            severity=values.get("severity"),
        )

    @property
    def heading(self) -> str:
        """What the finding is about; empty where the sentence names it."""
        return "" if self.about.partition(" (")[0] in self.sentence else self.about

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain values for JSON; numbers that are not finite become None."""
        return {
            "rule": self.rule,
            "subject": self.subject,
            "level": self.level,
            "about": self.about or None,
            "sentence": self.sentence,
            "brief": self.brief,
            "severity": json_value(self.severity),
            "figure": json_value(self.figure),
            "low": json_value(self.low),
            "high": json_value(self.high),
            "doubtful_from": self.bar.doubtful,
            "wrong_from": self.bar.wrong,
            "low_is_bad": self.bar.below,
            "examples": [] if self.examples is None else json_value(self.examples),
            "advice": self.advice,
            "source": self.source,
        }


def share(value: float) -> str:
    """A share in per cent with the digits that matter."""
    percent = 100 * value
    if percent and abs(percent) < 0.1:
        return f"{percent:.2g} %"
    return f"{percent:.1f} %"
