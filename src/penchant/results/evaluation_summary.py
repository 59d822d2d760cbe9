"""An evaluation without its models and its log, to be saved and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from penchant.errors import DataError
from penchant.models.base import Task
from penchant.results.evaluation import Evaluation
from penchant.results.findings import Findings
from penchant.results.tables import Table


@dataclass(frozen=True, eq=False)
class EvaluationSummary:
    """The tables, notes and findings of an evaluation.

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
    def of(cls, result: Evaluation | Table, title: str = "") -> EvaluationSummary:
        """The summary of an evaluation, or of one table of predictions."""
        if isinstance(result, Table):
            return cls({result.task: result}, title)
        return cls(
            result.tables,
            title,
            dict(result.settings),
            result.split.describe(),
            tuple(result.notes),
            result.findings.to_dict() if result.findings.all else {},
        )

    @classmethod
    def load(cls, values: Mapping[str, Any]) -> EvaluationSummary:
        """The summary that `dump` wrote.

        Raises:
            DataError: this is none.
        """
        try:
            return _adapter().validate_python(values)
        except ValidationError as error:
            place = ".".join(map(str, error.errors()[0]["loc"]))
            raise DataError(f"What was kept is no comparison: {place} is wrong.") from None

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, numbers that are not finite among them."""
        return asdict(self)

    @property
    def audit(self) -> Findings | None:
        """The findings of the audit; None where there was none."""
        return Findings.from_dict(self.findings) if self.findings else None

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
            "tables": {task: table.to_dict() for task, table in self.tables.items()},
        }


@cache
def _adapter() -> TypeAdapter[EvaluationSummary]:
    return TypeAdapter(EvaluationSummary)
