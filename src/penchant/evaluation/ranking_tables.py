"""Tables of what several models ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from penchant.data.holdout import Holdout
from penchant.evaluation.order_notes import order_notes
from penchant.evaluation.ranking import Rankings, RankingValues
from penchant.evaluation.repeats import target_segments
from penchant.evaluation.segments import popularity_notes, prefix_notes, user_segments
from penchant.metrics import Bootstrap, Catalogue, Metric, RankingMetric, mean_replicates
from penchant.results.tables import Entry, Segment, Table, TargetSegment
from penchant.results.verdicts import Measurement, Measurements, with_verdicts
from penchant.typing import Bool, Float64, Int64


def ranking_table(
    models: Sequence[Rankings],
    metrics: Sequence[Metric],
    test: Holdout,
    negatives: int,
    catalogue: Catalogue,
    bootstrap: Bootstrap,
    *,
    among: str = "",
) -> tuple[Table, Measurements]:
    """Compare rankings in one table, with the users with and without history apart.

    The measurements are by the names that the table gives to metrics.

    Args:
        models: one model at least.
        metrics: of the ranking task; those without values (of whole lists, where candidates were
            ranked) are left out.
        test: what was ranked for.
        negatives: how many each test item was ranked with; 0 where with all items.
        catalogue: the training items, for metrics of whole lists.
        bootstrap: settings of the intervals.
        among: what lists are made of, where not of all items.
    """
    groups = test.prefix_groups
    measured_metrics = models[0].test.per_user.keys() | models[0].test.overall.keys()
    known = [metric for metric in metrics if metric.name in measured_metrics]
    suffix = list_note(negatives, among)
    table = Table(
        task="ranking",
        metrics=tuple(f"{metric.name}{suffix}" for metric in known),
        entries=tuple(Entry(m.name, m.trivial) for m in models),
        users=test.n_users,
        rows=len(test),
        resampled=None if groups is None else len(np.unique(groups)),
    )
    segments: dict[Segment, Table] = {}
    for segment, users in user_segments(test).items():
        part = replace(
            table,
            segment=segment,
            users=int(users.sum()),
            rows=int(np.diff(test.offsets)[users].sum()),
            resampled=None if groups is None else len(np.unique(groups[users])),
        )
        values = {m.name: m.test.of_users(users, known, catalogue) for m in models}
        draws = None if segment == "without-history" else bootstrap
        own = None if groups is None else groups[users]
        segments[segment], _ = _filled(part, values, known, draws, bootstrap.level, own)
    target_tables = {
        segment: _part_of_targets(table, models, segment, keep, known, test, bootstrap)
        for segment, keep in target_segments(test).items()
    }
    entries = [
        replace(
            entry,
            validation=math.nan if m.validation is None else m.validation.mean(known[0].name),
            cost=m.cost,
            order_loss=m.order_loss,
        )
        for entry, m in zip(table.entries, models, strict=True)
    ]
    table = replace(
        table,
        entries=tuple(entries),
        notes=(
            *prefix_notes(test),
            *popularity_notes({m.name: m.has_evidence for m in models}, test),
            *order_notes({m.name: m.order_loss for m in models if m.order_loss is not None}),
        ),
        segments=segments,
        target_segments=target_tables,
    )
    every = {m.name: m.test for m in models}
    filled, measured = _filled(table, every, known, bootstrap, bootstrap.level, groups)
    return filled, {
        name: {f"{metric}{suffix}": value for metric, value in own.items()}
        for name, own in measured.items()
    }


def list_note(negatives: int, among: str) -> str:
    """What stands in brackets behind a metric's name; see `ranking_table`."""
    return f" ({negatives} negatives)" if negatives else f" ({among})" if among else ""


def _part_of_targets(
    table: Table,
    models: Sequence[Rankings],
    segment: TargetSegment,
    keep: Bool,
    metrics: Sequence[Metric],
    test: Holdout,
    bootstrap: Bootstrap,
) -> Table:
    """The table of the test events `keep` alone, bool[n_rows]."""
    judging = [metric for metric in metrics if isinstance(metric, RankingMetric)]
    titles = dict(zip((metric.name for metric in metrics), table.metrics, strict=True))
    validated = {
        m.name: math.nan
        if m.validation is None or segment not in m.validation.parts
        else m.validation.parts[segment].mean(judging[0].name)
        for m in models
    }
    users, groups = np.unique(test.rows.history[keep]), test.prefix_groups
    own = None if groups is None else groups[users]
    part = replace(
        table,
        metrics=tuple(titles[metric.name] for metric in judging),
        entries=tuple(replace(e, validation=validated[e.name]) for e in table.entries),
        users=len(users),
        rows=int(keep.sum()),
        resampled=None if own is None else len(np.unique(own)),
    )
    values = {m.name: m.test.parts[segment] for m in models}
    return _filled(part, values, judging, bootstrap, bootstrap.level, own)[0]


def _filled(
    table: Table,
    values: Mapping[str, RankingValues],
    metrics: Sequence[Metric],
    bootstrap: Bootstrap | None,
    level: float,
    groups: Int64 | None,
) -> tuple[Table, Measurements]:
    """The table with figures, and what these are of.

    Without a bootstrap there are neither intervals nor verdicts.

    `groups`, int64[n_users], are users who are drawn together.
    """
    columns = {(name, m): v for name, own in values.items() for m, v in own.per_user.items()}
    replicates: dict[tuple[str, str], Float64] = {}
    if columns and bootstrap is not None:
        resampled = mean_replicates(
            np.stack([*columns.values()], 1), bootstrap.replicates, bootstrap.seed, groups=groups
        )
        replicates = dict(zip(columns, resampled.T, strict=True))
    measurements = {
        name: {
            metric.name: Measurement(own.mean(metric.name), replicates.get((name, metric.name)))
            for metric in metrics
        }
        for name, own in values.items()
    }
    return with_verdicts(table, metrics, measurements, level), measurements
