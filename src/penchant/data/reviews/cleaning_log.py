"""What cleaning did: for each rule how many values it changed or emptied, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

_EXAMPLES = 5
_SHOWN = 120


@dataclass(frozen=True)
class Rule:
    """One rule of cleaning.

    Attributes:
        column: the column it makes.
        source: the column it makes it of.
        clean: from the source's expression to the column's.
        about: what it does, for a person.
    """

    column: str
    source: str
    clean: Any
    about: str

    @property
    def expression(self) -> pl.Expr:
        """The cleaned column."""
        cleaned: pl.Expr = self.clean(pl.col(self.source))
        return cleaned.alias(self.column)


@dataclass(frozen=True)
class Step:
    """What one rule, or one step that leaves rows out, did.

    Attributes:
        name: the column, or what the step is called.
        about: what it does.
        rows: how many values, or rows, it was given.
        changed: values that became other ones.
        emptied: values that were there and are null now, or what was left out.
        examples: pairs of a value before and after; after is None where it was emptied.
        noted: how many were counted, and left as they are.
    """

    name: str
    about: str
    rows: int
    changed: int = 0
    emptied: int = 0
    examples: tuple[tuple[str, str | None], ...] = ()
    noted: int = 0

    def __str__(self) -> str:
        kinds = (
            (self.changed, "changed"),
            (self.emptied, "left out"),
            (self.noted, "found, and left as they are"),
        )
        said = [f"{count:,} of {self.rows:,} {what}" for count, what in kinds if count]
        shown = "; ".join(
            f"{before!r} → {'nothing' if after is None else repr(after)}"
            for before, after in self.examples[:2]
        )
        done = ", ".join(said) or f"nothing to do in {self.rows:,}"
        return f"{self.name} ({self.about}): {done}" + (f", such as {shown}" if shown else "")


@dataclass
class CleaningReport:
    """All that cleaning did, step by step.

    Attributes:
        steps: in the order they were taken.
    """

    steps: list[Step] = field(default_factory=list)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __getitem__(self, name: str) -> Step:
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    @property
    def table(self) -> pl.DataFrame:
        """One row a step: `step`, `about`, `rows`, `changed`, `left_out`, `noted`."""
        return pl.DataFrame(
            [(s.name, s.about, s.rows, s.changed, s.emptied, s.noted) for s in self.steps],
            schema={
                "step": pl.String,
                "about": pl.String,
                "rows": pl.Int64,
                "changed": pl.Int64,
                "left_out": pl.Int64,
                "noted": pl.Int64,
            },
            orient="row",
        )

    def to_dict(self) -> dict[str, Any]:
        """The steps as plain values for JSON."""
        return {
            "steps": [
                {
                    "name": s.name,
                    "about": s.about,
                    "rows": s.rows,
                    "changed": s.changed,
                    "left_out": s.emptied,
                    "noted": s.noted,
                    "examples": [list(pair) for pair in s.examples],
                }
                for s in self.steps
            ]
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CleaningReport:
        """A report as `to_dict` gave it."""
        return cls(
            [
                Step(
                    s["name"],
                    s["about"],
                    s["rows"],
                    s["changed"],
                    s["left_out"],
                    tuple((before, after) for before, after in s["examples"]),
                    s["noted"],
                )
                for s in plain["steps"]
            ]
        )

    def leave_out(self, name: str, about: str, before: int, after: int) -> None:
        """Note a step that leaves rows out."""
        self.steps.append(Step(name, about, before, emptied=before - after))


def compare(rule: Rule, before: pl.Series, after: pl.Series) -> Step:
    """What a rule did to a column."""
    same = before if before.dtype == after.dtype else before.cast(pl.String, strict=False)
    here = after if after.dtype == same.dtype else _as_text(after)
    had = same.is_not_null()
    if same.dtype == pl.String:
        had = had & ~same.str.strip_chars().is_in(["", "[]", "{}"]).fill_null(False)
    emptied = had & after.is_null()
    changed = had & after.is_not_null() & (same != here).fill_null(False)
    picked = [
        *emptied.arg_true().head(_EXAMPLES).to_list(),
        *changed.arg_true().head(_EXAMPLES).to_list(),
    ]
    examples = tuple((_said(before[n]) or "", _said(after[n])) for n in picked)
    return Step(
        rule.column,
        rule.about,
        len(before),
        int(changed.sum()),
        int(emptied.sum()),
        tuple(dict.fromkeys(examples))[: 2 * _EXAMPLES],
    )


def together(steps: list[Step]) -> Step:
    """What one rule did to several parts of a column."""
    first = steps[0]
    examples = dict.fromkeys(pair for step in steps for pair in step.examples)
    emptied = [pair for pair in examples if pair[1] is None][:_EXAMPLES]
    changed = [pair for pair in examples if pair[1] is not None][:_EXAMPLES]
    return Step(
        first.name,
        first.about,
        sum(step.rows for step in steps),
        sum(step.changed for step in steps),
        sum(step.emptied for step in steps),
        (*emptied, *changed),
    )


def _as_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.join(", ")
    return values.cast(pl.String, strict=False)


def _said(value: Any) -> str | None:
    if value is None:
        return None
    text = " ".join((str(value.to_list()) if isinstance(value, pl.Series) else str(value)).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
