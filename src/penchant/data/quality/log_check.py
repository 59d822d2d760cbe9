"""Find what is odd in a log, before a model learns it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from penchant.data.dataset import Dataset
from penchant.data.quality import counts, duplicates, ratings, times
from penchant.data.quality.finding import Finding
from penchant.errors import ParameterError

_ORDER = {"wrong": 0, "doubtful": 1, "note": 2}


@dataclass(frozen=True, eq=False)
class Check:
    """What was found in a log, the worst first.

    Attributes:
        name: the log's name.
        n_events: the number of events that were looked at.
        findings: one finding a kind; empty where nothing is odd.
    """

    name: str
    n_events: int
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __str__(self) -> str:
        title = f"Check of {self.name!r}, {self.n_events:,} events: "
        if not self.findings:
            return title + "nothing odd was found."
        lines = [f"{f.level:<8}  {_percent(f.share):>8}  {f.sentence}" for f in self.findings]
        findings = "1 finding" if len(lines) == 1 else f"{len(lines)} findings"
        return "\n".join([title + findings, *lines])

    def to_dict(self) -> dict[str, Any]:
        """All findings as plain values for JSON."""
        return {
            "name": self.name,
            "n_events": self.n_events,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def check(log: Dataset, *, near_empty: int = 1) -> Check:
    """Find skipped records, duplicates, impossible ratings and times, and lopsided counts.

    Args:
        log: the log.
        near_empty: users and items with this many events or fewer are listed.

    Raises:
        ParameterError: `near_empty` is negative.
    """
    if near_empty < 0:
        raise ParameterError(f"near_empty must be 0 or more, not {near_empty}.")
    found = [
        *skipped(log),
        *duplicates.find(log),
        *ratings.find(log),
        *times.find(log),
        *counts.find(log, near_empty),
    ]
    found.sort(key=lambda finding: _ORDER[finding.level])
    return Check(name=log.name, n_events=len(log), findings=tuple(found))


def skipped(log: Dataset) -> Iterator[Finding]:
    """Records that the reader left out."""
    table = log.origin.skipped
    if table is None or table.is_empty():
        return
    kinds = table["problem"].str.replace(r"'.*'", "…").value_counts(sort=True).head(3)
    said = ", ".join(f"{problem} ({count:,})" for problem, count in kinds.iter_rows())
    yield Finding.of(
        "skipped",
        "wrong",
        len(table),
        len(table) + len(log),
        f"records were malformed and left out: {said}",
        lambda limit: table if limit is None else table.head(limit),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
