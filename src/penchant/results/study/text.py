"""Sections of a study as text and tables for a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from penchant.results.console import rich_table
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.graph import Graph
from penchant.results.graph.records import axis_text
from penchant.results.study.opening import Opening
from penchant.results.study.sections import DataTable, Section, paragraphs

_COLOURS = {"as published": "dim", "honest": "green", "trap": "red", "verdict": "bold cyan"}
_WIDEST = 100  # columns of running text
_BAR = 40  # columns of the longest bar


def render_section(section: Section, console: Console, *, reused: bool) -> None:
    """Print a section but the drawings, whose captions stand for them."""
    console.print()
    title = Text(section.title, style="bold")
    console.print(title.append(" (reused)", style="yellow") if reused else title)
    render_text(section.text, console)
    for conclusion in section.conclusions:
        line = Text(f"{conclusion.level:>12}  ", style=_COLOURS[conclusion.level])
        grid = Grid.grid()
        grid.add_row(line, Text(conclusion.sentence))
        console.print(grid, width=min(_WIDEST, console.width))
    for graph in section.charts:
        _chart(graph, console)
    for sheet in section.tables:
        console.print()
        console.print(Text(sheet.caption, style="italic"), width=min(_WIDEST, console.width))
        console.print(_sheet(sheet))
    for comparison in section.comparisons:
        _comparison(comparison, console)
    for block in section.code:
        console.print()
        console.print(Text(block.caption, style="italic"), width=min(_WIDEST, console.width))
        console.print(Text(block.text), soft_wrap=True)


def render_opening(opening: Opening, console: Console) -> None:
    """Print the three sentences and, where bars are drawn, their values."""
    width = max(map(len, opening.sentences))
    for label, sentence in opening.sentences.items():
        grid = Grid.grid(padding=(0, 2, 0, 0))
        grid.add_column(min_width=width)
        grid.add_row(Text(label, style="bold cyan"), Text(sentence))
        console.print(grid, width=min(_WIDEST, console.width))
    if opening.graph is not None:
        console.print()
        _picture(opening.graph, console)


def render_text(text: str, console: Console) -> None:
    """Print the paragraphs of a text."""
    for paragraph in paragraphs(text):
        console.print(Text(paragraph), width=min(_WIDEST, console.width))


def _chart(graph: Graph, console: Console) -> None:
    told = ", ".join(graph.legend())
    note = f"[chart] {graph.caption}{f' Shown: {told}.' if told else ''}"
    console.print(Text(note, style="dim"), width=min(_WIDEST, console.width))


def _picture(graph: Graph, console: Console) -> None:
    """Bars as a terminal can draw them; the captions of other charts."""
    values = [y for series in graph.series for y in series.y if y is not None]
    largest = max(map(abs, values), default=0.0)
    if graph.kind not in ("bars", "columns", "intervals") or min(values) < 0 or not largest:
        _chart(graph, console)
        return
    form = graph.y_format if graph.kind == "columns" else graph.x_format
    console.print(Text(graph.caption, style="italic"), width=min(_WIDEST, console.width))
    grid = Grid.grid(padding=(0, 2, 0, 0))
    for series in graph.series:
        for name, y in zip(series.x, series.y, strict=True):
            label = f"{name}, {series.name}" if len(graph.series) > 1 else str(name)
            value = "–" if y is None else axis_text(y, form)
            bar = "█" * round(_BAR * (y or 0.0) / largest)
            grid.add_row(Text(label), Text(value, justify="right"), Text(bar, style="cyan"))
    console.print(grid, width=min(_WIDEST, console.width))
    for name, level in graph.levels.items():
        at = level[0] if isinstance(level, tuple) else level
        console.print(Text(f"{name}: {axis_text(at, form)}", style="dim"))


def _sheet(sheet: DataTable) -> Grid:
    grid = Grid()
    for column in sheet.columns:
        grid.add_column(Text(column), justify="right" if sheet.is_number(column) else "left")
    tops = {c: [n for n, dark in enumerate(d) if dark == 1] for c, d in sheet.shades().items()}
    for row in range(sheet.frame.height):
        cells = []
        for column in sheet.columns:
            between = sheet.interval(column, row)
            text = sheet.written(column, row) + (f" [{between}]" if between else "")
            cells.append(Text(text, style="bold" if row in tops.get(column, ()) else ""))
        grid.add_row(*cells)
    return grid


def _comparison(comparison: EvaluationSummary, console: Console) -> None:
    console.print()
    if comparison.title:
        console.print(Text(comparison.title, style="bold"))
    if comparison.split:
        line = f"{comparison.split['sentence']} Split {comparison.split['fingerprint']}."
        console.print(Text(line, style="dim"))
    for table in comparison.tables.values():
        console.print(rich_table(table, console.width, comparison.level))
        for note in table.notes:
            console.print(Text(f"  {note}", style="dim"))
    if audit := comparison.audit:
        audit.render(console, brief=True)
    for note in comparison.notes:
        console.print(Text(note, style="dim"))
