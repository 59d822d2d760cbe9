"""The page of an audit."""

from __future__ import annotations

from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.auditing import RULES, SUBJECTS, Findings
from penchant.reporting.html import render

_HEADLINES = {
    "wrong": "Something is wrong: figures computed from this are not what they are called.",
    "doubtful": "Nothing is plainly wrong, and some things should be looked at.",
    "note": "Nothing is wrong or doubtful in what could be looked at.",
}
_COLOURS = {"wrong": "worse", "doubtful": "no-better", "note": "beats", "passed": "beats"}


def write_audit(findings: Findings, path: str | Path) -> Path:
    """Write what an audit findings as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    context = {
        "title": "What these numbers are worth",
        "findings": findings,
        "headline": _HEADLINES.get(findings.worst, _HEADLINES["note"]),
        "colour": _COLOURS.get(findings.worst, ""),
        "rules": [rule for rule, _ in RULES],
        "subjects": SUBJECTS,
    }
    return write_text_atomically(render("audit.html", context), path)
