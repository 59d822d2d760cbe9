"""The page of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from penchant.atomic_write import write_text_atomically
from penchant.reporting.charts.draw import draw, draw_all
from penchant.reporting.charts.svg import Chart
from penchant.reporting.glossary import VERDICTS, table_terms
from penchant.reporting.html import render
from penchant.reporting.pages.comparison import TaskSection, task_section
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.formatting import duration
from penchant.results.study.opening import Opening
from penchant.results.study.result import StudyResult
from penchant.results.study.sections import CONCLUSION_LEVELS, Section

_PICTURE = 4.4  # inches of the first screen's picture


@dataclass(frozen=True)
class ComparisonPart:
    """A comparison as the page shows it."""

    comparison: EvaluationSummary
    tasks: tuple[TaskSection, ...]


@dataclass(frozen=True)
class Part:
    """A section as the page shows it."""

    section: Section
    reused: bool
    charts: list[Chart]
    compared: tuple[ComparisonPart, ...]


def write_study(result: StudyResult, path: str | Path) -> Path:
    """Write a study as one self-contained HTML page that opens offline.

    The same result gives the same bytes. The file is written whole or not at all.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    tables = [
        table
        for section in result.sections
        for comparison in section.comparisons
        for table in comparison.tables.values()
    ]
    context = {
        "title": result.title,
        "result": result,
        "picture": _picture(result.opening),
        "parts_of": [_part(n, s, result.reused_steps) for n, s in enumerate(result.sections, 1)],
        "time_sentence": _time_sentence(result),
        "facts": facts(result),
        "snippet": snippet(result),
        "levels": dict(CONCLUSION_LEVELS) | (VERDICTS if tables else {}),
        "metrics": table_terms(tables),
    }
    return write_text_atomically(render("study.html", context), path)


def _part(number: int, section: Section, reused: Sequence[str]) -> Part:
    return Part(
        section=section,
        reused=any(step in reused for step in section.steps),
        charts=draw_all(f"s{number}-c", section.charts),
        compared=tuple(
            ComparisonPart(
                comparison,
                tuple(
                    task_section(comparison, task, f"s{number}-{n}-") for task in comparison.tables
                ),
            )
            for n, comparison in enumerate(section.comparisons, 1)
        ),
    )


def _picture(opening: Opening) -> Chart | None:
    """The one picture of the first screen, over all of the page's width."""
    if opening.graph is None:
        return None
    return draw("opening", replace(opening.graph, half=False), least_height=_PICTURE, dense=True)


def _time_sentence(result: StudyResult) -> str:
    steps = f"{len(result.steps)} steps took {duration(sum(s.seconds for s in result.steps))}"
    reused = len(result.reused_steps)
    return f"{steps}; {reused} of them are of an earlier run." if reused else f"{steps}."


def facts(result: StudyResult) -> Mapping[str, Any]:
    """Log, settings and versions, ready for a table."""
    log = result.log
    rows = {
        "log": result.log_line,
        "source": log.get("source"),
        "log fingerprint": log["fingerprint"],
        "seed": result.seed,
        "options": ", ".join(f"{name}={value}" for name, value in result.settings.items()) or None,
        "versions": ", ".join(f"{name} {number}" for name, number in result.versions.items()),
    }
    return {name: value for name, value in rows.items() if value is not None}


def snippet(result: StudyResult) -> str:
    """Python that runs the same study."""
    options = [f"{name}={value!r}" for name, value in result.settings.items()]
    source = " ".join(f"{result.log['name']}, from {result.log.get('source', 'memory')}".split())
    return "\n".join(
        [
            "import penchant as pn",
            "from penchant import studies",
            "",
            f"log = ...  # {source}",
            f'assert log.fingerprint.startswith("{str(result.log["fingerprint"])[:16]}")',
            f"study = studies.find({result.name!r})",
            f"result = study.run({', '.join(['log', f'seed={result.seed}', *options])})",
            'pn.report(result, "study.html")',
        ]
    )
