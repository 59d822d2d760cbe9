"""The rating and the like task: judge one prediction for each held-out row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from penchant.data.holdout import Holdout
from penchant.data.splits import Split
from penchant.data.target import Like, Rating, Target, threshold_words
from penchant.evaluation.cost import measured
from penchant.evaluation.judged_rows import JudgedRows, MetricInputs
from penchant.evaluation.scale import outside_scale, outside_scale_note
from penchant.evaluation.segments import user_segments
from penchant.metrics import Bootstrap, Metric, RowMetric, best_threshold
from penchant.models.base import Recommender, Task
from penchant.models.protocols import RatesRows
from penchant.results.tables import Cost, Entry, Table
from penchant.results.verdicts import Measurements
from penchant.typing import Float32, Float64


@dataclass(frozen=True, eq=False)
class RowPredictions:
    """The predictions of one model.

    Attributes:
        name: what tables call it.
        baseline_for: the tasks to which it is a trivial answer.
        tasks: the tasks it takes part in.
        cost: time and memory.
        target: the scale of the predictions.
        test: float32[n_rows] on the test rows.
        validation: the same on the validation rows, if there are any.
    """

    name: str
    baseline_for: frozenset[Task]
    tasks: set[Task]
    cost: Cost
    target: Target
    test: Float32
    validation: Float32 | None


def predict_rows(
    name: str,
    model: RatesRows,
    cost: Cost,
    test: Holdout,
    validation: Holdout | None,
    tasks: set[Task],
    *,
    before: RatesRows,
) -> RowPredictions:
    """Predict the test rows with a fitted model, and the validation rows.

    The latter with `before`, the model as it was before it learned from validation events.
    """
    assert isinstance(model, Recommender)
    with measured() as scoring:
        predictions = model.predict(test.rows)
    return RowPredictions(
        name=name,
        baseline_for=model.baseline_for,
        tasks=tasks,
        cost=replace(cost, score_seconds=scoring.seconds, answers=len(test)),
        target=model.target,
        test=predictions,
        validation=None if validation is None else before.predict(validation.rows),
    )


def row_table(
    models: Sequence[RowPredictions],
    task: Task,
    metrics: Sequence[Metric],
    split: Split,
    threshold: float,
    bootstrap: Bootstrap,
) -> tuple[Table, Measurements, JudgedRows]:
    """Compare predictions in one table, with the users with and without history apart.

    Beside it are what its figures are of, and the rows that were judged.

    Args:
        models: those of other tasks, or on a scale that says nothing of this one, are left out.
        task: `rating` or `like`.
        metrics: of that task.
        split: has ratings.
        threshold: the rating from which an event is a like.
        bootstrap: settings of the intervals.
    """
    test, validation = split.test, split.validation
    truth = _truth(test, task, threshold)
    inputs: dict[str, MetricInputs] = {}
    entries: list[Entry] = []
    for model in models:
        predictions = _on_scale(model.test, model.target, task)
        if task not in model.tasks or predictions is None:
            continue
        score, cut = math.nan, _fixed_cut(model.target, threshold)
        if validation is not None and model.validation is not None:
            score, cut = score_and_cut(
                metrics[0], model.validation, model.target, validation, threshold
            )
        is_chance = model.target == Like(threshold)
        inputs[model.name] = MetricInputs(
            {m.name: _input_of(m, predictions, cut, is_chance=is_chance) for m in metrics},
            predictions >= cut if task == "like" else None,
        )
        entry = Entry(
            name=model.name,
            trivial=task in model.baseline_for,
            validation=score,
            cost=model.cost,
            decision=cut if task == "like" else None,
        )
        entries.append(entry)
    rows = JudgedRows(test.rows.history.astype(np.int64), truth, inputs)
    table = Table(
        task=task,
        metrics=tuple(m.name for m in metrics),
        entries=tuple(Entry(e.name, e.trivial) for e in entries),
        users=test.n_users,
        rows=len(test),
    )
    segments = {
        segment: rows.subset(users[test.rows.history]).fill(
            replace(table, segment=segment),
            metrics,
            bootstrap,
            resampled=segment != "without-history",
        )[0]
        for segment, users in user_segments(test).items()
    }
    notes = _notes(task, threshold, truth, validated=validation is not None)
    if task == "rating" and (scale := split.log.rating_range) is not None:
        outside = {
            name: outside_scale(values, truth, metrics, scale)
            for name, own in inputs.items()
            if (values := own.values[metrics[0].name]) is not None
        }
        entries = [
            replace(e, outside_scale=outside[e.name].share, clipped=outside[e.name].clipped)
            for e in entries
        ]
        notes += outside_scale_note(outside, metrics[0].name, scale)
    table = replace(table, entries=tuple(entries), notes=notes, segments=segments)
    return *rows.fill(table, metrics, bootstrap, resampled=True), rows


def score_and_cut(
    metric: Metric, predictions: Float32, target: Target, holdout: Holdout, threshold: float
) -> tuple[float, float]:
    """Score predictions of validation rows, and choose the threshold for likes on them.

    Args:
        metric: of the rating or the like task.
        predictions: float32[n_rows], on the scale of `target`.
        target: the scale.
        holdout: the validation events.
        threshold: the rating from which an event is a like.

    Returns:
        The metric's value, NaN where it cannot be had of such predictions, with likes decided at
        the returned threshold, the best for F1 on these rows.
    """
    scaled, cut = _on_scale(predictions, target, metric.task), _fixed_cut(target, threshold)
    if scaled is None:
        return math.nan, cut
    truth = _truth(holdout, metric.task, threshold)
    if metric.task == "like":
        cut = best_threshold(scaled, truth)
    values = _input_of(metric, scaled, cut, is_chance=target == Like(threshold))
    if values is None or not isinstance(metric, RowMetric):
        return math.nan, cut
    return metric(values, truth), cut


def _notes(task: Task, threshold: float, truth: Float64, *, validated: bool) -> tuple[str, ...]:
    if task != "like":
        return ()
    cut = (
        "Decisions (such as F1) use each model's own threshold, chosen for F1 on validation rows."
        if validated
        else "Decisions use fixed thresholds, because there are no validation rows."
    )
    return (
        f"A like is a rating {threshold_words(threshold)}: {truth.mean():.1%} of the rows.",
        cut,
    )


def _truth(holdout: Holdout, task: Task, threshold: float) -> Float64:
    assert holdout.ratings is not None
    target = Like(threshold) if task == "like" else Rating()
    return target.of_ratings(holdout.ratings).astype(np.float64)


def _on_scale(predictions: Float32, target: Target, task: Task) -> Float32 | None:
    """Ratings for the rating task; for likes any score that rises with the chance of one."""
    return predictions if task == "like" else target.to_rating(predictions)


def _fixed_cut(target: Target, threshold: float) -> float:
    return 0.5 if isinstance(target, Like) else float(target.of_ratings([threshold])[0])


def _input_of(
    metric: Metric, predictions: Float32, cut: float, *, is_chance: bool
) -> Float64 | None:
    """What the metric takes: decisions, probabilities (None where there are none) or scores."""
    takes = metric.takes if isinstance(metric, RowMetric) else "score"
    if takes == "decision":
        return (predictions >= cut).astype(np.float64)
    if takes == "probability" and not is_chance:
        return None
    return predictions.astype(np.float64)
