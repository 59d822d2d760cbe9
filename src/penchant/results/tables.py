"""Records of evaluated models: metric values with intervals, verdicts and costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import polars as pl

from penchant.errors import ParameterError
from penchant.metrics import Metric, Verdict, parse
from penchant.metrics.base import Task
from penchant.notebook import ShownAsTable
from penchant.results.order_loss import OrderLoss

Segment = Literal["all", "with-history", "without-history"]
"""Which test users a table is about: all, or those of whom events were known before, or not."""

TargetSegment = Literal["repeated-items", "new-items"]
"""Which test events count: those on items of their user's history, or the others."""


@dataclass(frozen=True)
class MetricValue:
    """One metric of one model on the test part.

    Attributes:
        value: the metric on all test users or rows.
        low: lower end of its interval over resampled users.
        high: upper end.
        gain: improvement over the best trivial answer, positive is better; NaN for these.
        gain_low: lower end of the gain's interval.
        gain_high: upper end.
        p_value: of no gain, corrected for the number of models compared; NaN without a verdict.
        verdict: `beats`, `no better` or `worse` than the best trivial answer; None for these, and
            where none is possible or asked for.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    gain: float = math.nan
    gain_low: float = math.nan
    gain_high: float = math.nan
    p_value: float = math.nan
    verdict: Verdict | None = None


@dataclass(frozen=True)
class CustomMetric:
    """What tables and reports must know of a metric that is not one of this package.

    Attributes:
        higher_is_better: the direction of improvement.
        description: what it measures: the first line of its docstring.
        code: Python that makes it, once its class is there.
    """

    higher_is_better: bool
    description: str = ""
    code: str = ""

    @classmethod
    def of(cls, metric: Metric) -> CustomMetric | None:
        """The record of a metric; None for one that `parse` knows."""
        try:
            known = type(parse(metric.name)) is type(metric)
        except ParameterError:
            known = False
        if known:
            return None
        text, name = (type(metric).__doc__ or "").partition("\n")[0], type(metric).__name__
        written = "" if text.startswith(f"{name}(") else text  # a dataclass has one unasked
        code = repr(metric) if repr(metric).startswith(f"{name}(") else f"{name}()"
        return cls(metric.higher_is_better, written, code)


@dataclass(frozen=True)
class Cost:
    """What a model took on this machine.

    Attributes:
        fit_seconds: time to learn, without that of compiling loops, once on a machine.
        score_seconds: time to answer for all test users or rows.
        answers: how many users or rows that were; None where not known.
        peak_bytes: memory beyond what was in use before, while fitting; None where not known.
        parameters: how many numbers were learned; None where not known.
    """

    fit_seconds: float = math.nan
    score_seconds: float = math.nan
    answers: int | None = None
    peak_bytes: int | None = None
    parameters: int | None = None

    @property
    def rate(self) -> float:
        """Users or rows answered in a second; NaN where not known."""
        if self.answers is None or not self.score_seconds:
            return math.nan
        return self.answers / self.score_seconds


@dataclass(frozen=True)
class Entry:
    """One model in one table.

    Attributes:
        name: what the table calls it.
        trivial: whether it is a trivial answer to this task.
        metrics: by name.
        validation: the table's first metric on the validation part, NaN without one.
        cost: time and memory.
        decision: the threshold at which it says "like", chosen on validation rows.
        confusion: how many test rows are true negatives, false positives, false negatives and
            true positives; None where nothing is decided.
        outside_scale: the share of predicted ratings that lie outside the scale of ratings; NaN
            where the scale is not known or nothing of the kind is predicted.
        clipped: the metrics as they would be with predictions clipped to the scale, by name;
            empty where none lies outside.
        order_loss: what it loses where the order of each history is shuffled; None where it learns
            no order.
    """

    name: str
    trivial: bool
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    validation: float = math.nan
    cost: Cost = Cost()
    decision: float | None = None
    confusion: tuple[int, int, int, int] | None = None
    outside_scale: float = math.nan
    clipped: Mapping[str, float] = field(default_factory=dict)
    order_loss: OrderLoss | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the table's first metric."""
        return next(iter(self.metrics.values())).verdict

    def to_dict(self) -> dict[str, Any]:
        """One row of a table as plain values for JSON."""
        return self.segment_dict() | {
            "validation": self.validation,
            "decision_threshold": self.decision,
            "outside_scale": self.outside_scale,
            "clipped": dict(self.clipped),
            "order_loss": None if self.order_loss is None else self.order_loss.to_dict(),
            "cost": asdict(self.cost) | {"rate": self.cost.rate},
        }

    def segment_dict(self) -> dict[str, Any]:
        """What of `to_dict` is different for a part of the test users."""
        return {
            "model": self.name,
            "trivial": self.trivial,
            "verdict": self.verdict,
            "figures": {name: asdict(value) for name, value in self.metrics.items()},
            "confusion": self.confusion,
        }


@dataclass(frozen=True)
class Table(ShownAsTable):
    """All models on one task, for all test users or a part of them.

    Attributes:
        task: `ranking`, `rating` or `like`.
        metrics: names, the one that decides verdicts first.
        entries: best first by the first metric.
        users: test users that count.
        rows: test rows that count.
        resampled: how many groups of users intervals resample, where users are not independent of
            each other; None where these are the users.
        notes: what a reader must know, a sentence each.
        groups: names that cannot be told apart by the first metric, the best group first; see
            `penchant.metrics.tie_groups`.
        no_verdict: why no verdict is possible, a sentence; None where one is, and where models
            are not judged.
        segment: the test users that the table is about.
        segments: where some test users have no history and others do, a table for each of the
            two parts. Costs and validation figures stand in this table alone. Users without
            history have figures, without intervals and verdicts.
        custom_metrics: those of the metrics that are not of this package, by name.
        target_segments: where lists may hold items of histories, a table for the test events that
            repeat such an item and one for the others, each of the users who have any. The lists
            are the same.
    """

    task: Task
    metrics: tuple[str, ...]
    entries: tuple[Entry, ...]
    users: int
    rows: int
    notes: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    no_verdict: str | None = None
    segment: Segment = "all"
    segments: Mapping[Segment, Table] = field(default_factory=dict)
    target_segments: Mapping[TargetSegment, Table] = field(default_factory=dict)
    resampled: int | None = None
    custom_metrics: Mapping[str, CustomMetric] = field(default_factory=dict)

    @property
    def n_independent(self) -> int:
        """How many users, or groups of them, are independent of each other."""
        return self.users if self.resampled is None else self.resampled

    @property
    def primary(self) -> str:
        """The metric that decides order and verdicts."""
        return self.metrics[0]

    @property
    def judged(self) -> bool:
        """Whether any model is compared with trivial answers."""
        figures = [entry.metrics[self.primary] for entry in self.entries if entry.metrics]
        return any(math.isfinite(figure.gain) or figure.verdict for figure in figures)

    @property
    def higher_is_better(self) -> bool:
        """The direction of the first metric; its name may carry a note in brackets."""
        if (custom := self.custom_metrics.get(self.primary)) is not None:
            return custom.higher_is_better
        return parse(self.primary.partition(" (")[0]).higher_is_better

    def __getitem__(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in self.entries)
        raise ParameterError(f"The {self.task} table has no {name!r}, only {known}.")

    @property
    def best_trivial(self) -> Entry:
        """The trivial answer that stands highest on this test part, for display."""
        return next(entry for entry in self.entries if entry.trivial)

    def renamed(self, names: Mapping[str, str]) -> Table:
        """The table with other names for some models, in its segments too."""
        return replace(
            self,
            entries=tuple(replace(e, name=names.get(e.name, e.name)) for e in self.entries),
            groups=tuple(tuple(names.get(name, name) for name in group) for group in self.groups),
            segments={segment: part.renamed(names) for segment, part in self.segments.items()},
            target_segments={
                segment: part.renamed(names) for segment, part in self.target_segments.items()
            },
        )

    def values(self, metric: str) -> dict[str, float]:
        """The values of one metric by name, best first as in the table."""
        return {entry.name: entry.metrics[metric].value for entry in self.entries}

    def frame(self) -> pl.DataFrame:
        """One row a model: name, trivial, verdict, metric values with intervals, costs."""
        rows = []
        for entry in self.entries:
            row: dict[str, Any] = {
                "model": entry.name,
                "trivial": entry.trivial,
                "verdict": entry.verdict,
            }
            for metric in self.metrics:
                value = entry.metrics.get(metric, MetricValue(math.nan))
                row |= {metric: value.value, f"{metric} low": value.low}
                row |= {f"{metric} high": value.high, f"{metric} gain": value.gain}
            row |= {"validation": entry.validation, **asdict(entry.cost)}
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """The table as plain values for JSON, numbers that are not finite among them."""
        whole = self.segment == "all"
        plain: dict[str, Any] = {
            "segment": self.segment,
            "metrics": list(self.metrics),
            "custom_metrics": {n: asdict(metric) for n, metric in self.custom_metrics.items()},
            "users": self.users,
            "rows": self.rows,
            "resampled": self.resampled,
            "notes": list(self.notes),
            "groups": [list(group) for group in self.groups],
            "no_verdict": self.no_verdict,
            "entries": [e.to_dict() if whole else e.segment_dict() for e in self.entries],
        }
        if whole:
            for name, parts in (
                ("segments", self.segments),
                ("target_segments", self.target_segments),
            ):
                plain[name] = {segment: part.to_dict() for segment, part in parts.items()}
        return plain
