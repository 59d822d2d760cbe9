"""The page of a study that is still under way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from penchant.atomic_write import write_text_atomically
from penchant.reporting.html import render
from penchant.results.formatting import duration
from penchant.results.study.progress import StudyProgress, time_left

_MARK = '<meta name="penchant-page" content="study under way">'
_REFRESH = 5  # seconds after which a browser reads the page again


def write_study_progress(
    progress: StudyProgress | None,
    path: str | Path,
    *,
    title: str,
    log: str,
    stopped: bool = False,
    now: datetime | None = None,
) -> Path:
    """Write how far a study is as a page that loads itself again until the result replaces it.

    Args:
        progress: the study; None before its first step.
        path: where to write.
        title: of the study.
        log: what it runs on.
        stopped: whether it ended before its end.
        now: the time of writing; by default the clock's.

    Returns:
        The path.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    headline, detail = _sentences(progress, stopped=stopped)
    context = {
        "title": title,
        "log": log,
        "progress": progress,
        "headline": headline,
        "detail": detail,
        "stopped": stopped,
        "refresh": _REFRESH,
        "time": f"{now or datetime.now():%H:%M:%S}",
    }
    return write_text_atomically(render("study_progress.html", context), path)


def is_study_progress(page: str) -> bool:
    """Whether a page is one of these rather than that of a result."""
    return _MARK in page


def _sentences(progress: StudyProgress | None, *, stopped: bool) -> tuple[str, str]:
    if progress is None:
        return ("This study was stopped.", "") if stopped else ("The log is being read.", "")
    gone = f"{duration(progress.gone)} gone"
    if stopped:
        return "This study was stopped.", f"{progress.n_done} steps are done, {gone}."
    left = time_left(progress.left)
    step = (
        f"Step {progress.number} of {len(progress.steps)}" if progress.number else "Between steps"
    )
    name = f": {progress.current}" if progress.current else ""
    return f"{step}{name}.", f"{gone.capitalize()}{f', {left}' if left else ''}."
