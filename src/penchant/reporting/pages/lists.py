"""The page of lists for everybody."""

from __future__ import annotations

from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.batch.summary import ListSummary
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.graphs import lists as graphs
from penchant.reporting.html import render


def write_list_summary(summary: ListSummary, path: str | Path) -> Path:
    """Write what the lists of all users hold as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    context = {
        "title": f"Lists for the users of {summary.log}",
        "summary": summary,
        "shown": draw_all("shown", [graphs.most_shown(summary)]),
        "lengths": draw_all("lengths", [graphs.lengths(summary)]),
    }
    return write_text_atomically(render("lists.html", context), path)
