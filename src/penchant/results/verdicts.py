"""Add intervals, gains over the trivial answers, verdicts and tie groups to a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.metrics import (
    ListMetric,
    Metric,
    compare,
    fewest_replicates,
    fewest_users,
    holm,
    interval,
    tie_groups,
    verdict,
)
from penchant.results.formatting import quoted
from penchant.results.tables import CustomMetric, Entry, MetricValue, Table
from penchant.typing import Float64
from penchant.wording import counted


@dataclass(frozen=True, eq=False)
class Measurement:
    """One metric of one model.

    Attributes:
        value: the metric on all users or rows.
        replicates: float64[n_replicates], the metric on resamples of the users, the same ones for
            all models; None where it cannot be resampled.
    """

    value: float
    replicates: Float64 | None = None


Measurements = Mapping[str, Mapping[str, Measurement]]
"""Measurements by the model's name and the metric's."""


def with_verdicts(
    table: Table, metrics: Sequence[Metric], measurements: Measurements, level: float
) -> Table:
    """Fill a table with its metric values, best model first, with notes on ties.

    Args:
        table: its entries have no values yet; its `metrics` name `metrics`, in the same order;
            its `n_independent` users, or groups of them, are those that were resampled.
        metrics: the first one decides the order, and which models are tied.
        measurements: of each entry.
        level: of the intervals.
    """
    trivial = {entry.name for entry in table.entries if entry.trivial}
    values = metric_values(measurements, metrics, trivial, n_users=table.n_independent, level=level)
    titles = dict(zip((metric.name for metric in metrics), table.metrics, strict=True))
    entries = [
        replace(entry, metrics={titles[m]: v for m, v in values[entry.name].items()})
        for entry in table.entries
    ]
    custom = {titles[m.name]: own for m in metrics if (own := CustomMetric.of(m)) is not None}
    table = replace(table, custom_metrics=custom)
    column = _column(measurements, metrics[0])
    filled = replace(
        _ordered(table, entries, metrics[0]),
        no_verdict=_why_no_verdict(metrics[0], table.n_independent, column, trivial, level),
    )
    for metric in metrics[1:]:
        undefined = _undefined_bar(metric, _column(measurements, metric), trivial)
        if undefined:
            filled = replace(filled, notes=(*filled.notes, undefined))
    if filled.no_verdict:
        return replace(filled, notes=(*filled.notes, filled.no_verdict))
    return _with_tie_groups(filled, column, metrics[0], level)


def metric_values(
    measurements: Measurements,
    metrics: Iterable[Metric],
    trivial: set[str],
    *,
    n_users: int,
    level: float,
) -> dict[str, dict[str, MetricValue]]:
    """Intervals for all, and gains, corrected p-values and verdicts for what is not trivial.

    There are no intervals where there are too few replicates for them, and no verdicts where
    either these or the users are too few, or the metric is undefined for every trivial answer.
    """
    values: dict[str, dict[str, MetricValue]] = {name: {} for name in measurements}
    for metric in metrics:
        column = _column(measurements, metric)
        baselines = [
            (m.value, m.replicates)
            for name, m in column.items()
            if name in trivial and m.replicates is not None
        ]
        comparisons = {}
        for name, measurement in column.items():
            value = MetricValue(measurement.value)
            if measurement.replicates is not None:
                if len(measurement.replicates) >= fewest_replicates(level):
                    low, high = interval(measurement.replicates, level)
                    value = replace(value, low=float(low), high=float(high))
                # How novel or varied lists are is a property, not a merit to be judged.
                if name not in trivial and baselines and not isinstance(metric, ListMetric):
                    comparisons[name] = compare(
                        measurement.replicates,
                        measurement.value,
                        np.stack([replicates for _, replicates in baselines], 1),
                        np.array([value for value, _ in baselines]),
                        n_users=n_users,
                        higher_is_better=metric.higher_is_better,
                        level=level,
                    )
            values[name][metric.name] = value
        judged = _why_no_verdict(metric, n_users, column, trivial, level) is None
        corrected = holm([c.p_value for c in comparisons.values()])
        for (name, c), p in zip(comparisons.items(), corrected, strict=True):
            value = replace(values[name][metric.name], gain=c.gain)
            if math.isfinite(value.low):
                value = replace(value, gain_low=c.low, gain_high=c.high)
            if judged:
                decided = verdict(c.gain, c.low, c.high, float(p), alpha=1 - level)
                value = replace(value, p_value=float(p), verdict=decided)
            values[name][metric.name] = value
    return values


def _why_no_verdict(
    metric: Metric,
    n_users: int,
    column: Mapping[str, Measurement],
    trivial: set[str],
    level: float,
) -> str | None:
    """Why no model can be judged by a metric, a sentence; None where models can be."""
    resampled = {n: m.replicates for n, m in column.items() if m.replicates is not None}
    if not resampled:
        return None
    n_replicates, needed = min(map(len, resampled.values())), fewest_replicates(level)
    if n_replicates < needed:
        draws = counted(n_replicates, "resample")
        return (
            f"No verdict and no intervals: {draws} of the users cannot give any; ask for at least "
            f"{needed} (--replicates {needed}), better 1,000."
        )
    n_models = len([name for name in resampled if name not in trivial])
    if not n_models or n_models == len(resampled) or isinstance(metric, ListMetric):
        return None  # nothing is compared
    needed = fewest_users(n_models, level)
    if n_users < needed:
        users = counted(n_users, "test user")
        models = "one model" if n_models == 1 else f"{n_models} models"
        return f"No verdict: {users} cannot show a difference for {models}, at least {needed} can."
    return _undefined_bar(metric, column, trivial)


def _undefined_bar(
    metric: Metric, column: Mapping[str, Measurement], trivial: set[str]
) -> str | None:
    """A sentence where no trivial answer has the metric, None where one has it or none is there."""
    bars = [m.value for name, m in column.items() if name in trivial and m.replicates is not None]
    models = [n for n, m in column.items() if n not in trivial and m.replicates is not None]
    if isinstance(metric, ListMetric) or not bars or not models or not np.isnan(bars).all():
        return None
    return (
        f"No verdict by {metric.name}: it is undefined for every trivial answer, as a correlation "
        "with a constant is."
    )


def _column(measurements: Measurements, metric: Metric) -> dict[str, Measurement]:
    """The measurements of one metric by the model's name."""
    return {name: row[metric.name] for name, row in measurements.items() if metric.name in row}


def _ordered(table: Table, entries: Sequence[Entry], metric: Metric) -> Table:
    """The table with the best entry on top, and a note where the correction decided a verdict."""
    sign = -1 if metric.higher_is_better else 1

    def rank(entry: Entry) -> float:
        value = entry.metrics[table.primary].value
        return math.inf if math.isnan(value) else sign * value

    entries = tuple(sorted(entries, key=rank))
    undecided = [e.name for e in entries if _corrected_away(e.metrics[table.primary])]
    notes = table.notes
    if undecided:
        notes += (
            "A verdict needs a significant p-value, corrected for the number of models compared, "
            f"beside the interval: {', '.join(undecided)} might be better or worse than trivial, "
            "but may look so by chance.",
        )
    return replace(table, entries=entries, notes=notes)


def _corrected_away(value: MetricValue) -> bool:
    """Whether the interval alone would have decided, and the corrected p-value does not."""
    return value.verdict == "no better" and (value.gain_low > 0 or value.gain_high < 0)


def _with_tie_groups(
    table: Table, column: Mapping[str, Measurement], metric: Metric, level: float
) -> Table:
    """The table with its tie groups by a metric, and a note that names them."""
    replicates = {
        name: m.replicates
        for name, m in column.items()
        if m.replicates is not None and math.isfinite(m.value)
    }
    if len(replicates) < 2:
        return table
    groups = tie_groups(
        replicates,
        {name: column[name].value for name in replicates},
        n_users=table.n_independent,
        higher_is_better=metric.higher_is_better,
        level=level,
    )
    notes, tied = table.notes, [", ".join(quoted(group)) for group in groups if len(group) > 1]
    if tied:
        notes += (f"Cannot be told apart by {table.primary}: {'; '.join(tied)}.",)
    return replace(table, groups=groups, notes=notes)
