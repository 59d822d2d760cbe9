"""Report for each cleaning rule how many values it changed or removed, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from penchant.json_values import json_value
from penchant.notebook import ShownAsText

_EXAMPLES, _LOOKED_AT = 5, 200
_EXAMPLE_LENGTH = 120


@dataclass(frozen=True)
class CleaningRule:
    """One rule that computes a cleaned column from the expression of its source column."""

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
class CleaningStep:
    """The effect of one rule, or of one step that leaves rows out.

    Attributes:
        name: the column, or what the step is called.
        about: what it does.
        rows: how many values, or rows, it was given.
        changed: values that became other ones.
        left_out: values that were there and are null now, or what was left out.
        examples: pairs of a value before and after; after is None where the value was left out.
        noted: how many were counted, and left as they are.
    """

    name: str
    about: str
    rows: int
    changed: int = 0
    left_out: int = 0
    examples: tuple[tuple[str, str | None], ...] = ()
    noted: int = 0

    def __str__(self) -> str:
        kinds = (
            (self.changed, "changed"),
            (self.left_out, "left out"),
            (self.noted, "found, and left as they are"),
        )
        counts = [f"{count:,} of {self.rows:,} {what}" for count, what in kinds if count]
        examples = "; ".join(
            f"{before!r} → {'nothing' if after is None else repr(after)}"
            for before, after in self.examples[:2]
        )
        effect = ", ".join(counts) or f"nothing to do in {self.rows:,}"
        return f"{self.name} ({self.about}): {effect}" + (
            f", such as {examples}" if examples else ""
        )


@dataclass
class CleaningReport(ShownAsText):
    """The effects of cleaning, step by step.

    Attributes:
        steps: in the order they were taken.
    """

    steps: list[CleaningStep] = field(default_factory=list)

    def __iter__(self) -> Iterator[CleaningStep]:
        return iter(self.steps)

    def __getitem__(self, name: str) -> CleaningStep:
        return {step.name: step for step in reversed(self.steps)}[name]  # the first of the name

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    @property
    def table(self) -> pl.DataFrame:
        """One row a step: `step`, `about`, `rows`, `changed`, `left_out`, `noted`."""
        counts = ("rows", "changed", "left_out", "noted")
        columns: dict[str, list[Any]] = {
            "step": [s.name for s in self.steps],
            "about": [s.about for s in self.steps],
            **{name: [getattr(s, name) for s in self.steps] for name in counts},
        }
        schema = dict.fromkeys(columns, pl.Int64()) | {"step": pl.String(), "about": pl.String()}
        return pl.DataFrame(columns, schema)

    def to_dict(self) -> dict[str, Any]:
        """The steps as plain values for JSON."""
        return {"steps": [json_value(asdict(step)) for step in self.steps]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CleaningReport:
        """A report as `to_dict` gave it."""
        steps = plain["steps"]
        return cls([CleaningStep(**s | {"examples": (*map(tuple, s["examples"]),)}) for s in steps])

    def add_removal(self, name: str, about: str, before: int, after: int) -> None:
        """Add a step that left rows out."""
        self.steps.append(CleaningStep(name, about, before, left_out=before - after))


def compare_columns(rule: CleaningRule, before: pl.Series, after: pl.Series) -> CleaningStep:
    """The effect of a rule on a column."""
    same = before if before.dtype == after.dtype else before.cast(pl.String, strict=False)
    new = after if after.dtype == same.dtype else _as_text(after)
    had_value = same.is_not_null()
    if same.dtype == pl.String:
        had_value = had_value & ~same.str.strip_chars().is_in(["", "[]", "{}"]).fill_null(False)
    left_out = had_value & after.is_null()
    changed = had_value & after.is_not_null() & (same != new).fill_null(False)
    picked = left_out.arg_true().head(_EXAMPLES), changed.arg_true().head(_LOOKED_AT)
    gone, new_ones = ([(_shorten(before[n]) or "", _shorten(after[n])) for n in p] for p in picked)
    # Where only blanks change, nothing is to be seen.
    new_ones.sort(key=lambda pair: pair[0] == pair[1])
    examples = (*gone, *new_ones[:_EXAMPLES])
    return CleaningStep(
        rule.column,
        rule.about,
        len(before),
        int(changed.sum()),
        int(left_out.sum()),
        tuple(dict.fromkeys(examples))[: 2 * _EXAMPLES],
    )


def combine_steps(steps: list[CleaningStep]) -> CleaningStep:
    """The effect of one rule on a column, from its effects on the column's parts."""
    first = steps[0]
    examples = dict.fromkeys(pair for step in steps for pair in step.examples)
    left_out = [pair for pair in examples if pair[1] is None][:_EXAMPLES]
    changed = [pair for pair in examples if pair[1] is not None][:_EXAMPLES]
    return CleaningStep(
        first.name,
        first.about,
        sum(step.rows for step in steps),
        sum(step.changed for step in steps),
        sum(step.left_out for step in steps),
        (*left_out, *changed),
    )


def _as_text(values: pl.Series) -> pl.Series:
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.join(", ")
    return values.cast(pl.String, strict=False)


def _shorten(value: Any) -> str | None:
    if value is None:
        return None
    text = " ".join((str(value.to_list()) if isinstance(value, pl.Series) else str(value)).split())
    return text if len(text) <= _EXAMPLE_LENGTH else f"{text[: _EXAMPLE_LENGTH - 1]}…"
