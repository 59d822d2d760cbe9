"""What a quick look at a study may say: everything but verdicts, for its figures mean nothing."""

from __future__ import annotations

import math
from dataclasses import replace

from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.graph import Graph
from penchant.results.study.opening import Opening
from penchant.results.study.sections import DataTable, Section
from penchant.results.tables import Table

_HOLDS = (
    "This is a quick look: nothing is trained to its end, so that no figure here means a thing."
)
_USE = "Run the study without the option “quick” before anything is concluded."
_NO_VERDICT = "Nothing is judged in a quick look."
_UNJUDGED = dict.fromkeys(("gain", "gain_low", "gain_high", "p_value"), math.nan)


def opening_without_verdict(opening: Opening) -> Opening:
    """The opening of a quick look: what was claimed, and that nothing is said of it."""
    graph = None if opening.graph is None else _without_marks(opening.graph)
    return replace(opening, holds=_HOLDS, use=_USE, graph=graph)


def section_without_verdicts(section: Section) -> Section:
    """A section without conclusions, verdicts and marks of better or worse."""
    return replace(
        section,
        conclusions=(),
        tables=tuple(_without_badges(table) for table in section.tables),
        charts=tuple(_without_marks(graph) for graph in section.charts),
        comparisons=tuple(_unjudged(comparison) for comparison in section.comparisons),
    )


def _without_badges(table: DataTable) -> DataTable:
    """A table without its columns of verdicts, and without those that have nothing to say."""
    rows = range(table.frame.height)
    dropped = [
        column
        for column in table.columns[1:]
        if table.form(column) == "badge" or not any(table.written(column, row) for row in rows)
    ]
    formats = {name: form for name, form in table.formats.items() if name not in dropped}
    return replace(table, frame=table.frame.drop(dropped), formats=formats)


def _without_marks(graph: Graph) -> Graph:
    return replace(graph, series=tuple(replace(series, marks=()) for series in graph.series))


def _unjudged(comparison: EvaluationSummary) -> EvaluationSummary:
    return replace(
        comparison,
        tables={task: _unjudged_table(table) for task, table in comparison.tables.items()},
        notes=(),
        findings={},
    )


def _unjudged_table(table: Table) -> Table:
    entries = tuple(
        replace(
            entry,
            metrics={
                name: replace(value, **_UNJUDGED, verdict=None)
                for name, value in entry.metrics.items()
            },
            validation=math.nan,
        )
        for entry in table.entries
    )
    return replace(
        table,
        entries=entries,
        notes=(),
        groups=(),
        no_verdict=_NO_VERDICT,
        segments={segment: _unjudged_table(part) for segment, part in table.segments.items()},
    )
