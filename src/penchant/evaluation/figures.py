"""From answers to figures: values, intervals, gains over the trivial answers, verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.data.holdout import Holdout
from penchant.data.splits import Split
from penchant.data.target import Like, Rating, Target
from penchant.evaluation.measured import Measured
from penchant.evaluation.ranking import RankingValues
from penchant.evaluation.tie_groups import grouped
from penchant.metrics import (
    ListMetric,
    Metric,
    RowMetric,
    best_threshold,
    compare,
    confusion_matrix,
    holm,
    interval,
    mean_replicates,
    replicates,
    verdict,
)
from penchant.models.base import Task
from penchant.results.tables import Cost, Entry, MetricValue, Table
from penchant.typing import Bool, Float32, Float64


@dataclass(frozen=True, eq=False)
class Answers:
    """What one contender answered.

    Attributes:
        name: what tables call it.
        baseline_for: the tasks to which it is a trivial answer.
        tasks: the tasks it takes part in.
        cost: time and memory.
        values: ranking metrics' values on test.
        held: the first ranking metric's values on validation.
        predictions: float32[n_rows] on the test rows, on the scale of `target`.
        held_predictions: the same on the validation rows.
        target: the scale of the predictions.
    """

    name: str
    baseline_for: frozenset[Task]
    tasks: set[Task]
    cost: Cost
    values: RankingValues | None = None
    held: RankingValues | None = None
    predictions: Float32 | None = None
    held_predictions: Float32 | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        replicates: resamples of the users.
        level: share of the replicates inside an interval.
        seed: of the resamples.
    """

    replicates: int = 2000
    level: float = 0.95
    seed: int = 0


def judge_ranking(
    answers: Sequence[Answers],
    metrics: Sequence[Metric],
    test: Holdout,
    negatives: int,
    settings: Bootstrap,
) -> Table:
    """The table of the ranking task."""
    suffix = f" ({negatives} negatives)" if negatives else ""
    by_user = {(a.name, m): v for a in answers if a.values for m, v in a.values.per_user.items()}
    drawn = {}
    if by_user:
        values = np.stack([*by_user.values()], 1)
        resampled = mean_replicates(values, settings.replicates, settings.seed)
        drawn = dict(zip(by_user, resampled.T, strict=True))
    results: dict[str, dict[str, Measured]] = {}
    for answer in answers:
        assert answer.values is not None
        row = results[answer.name] = {}
        for metric in metrics:
            if metric.name in answer.values.per_user:
                value = float(np.nanmean(answer.values.per_user[metric.name]))
                row[metric.name] = Measured(value, drawn[answer.name, metric.name])
            elif metric.name in answer.values.overall:
                row[metric.name] = Measured(answer.values.overall[metric.name])
    known = [m for m in metrics if any(m.name in row for row in results.values())]
    trivial = {a.name for a in answers if "ranking" in a.baseline_for}
    figures = figures_of(results, known, trivial, settings.level)
    entries = [
        Entry(
            name=a.name,
            trivial=a.name in trivial,
            metrics={f"{m}{suffix}": f for m, f in figures[a.name].items()},
            validation=_mean(a.held, metrics[0].name),
            cost=a.cost,
        )
        for a in answers
    ]
    table = Table(
        task="ranking",
        metrics=tuple(f"{m.name}{suffix}" for m in known),
        entries=tuple(entries),
        users=test.n_users,
        rows=len(test),
    )
    return grouped(ordered(table, metrics[0]), results, metrics[0], settings.level)


def judge_rows(
    answers: Sequence[Answers],
    task: Task,
    metrics: Sequence[Metric],
    split: Split,
    threshold: float,
    settings: Bootstrap,
) -> Table:
    """The table of the rating or the like task."""
    test, validation = split.test, split.validation
    user = test.rows.history.astype(np.int64)
    truth = _truth(test, task, threshold)
    results: dict[str, dict[str, Measured]] = {}
    entries: list[Entry] = []
    for answer in answers:
        if task not in answer.tasks or answer.predictions is None or answer.target is None:
            continue
        predictions = _on_scale(answer.predictions, answer.target, task)
        if predictions is None:
            continue
        held, cut = math.nan, _fixed_cut(answer.target, threshold)
        probable = answer.target == Like(threshold)
        if validation is not None and answer.held_predictions is not None:
            held, cut = held_rows(
                metrics[0], answer.held_predictions, answer.target, validation, threshold
            )
        row = results[answer.name] = {}
        for metric in metrics:
            taken = _taken(metric, predictions, cut, probable)
            if taken is None or not isinstance(metric, RowMetric):
                row[metric.name] = Measured(math.nan)  # its predictions are not what that takes
                continue
            drawn = replicates(metric, taken, truth, user, settings.replicates, settings.seed)
            row[metric.name] = Measured(metric(taken, truth), drawn)
        entries.append(
            Entry(
                name=answer.name,
                trivial=task in answer.baseline_for,
                metrics={},
                validation=held,
                cost=answer.cost,
                decision=cut if task == "like" else None,
                confusion=_confusion(predictions >= cut, truth) if task == "like" else None,
            )
        )
    trivial = {entry.name for entry in entries if entry.trivial}
    figures = figures_of(results, metrics, trivial, settings.level)
    table = Table(
        task=task,
        metrics=tuple(m.name for m in metrics),
        entries=tuple(replace(e, metrics=figures[e.name]) for e in entries),
        users=test.n_users,
        rows=len(test),
        notes=_row_notes(task, threshold, truth, validation is not None),
    )
    return grouped(ordered(table, metrics[0]), results, metrics[0], settings.level)


def _confusion(decided: Bool, truth: Float64) -> tuple[int, int, int, int]:
    (right_no, wrong_yes), (wrong_no, right_yes) = confusion_matrix(decided, truth).astype(int)
    return int(right_no), int(wrong_yes), int(wrong_no), int(right_yes)


def _row_notes(task: Task, threshold: float, truth: Float64, validated: bool) -> tuple[str, ...]:
    if task != "like":
        return ()
    cut = (
        "Decisions (such as F1) use each model's own threshold, chosen for F1 on validation rows."
        if validated
        else "Decisions use fixed thresholds, because there are no validation rows."
    )
    return (f"A like is a rating of at least {threshold:g}: {truth.mean():.1%} of the rows.", cut)


def figures_of(
    results: dict[str, dict[str, Measured]],
    metrics: Sequence[Metric],
    trivial: set[str],
    level: float,
) -> dict[str, dict[str, MetricValue]]:
    """Intervals for all, and gains, corrected p-values and verdicts for what is not trivial."""
    figures: dict[str, dict[str, MetricValue]] = {name: {} for name in results}
    for metric in metrics:
        here = {name: row[metric.name] for name, row in results.items() if metric.name in row}
        bars = [m for n, m in here.items() if n in trivial and m.replicates is not None]
        judged = {}
        for name, found in here.items():
            figure = MetricValue(found.value)
            if found.replicates is not None:
                low, high = interval(found.replicates, level)
                figure = replace(figure, low=float(low), high=float(high))
                # How novel or varied lists are is a property, not a merit to be judged.
                if name not in trivial and bars and not isinstance(metric, ListMetric):
                    judged[name] = compare(
                        found.replicates,
                        found.value,
                        np.stack([b.replicates for b in bars if b.replicates is not None], 1),
                        np.array([b.value for b in bars]),
                        higher_is_better=metric.higher_is_better,
                        level=level,
                    )
            figures[name][metric.name] = figure
        corrected = holm([c.p_value for c in judged.values()])
        for (name, c), p in zip(judged.items(), corrected, strict=True):
            figures[name][metric.name] = replace(
                figures[name][metric.name],
                gain=c.gain,
                gain_low=c.low,
                gain_high=c.high,
                p_value=float(p),
                verdict=verdict(c.gain, c.low, c.high, float(p), alpha=1 - level),
            )
    return figures


def ordered(table: Table, metric: Metric) -> Table:
    """The table with the best by its first metric on top, and a note where that needs one."""
    sign = -1 if metric.higher_is_better else 1

    def place(entry: Entry) -> float:
        value = entry.metrics[table.primary].value
        return math.inf if math.isnan(value) else sign * value

    entries = tuple(sorted(table.entries, key=place))
    close = [e.name for e in entries if _corrected_away(e.metrics[table.primary])]
    if close:
        note = (
            f"Verdicts are corrected for the number of models compared, intervals are not: "
            f"{', '.join(close)} might be better or worse than trivial, but one of so many "
            "models may look so by chance."
        )
        table = replace(table, notes=(*table.notes, note))
    return replace(table, entries=entries)


def _corrected_away(figure: MetricValue) -> bool:
    """Whether the interval alone would have decided, and the corrected p-value does not."""
    return figure.verdict == "no better" and (figure.gain_low > 0 or figure.gain_high < 0)


def _truth(holdout: Holdout, task: Task, threshold: float) -> Float64:
    assert holdout.ratings is not None
    target = Like(threshold) if task == "like" else Rating()
    return target.of_ratings(holdout.ratings).astype(np.float64)


def _on_scale(predictions: Float32, target: Target, task: Task) -> Float32 | None:
    """Ratings for the rating task; for likes any score that rises with the chance of one."""
    return predictions if task == "like" else target.to_rating(predictions)


def _fixed_cut(target: Target, threshold: float) -> float:
    return 0.5 if isinstance(target, Like) else float(target.of_ratings([threshold])[0])


def _taken(metric: Metric, predictions: Float32, cut: float, probable: bool) -> Float64 | None:
    """What the metric takes: decisions, probabilities (None where there are none) or scores."""
    takes = getattr(metric, "takes", "score")
    if takes == "decision":
        return (predictions >= cut).astype(np.float64)
    if takes == "probability" and not probable:
        return None
    return predictions.astype(np.float64)


def held_rows(
    metric: Metric, predictions: Float32, target: Target, held: Holdout, threshold: float
) -> tuple[float, float]:
    """What predictions of validation rows are worth, and the threshold for likes they suggest.

    Args:
        metric: of the rating or the like task.
        predictions: float32[n_rows], on the scale of `target`.
        target: the scale.
        held: the validation events.
        threshold: the rating from which an event is a like.

    Returns:
        The metric's value, NaN where it cannot be had of such predictions, with likes decided at
        the returned threshold, the best for F1 on these rows.
    """
    scaled, cut = _on_scale(predictions, target, metric.task), _fixed_cut(target, threshold)
    if scaled is None:
        return math.nan, cut
    truth = _truth(held, metric.task, threshold)
    if metric.task == "like":
        cut = best_threshold(scaled, truth)
    taken = _taken(metric, scaled, cut, target == Like(threshold))
    if taken is None or not isinstance(metric, RowMetric):
        return math.nan, cut
    return metric(taken, truth), cut


def _mean(values: RankingValues | None, metric: str) -> float:
    if values is None:
        return math.nan
    if metric in values.overall:
        return values.overall[metric]
    return float(np.nanmean(values.per_user[metric]))
