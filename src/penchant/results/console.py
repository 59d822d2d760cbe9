"""Results as tables and text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.table import Table as Grid
from rich.text import Text

from penchant.results.tables import Entry, MetricValue, Table
from penchant.wording import counted

_COLOURS = {"beats": "green", "no better": "yellow", "worse": "red", None: "dim"}
_QUESTIONS = {
    "ranking": "Which items? (ranking)",
    "rating": "What rating? (rating)",
    "like": "Liked or not? (like)",
}


def rich_table(table: Table, width: int, level: float, failed: Sequence[str] = ()) -> Grid:
    """One table, with the columns that fit into so many characters, and models that failed."""
    entries = table.entries
    columns = [
        _Column("model", [entry.name for entry in entries], "left"),
        *_judged_columns(table, f"{table.primary} [{100 * level:g} %]"),
    ]
    further = [
        _Column(m, [number(e.metrics.get(m, MetricValue(math.nan)).value) for e in entries])
        for m in table.metrics[1:]
    ]
    further += [
        _Column("fit", [seconds(e.cost.fit_seconds) for e in entries]),
        _Column("answers/s", [count(e.cost.rate) for e in entries]),
        _Column("memory", [size(e.cost.peak_bytes) for e in entries]),
        _Column("parameters", [count(e.cost.parameters) for e in entries]),
    ]
    grid = _grid(_QUESTIONS[table.task], entries, columns, further, width)
    for name in failed:  # model, figure, gain and verdict stand first
        grid.add_row(name, "–", "", Text("failed", style="red"))
    return grid


def segment_table(table: Table, width: int, level: float) -> Grid:
    """The first metric for the users with and without history, models as in the table of all."""
    entries = table.entries
    columns = [_Column("model", [entry.name for entry in entries], "left")]
    for segment, part in table.segments.items():
        ordered = replace(part, entries=tuple(part[entry.name] for entry in entries))
        if segment == "without-history":
            values = [number(entry.metrics[part.primary].value) for entry in ordered.entries]
            columns.append(_Column(f"without\n{counted(part.users, 'user')}", values))
        else:
            heading = f"with history\n{counted(part.users, 'user')} [{100 * level:g} %]"
            columns += _judged_columns(ordered, heading)
    return _grid(f"{table.primary} by the users' history", entries, columns, (), width)


def target_segment_table(table: Table, width: int, level: float) -> Grid:
    """The first metric for repeated and for new items, models as in the table of all."""
    entries = table.entries
    columns = [_Column("model", [entry.name for entry in entries], "left")]
    for segment, part in table.target_segments.items():
        ordered = replace(part, entries=tuple(part[entry.name] for entry in entries))
        heading = f"{segment.replace('-', ' ')}\n{counted(part.users, 'user')} [{100 * level:g} %]"
        columns += _judged_columns(ordered, heading)
    return _grid(f"{table.primary} by repeated and new items", entries, columns, (), width)


@dataclass(frozen=True)
class _Column:
    heading: str
    cells: Sequence[str | Text]
    justify: Literal["left", "right"] = "right"
    short: Sequence[str] | None = None  # the cells where space is narrow

    @property
    def width(self) -> int:
        lines = (*self.heading.splitlines(), *map(str, self.cells))
        return max(map(len, lines)) + 3


def _judged_columns(table: Table, heading: str) -> list[_Column]:
    """The first metric with its interval, the gain over the best trivial answer, the verdict."""
    values = [(entry, entry.metrics[table.primary]) for entry in table.entries]
    return [
        _Column(heading, [interval(value) for _, value in values]),
        _Column(
            "gain over trivial",
            ["" if entry.trivial else gain(value) for entry, value in values],
            short=["" if entry.trivial else _signed(value.gain) for entry, value in values],
        ),
        _Column("verdict", [_verdict(entry) for entry, _ in values], "left"),
    ]


def _grid(
    title: str,
    entries: Sequence[Entry],
    columns: Sequence[_Column],
    further: Sequence[_Column],
    width: int,
) -> Grid:
    """A table of columns, short where they are too wide, and of as many further ones as fit."""
    if sum(column.width for column in columns) + 1 > width:
        columns = [
            replace(c, heading=c.heading.partition(" ")[0], cells=c.short) if c.short else c
            for c in columns
        ]
    shown = list(columns)
    for column in further:
        if sum(c.width for c in shown) + column.width + 1 > width:
            break
        shown.append(column)
    grid = Grid(title=title, title_justify="left", title_style="bold")
    for column in shown:  # only the names of models give way where all is too wide
        is_name = column is shown[0]
        grid.add_column(
            column.heading, justify=column.justify, no_wrap=not is_name, overflow="fold"
        )
    for entry, *cells in zip(entries, *(c.cells for c in shown), strict=True):
        grid.add_row(*cells, style="dim" if entry.trivial else "")
    return grid


def _verdict(entry: Entry) -> Text:
    return Text("trivial" if entry.trivial else entry.verdict or "–", style=_COLOURS[entry.verdict])


def interval(figure: MetricValue) -> str:
    """A value with its interval, where there is one."""
    if math.isnan(figure.low):
        return number(figure.value)
    return f"{number(figure.value)} [{number(figure.low)}, {number(figure.high)}]"


def gain(figure: MetricValue) -> str:
    """A gain with its interval, signed, or a dash where there is none."""
    if math.isnan(figure.gain_low):
        return _signed(figure.gain)
    return f"{figure.gain:+.4f} [{figure.gain_low:+.4f}, {figure.gain_high:+.4f}]"


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.4f}"


def number(value: float) -> str:
    """A figure with four decimals, fewer where it is large, or a dash where there is none."""
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:,.1f}"


def count(value: float | None) -> str:
    """A whole number, or a dash where it is not known."""
    return "–" if value is None or math.isnan(value) else f"{value:,.0f}"


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
