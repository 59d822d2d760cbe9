"""Results as tables and text for a terminal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rich.table import Table as Grid
from rich.text import Text

from penchant.results.tables import Entry, MetricValue, Table

_COLOURS = {"beats": "green", "no better": "yellow", "worse": "red", None: "dim"}
_QUESTIONS = {
    "ranking": "Which items? (ranking)",
    "rating": "What rating? (rating)",
    "like": "Liked or not? (like)",
}


def rich_table(table: Table, width: int, level: float) -> Grid:
    """One table, with the columns that fit into so many characters."""
    grid = Grid(title=_QUESTIONS[table.task], title_justify="left", title_style="bold")
    columns = _columns(table, width, level)
    for column in columns:
        grid.add_column(column.heading, justify=column.justify, no_wrap=True)
    for entry, *cells in zip(table.entries, *(c.cells for c in columns), strict=True):
        style = "dim" if entry.trivial else ""
        grid.add_row(*cells, style=style)
    return grid


@dataclass(frozen=True)
class _Column:
    heading: str
    cells: list[str | Text]
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        return max(len(str(text)) for text in (self.heading, *self.cells)) + 3


def _columns(table: Table, width: int, level: float) -> list[_Column]:
    """The first four columns, and as many of the others as fit."""
    entries, first = table.entries, table.primary
    columns = [
        _Column("model", [entry.name for entry in entries], "left"),
        _Column(
            f"{first} [{100 * level:g} %]", [interval(entry.metrics[first]) for entry in entries]
        ),
        _Column(
            "gain over trivial", ["" if e.trivial else gain(e.metrics[first]) for e in entries]
        ),
        _Column("verdict", [_verdict(entry) for entry in entries], "left"),
    ]
    optional = [
        _Column(m, [number(e.metrics.get(m, MetricValue(math.nan)).value) for e in entries])
        for m in table.metrics[1:]
    ]
    optional += [
        _Column("fit", [seconds(e.cost.fit_seconds) for e in entries]),
        _Column("answers/s", [f"{e.cost.rate:,.0f}" for e in entries]),
        _Column("memory", [size(e.cost.peak_bytes) for e in entries]),
        _Column("parameters", [f"{e.cost.parameters:,}" for e in entries]),
    ]
    for column in optional:
        if sum(c.width for c in columns) + column.width + 1 > width:
            break
        columns.append(column)
    return columns


def _verdict(entry: Entry) -> Text:
    return Text("trivial" if entry.trivial else entry.verdict or "", style=_COLOURS[entry.verdict])


def interval(figure: MetricValue) -> str:
    """A value with its interval."""
    return f"{number(figure.value)} [{number(figure.low)}, {number(figure.high)}]"


def gain(figure: MetricValue) -> str:
    """A gain with its interval, signed, or a dash where there is none."""
    if math.isnan(figure.gain):
        return "–"
    return f"{figure.gain:+.4f} [{figure.gain_low:+.4f}, {figure.gain_high:+.4f}]"


def number(value: float) -> str:
    """A figure with four decimals, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.4f}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if math.isnan(value):
        return "–"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def size(value: float | None) -> str:
    """A number of bytes in the unit that suits it."""
    if value is None:
        return "–"
    return f"{value / 2**20:.0f} MB" if value < 2**30 else f"{value / 2**30:.1f} GB"
