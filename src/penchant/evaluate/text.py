"""A comparison as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from penchant.evaluate.result import Entry, Evaluation, Figure, Table

_COLOURS = {"beats": "green", "no better": "yellow", "worse": "red", None: "dim"}
_QUESTIONS = {
    "ranking": "Which items? (ranking)",
    "rating": "What rating? (rating)",
    "like": "Liked or not? (like)",
}


def render(result: Evaluation, console: Console) -> None:
    """Print every table of a comparison with what its reader must know."""
    facts = result.split.describe()
    console.print(f"[bold]{result.split.log.name}[/]: {facts['sentence']}", highlight=False)
    console.print(
        f"{facts['train']:,} training, {facts['validation']:,} validation and {facts['test']:,} "
        f"test events; {facts['test_users']:,} test users, "
        f"{facts['test_users_without_history']:,} of them without any history. "
        f"Split {facts['fingerprint']}.",
        style="dim",
        highlight=False,
    )
    for table in result.tables.values():
        console.print()
        console.print(_grid(table))
        for note in table.notes:
            console.print(f"  {note}", style="dim", highlight=False)
    for note in result.notes:
        console.print(note, style="dim", highlight=False)


def _grid(table: Table) -> Grid:
    grid = Grid(title=_QUESTIONS[table.task], title_justify="left", title_style="bold")
    grid.add_column("model")
    grid.add_column(f"{table.primary} [95 %]", justify="right", no_wrap=True)
    grid.add_column("gain over trivial", justify="right", no_wrap=True)
    grid.add_column("verdict")
    for metric in table.metrics[1:]:
        grid.add_column(metric, justify="right")
    for heading in ("fit", "answers/s", "memory", "numbers"):
        grid.add_column(heading, justify="right")
    for entry in table.entries:
        grid.add_row(*_cells(table, entry), style="dim" if entry.trivial else "")
    return grid


def _cells(table: Table, entry: Entry) -> Sequence[str | Text]:
    first = entry.figures[table.primary]
    verdict = "trivial" if entry.trivial else entry.verdict or ""
    others = [entry.figures.get(m, Figure(math.nan)).value for m in table.metrics[1:]]
    return [
        entry.name,
        f"{number(first.value)} [{number(first.low)}, {number(first.high)}]",
        "" if entry.trivial else gain(first),
        Text(verdict, style=_COLOURS[entry.verdict]),
        *(number(value) for value in others),
        seconds(entry.cost.fit_seconds),
        f"{entry.cost.rate:,.0f}",
        size(entry.cost.peak_bytes),
        f"{entry.cost.parameters:,}",
    ]


def gain(figure: Figure) -> str:
    """A gain with its interval, signed."""
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
