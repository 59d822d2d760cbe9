"""Pages: templates with escaping on, one self-contained file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penchant.errors import require
from penchant.reporting.charts.svg import Chart
from penchant.results import formatting
from penchant.results.formatting import join_names
from penchant.results.study.sections import DataTable

if TYPE_CHECKING:
    import jinja2

_PHONE = 44  # letters of a table's small type on a phone
_READABLE, _LONG = 14, 60  # letters in which a text can be read in lines; twice those of long ones
_GAP = 2  # letters between columns
_FOLDER = Path(__file__).parent / "templates"


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill in a template; whatever comes from data is escaped, charts are not."""
    return str(_environment().get_template(template).render(context))


@cache
def _environment() -> jinja2.Environment:
    """The templates of reports, each compiled once a process."""
    markup = require("markupsafe", "report").Markup

    def drawn(chart: Chart) -> Any:
        one = f'<div class="svg{" wide" if chart.narrow else ""}">{chart.wide}</div>'
        other = f'<div class="svg narrow">{chart.narrow}</div>' if chart.narrow else ""
        return markup(one + other)

    environment = template_environment(_FOLDER)
    environment.filters |= {
        "cell": _cell,
        "breakable": _breakable,
        "wide": _wide,
        "wide_frame": _wide_frame,
    }
    environment.globals["drawn"] = drawn
    environment.globals["css"] = markup((_FOLDER / "style.css").read_text(encoding="utf-8"))
    return environment


def template_environment(folder: Path) -> jinja2.Environment:
    """The templates of a folder, with escaping on and the package's ways to write numbers.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    package = require("jinja2", "report")
    environment: jinja2.Environment = package.Environment(
        loader=package.FileSystemLoader(folder),
        autoescape=True,
        undefined=package.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(formatting, name)
        for name in ("fixed", "signed", "whole", "short", "percent", "duration", "memory", "day")
    }
    environment.filters["listed"] = join_names
    return environment


def _wide(table: DataTable) -> bool:
    """Whether a table is too wide for a phone, where its rows then stand as cards."""
    rows = range(table.frame.height)
    letters = 0
    for column in table.columns:
        cells = [table.written(column, row) for row in rows]
        if table.is_number(column):
            cells += [table.interval(column, row) for row in rows]
        letters += _letters(column, cells, breaks=not table.is_number(column))
    return letters > _PHONE


def _wide_frame(frame: pl.DataFrame) -> bool:
    """The same of a plain frame."""
    letters = (
        _letters(c.name, list(map(_cell, c)), breaks=c.dtype == pl.String)
        for c in frame.iter_columns()
    )
    return sum(letters) > _PHONE


def _letters(heading: str, cells: list[str], *, breaks: bool) -> int:
    """Letters that a column takes at least; numbers and intervals stand on one line each."""
    longest = max(map(len, cells), default=0)
    if breaks:
        words = max((len(word) for cell in cells for word in cell.split()), default=0)
        longest = max(words, min(_READABLE if longest < _LONG else 2 * _READABLE, longest))
    return max(longest, *map(len, re.split(r"[\s_:,=]", heading))) + _GAP


def _cell(value: object) -> str:
    """Any value of a frame as text, long ones cut."""
    if value is None:
        return formatting.DASH
    if isinstance(value, float):
        return f"{value:,.4g}"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 160 else f"{text[:159]}…"


def _breakable(name: str) -> Any:
    """A model's name with places where a line may end."""
    markup = require("markupsafe", "report").Markup
    safe = str(markup.escape(name))
    for sign in (":", ",", "=", "_"):
        safe = safe.replace(sign, f"{sign}<wbr>")
    return markup(safe)
