"""Pages: templates with escaping on, one self-contained file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.errors import require
from penchant.reporting.charts.svg import Chart
from penchant.results import formatting
from penchant.results.formatting import join_names

_FOLDER = Path(__file__).parent / "templates"


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill in a template; whatever comes from data is escaped, charts are not."""
    jinja2 = require("jinja2", "report")
    markup = require("markupsafe", "report").Markup

    def drawn(chart: Chart) -> Any:
        one = f'<div class="svg{" wide" if chart.narrow else ""}">{chart.wide}</div>'
        other = f'<div class="svg narrow">{chart.narrow}</div>' if chart.narrow else ""
        return markup(one + other)

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        name: getattr(formatting, name)
        for name in ("fixed", "signed", "whole", "short", "percent", "duration", "memory", "day")
    }
    environment.filters |= {"listed": join_names, "cell": _cell, "breakable": _breakable}
    environment.globals["drawn"] = drawn
    environment.globals["css"] = markup((_FOLDER / "style.css").read_text(encoding="utf-8"))
    return str(environment.get_template(template).render(context))


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
