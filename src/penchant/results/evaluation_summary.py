"""A comparison without its models and its log: what can be kept in a file and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penchant.errors import DataError
from penchant.models.base import Task
from penchant.results.evaluation import Evaluation
from penchant.results.tables import Table, entry_dict


@dataclass(frozen=True, eq=False)
class EvaluationSummary:
    """Tables of contenders with intervals and verdicts.

    Attributes:
        tables: a table for each task.
        title: what was compared, as a heading; empty for a section's only comparison.
        settings: metrics, replicates, level, seed and versions, as far as known.
        split: what `Split.describe` says; empty where plain predictions were judged.
        notes: what a reader must know, a sentence each.
        findings: what `Findings.to_dict` says of the audit; empty where there was none.
    """

    tables: Mapping[Task, Table]
    title: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    findings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Evaluation | Table, title: str = "") -> EvaluationSummary:
        """The comparison in an evaluation, or in one table of judged predictions."""
        if isinstance(found, Table):
            return cls({found.task: found}, title)
        return cls(
            found.tables,
            title,
            dict(found.settings),
            found.split.describe(),
            tuple(found.notes),
            found.findings.to_dict() if found.findings.all else {},
        )

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> EvaluationSummary:
        """The comparison that `dump` was made from.

        Raises:
            DataError: this is none.
        """
        try:
            return _adapter().validate_python(kept)
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise DataError(f"What was kept is no comparison: {place} is wrong.") from None

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, numbers that are not finite among them."""
        return asdict(self)

    @property
    def objections(self) -> list[Mapping[str, Any]]:
        """The findings of the audit that are wrong or doubtful, the worst first."""
        return [f for f in self.findings.get("findings", ()) if f["level"] in ("wrong", "doubtful")]

    @property
    def level(self) -> float:
        """The level of the intervals."""
        return float(self.settings.get("level", 0.95))

    def to_dict(self) -> dict[str, Any]:
        """As `Evaluation.to_dict`, ready for JSON but for numbers that are not finite."""
        return {
            "title": self.title,
            "split": dict(self.split),
            "settings": dict(self.settings),
            "notes": list(self.notes),
            "findings": dict(self.findings),
            "tables": {
                task: {
                    "metrics": list(table.metrics),
                    "users": table.users,
                    "rows": table.rows,
                    "notes": list(table.notes),
                    "entries": [entry_dict(entry) for entry in table.entries],
                }
                for task, table in self.tables.items()
            },
        }


@cache
def _adapter() -> TypeAdapter[EvaluationSummary]:
    return TypeAdapter(EvaluationSummary)
