"""Check the quality of a log before a model learns from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality import counts, duplicates, purchases, ratings, sessions, times
from penchant.data.quality.issue import QualityIssue
from penchant.data.reading.order_lines import CANCELLATION
from penchant.data.required import require_log
from penchant.errors import ParameterError
from penchant.notebook import ShownAsText
from penchant.wording import counted

_ORDER = {"wrong": 0, "doubtful": 1, "note": 2}


@dataclass(frozen=True, eq=False)
class QualityReport(ShownAsText):
    """The quality issues of a log, the worst first.

    Attributes:
        name: the log's name.
        n_events: the number of its events.
        issues: one of each kind; empty where there is none.
    """

    name: str
    n_events: int
    issues: tuple[QualityIssue, ...]

    def __len__(self) -> int:
        return len(self.issues)

    def __iter__(self) -> Iterator[QualityIssue]:
        return iter(self.issues)

    def __getitem__(self, name: str) -> QualityIssue:
        return {issue.name: issue for issue in self.issues}[name]

    def __contains__(self, name: object) -> bool:
        return any(issue.name == name for issue in self.issues)

    def __str__(self) -> str:
        title = f"Check of {self.name!r}, {counted(self.n_events, 'event')}: "
        if not self.issues:
            return title + "no issue was found."
        lines = [
            f"{issue.level:<8}  {_percent(issue.share):>8}  {issue.sentence}"
            for issue in self.issues
        ]
        return "\n".join([title + counted(len(lines), "issue"), *lines])

    def to_dict(self) -> dict[str, Any]:
        """All issues as plain values for JSON."""
        issues = [issue.to_dict() for issue in self.issues]
        return {"name": self.name, "n_events": self.n_events, "issues": issues}


def check(log: Dataset, *, near_empty: int = 1) -> QualityReport:
    """Find skipped records, cancellations, duplicates, impossible values, odd sessions and counts.

    Args:
        log: the log.
        near_empty: users and items with this many events or fewer are listed.

    Raises:
        ParameterError: `near_empty` is negative.

    Example:
        >>> print(pn.check(planted_pairs()))
        Check of 'planted pairs', 1,120 events: no issue was found.
    """
    require_log(log)
    if near_empty < 0:
        raise ParameterError(f"near_empty must be 0 or more, not {near_empty}.")
    issues = [
        *_skipped_records(log),
        *purchases.issues(log),
        *duplicates.issues(log),
        *ratings.issues(log),
        *times.issues(log),
        *sessions.issues(log),
        *counts.issues(log, near_empty),
    ]
    issues.sort(key=lambda issue: _ORDER[issue.level])
    return QualityReport(name=log.name, n_events=len(log), issues=tuple(issues))


def doubts(log: Dataset) -> Iterator[QualityIssue]:
    """The issues of ratings and times by which a model or a split by time would be misled.

    These are few and quickly found, for commands that learn from a log without showing its check.
    """
    for issue in ratings.value_issues(log):
        # Zeros may be honest ratings, unless no other value has more events.
        if (
            issue.name != "zeros"
            or issue.count >= np.unique(log.ratings, return_counts=True)[1].max()
        ):
            yield issue
    for issue in times.range_issues(log):
        # Where all times are early they are numbers of another kind, of which the reader speaks.
        if issue.name != "early_times" or issue.share < 1:
            yield issue


def _skipped_records(log: Dataset) -> Iterator[QualityIssue]:
    """Records that the reader left out as malformed."""
    table = log.origin.skipped
    if table is None:
        return
    table = table.filter(~pl.col("problem").str.starts_with(CANCELLATION))
    if table.is_empty():
        return
    kinds = table["problem"].str.replace(r"'.*'", "…").value_counts(sort=True).head(3)
    listed = ", ".join(f"{problem} ({count:,})" for problem, count in kinds.iter_rows())
    yield QualityIssue.of(
        "skipped",
        "wrong",
        len(table),
        len(table) + len(log),
        ("record was", "records were"),
        f" malformed and left out: {listed}",
        lambda limit: table if limit is None else table.head(limit),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
