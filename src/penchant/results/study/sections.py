"""What a page on a study is made of, as plain data: conclusions, tables, sections, steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.errors import ParameterError
from penchant.results import formatting
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.graph import Graph
from penchant.results.study.gallery import Gallery

ConclusionLevel = Literal["as published", "honest", "trap", "verdict"]
CONCLUSION_LEVELS: Mapping[ConclusionLevel, str] = {
    "as published": "What the published procedure gives, followed to the letter.",
    "honest": "What is left when nothing is chosen, fitted or measured with the answer in hand.",
    "trap": "Why a published figure says less than it seems to.",
    "verdict": "What the study comes to.",
}
"""What each level of a conclusion means."""
_FORMATS = {"fixed", "signed", "whole", "short", "percent", "duration", "memory"}
_PLACES = {"fixed", "signed", "percent"}
_NAMES = {"text", "badge"} | _FORMATS


@dataclass(frozen=True)
class Conclusion:
    """A sentence on what a study found.

    Attributes:
        level: whether it is the published figure, the honest one, a trap or the verdict.
        sentence: for a person, with its figures.
    """

    level: ConclusionLevel
    sentence: str


@dataclass(frozen=True, eq=False)
class DataTable:
    """A frame that is shown as a table.

    A column `x` that stands before columns `x low` and `x high` is shown with that interval in
    one cell.

    Attributes:
        frame: few rows, the first column naming them.
        caption: what the table shows.
        formats: how columns are written: `text`, `badge` (verdicts), `whole`, `short`, `percent`,
            `duration` (of seconds), `memory` (of bytes), `fixed:4`, `signed:4` or `percent:2`
            (decimals). By default whole numbers are `whole`, others `fixed:3`, and all else is
            `text`.
        shade: shades the cells of all number columns from the lowest to the highest value, as
            suits the grid of a tuning, and says which end is best; None shades nothing.

    Raises:
        ParameterError: a format is unknown or of a column that is not there.
    """

    frame: pl.DataFrame
    caption: str
    formats: Mapping[str, str] = field(default_factory=dict)
    shade: Literal["high", "low"] | None = None

    def __post_init__(self) -> None:
        for column, wish in self.formats.items():
            name, colon, places = wish.partition(":")
            good = name in _NAMES and (not colon or (name in _PLACES and places.isdigit()))
            if column not in self.frame.columns or not good:
                raise ParameterError(
                    f"The table {self.caption!r} cannot show {column!r} as {wish!r}: it has the "
                    f"columns {', '.join(self.frame.columns)}, and the formats are "
                    f"{', '.join(sorted(_NAMES))}."
                )

    @property
    def columns(self) -> list[str]:
        """The columns that are shown, without those that are an interval's ends."""
        ends = {f"{c} {end}" for c in self.frame.columns for end in ("low", "high")}
        return [c for c in self.frame.columns if c not in ends]

    def form(self, column: str) -> str:
        """How a column is written."""
        dtype = self.frame.schema[column]
        default = "whole" if dtype.is_integer() else "fixed:3" if dtype.is_numeric() else "text"
        return self.formats.get(column, default)

    def is_number(self, column: str) -> bool:
        """Whether a column stands at the right."""
        return self.form(column) not in ("text", "badge")

    def written(self, column: str, row: int) -> str:
        """A cell as a person reads it."""
        return self._write(self.frame[column][row], self.form(column))

    def interval(self, column: str, row: int) -> str:
        """The interval of a cell as a person reads it, empty where there is none."""
        ends = [f"{column} {end}" for end in ("low", "high")]
        if not set(ends) <= set(self.frame.columns):
            return ""
        values = [self.frame[end][row] for end in ends]
        if any(value is None or not math.isfinite(value) for value in values):
            return ""
        return " to ".join(self._write(value, self.form(column)) for value in values)

    def shades(self) -> dict[str, list[float | None]]:
        """How dark each number is, from 0 to 1, by column; empty where none is or all are equal."""
        if self.shade is None:
            return {}
        columns = [c for c in self.columns[1:] if self.frame.schema[c].is_numeric()]
        values = self.frame.select(pl.col(columns).cast(pl.Float64)).to_numpy()
        known = values[np.isfinite(values)]
        if not known.size or known.min() == known.max():
            return {}
        dark = (values - known.min()) / (known.max() - known.min())
        dark = dark if self.shade == "high" else 1 - dark
        return {
            column: [float(d) if math.isfinite(d) else None for d in dark[:, n]]
            for n, column in enumerate(columns)
        }

    def to_dict(self) -> dict[str, Any]:
        """Caption, columns and rows."""
        return {
            "caption": self.caption,
            "columns": self.frame.columns,
            "rows": [list(row) for row in self.frame.iter_rows()],
        }

    @staticmethod
    def _write(value: Any, form: str) -> str:
        name, _, places = form.partition(":")
        if value is None:
            return formatting.DASH
        if name not in _FORMATS:
            return ", ".join(map(str, value)) if isinstance(value, pl.Series) else str(value)
        if isinstance(value, float) and not math.isfinite(value):
            return formatting.DASH
        if name == "percent" and places:
            return f"{formatting.fixed(100 * value, int(places))}\N{NO-BREAK SPACE}%"
        write = getattr(formatting, name)
        return str(write(value, int(places)) if places else write(value))


@dataclass(frozen=True)
class CodeBlock:
    """A program or a query that a reader may copy.

    Attributes:
        text: all of it, as it is run.
        caption: what it does.
    """

    text: str
    caption: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """A part of a study.

    Attributes:
        title: its heading.
        text: paragraphs, with an empty line between them; other line ends are only spaces.
        conclusions: what a reader should take away.
        tables: figures in rows and columns.
        charts: the same drawn.
        comparisons: contenders with intervals and verdicts.
        galleries: lists of items with pictures.
        code: programs or queries, whole.
        steps: the steps of the study that its figures come from.
    """

    title: str
    text: str = ""
    conclusions: tuple[Conclusion, ...] = ()
    tables: tuple[DataTable, ...] = ()
    charts: tuple[Graph, ...] = ()
    comparisons: tuple[EvaluationSummary, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    code: tuple[CodeBlock, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> list[str]:
        """The text's paragraphs."""
        return paragraphs(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Everything in it, ready for JSON but for numbers that are not finite."""
        return {
            "title": self.title,
            "text": self.paragraphs,
            "conclusions": [{"level": f.level, "sentence": f.sentence} for f in self.conclusions],
            "tables": [table.to_dict() for table in self.tables],
            "charts": [chart.to_dict() for chart in self.charts],
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "galleries": [gallery.to_dict() for gallery in self.galleries],
            "code": [{"caption": c.caption, "text": c.text} for c in self.code],
            "steps": list(self.steps),
        }


@dataclass(frozen=True)
class StudyStep:
    """A piece of a study's work.

    Attributes:
        name: what the study calls it.
        seconds: how long it took, when it was done.
        reused: whether its figures are those of an earlier run.
    """

    name: str
    seconds: float
    reused: bool


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text as it stands in a program, each on one line."""
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return [part for part in parts if part]
