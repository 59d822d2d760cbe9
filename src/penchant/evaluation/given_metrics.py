"""The metrics of a comparison: as they were asked for, by task, and checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penchant.data.splits import Split
from penchant.errors import ParameterError
from penchant.metrics import (
    Catalogue,
    ListMetric,
    Metric,
    RankingMetric,
    Revenue,
    RevenueShare,
    as_metric,
)
from penchant.models.base import Task

TASKS: tuple[Task, ...] = ("ranking", "rating", "like")
DEFAULTS: dict[Task, tuple[str, ...]] = {
    "ranking": ("ndcg@10", "recall@20", "hr@10", "coverage@10", "popularity-bias@10"),
    "rating": ("rmse", "mae"),
    "like": ("auc", "average-precision", "f1"),
}
DEFAULTS_OF_REPEATS = (
    *("ndcg@10", "recall@10", "hr@10", "ndcg@20", "recall@20", "hr@20"),
    *("coverage@10", "popularity-bias@10"),
)
"""Metrics of lists that may hold what users had before."""


def as_metrics(metrics: Sequence[str | Metric]) -> list[Metric]:
    """Names and metrics as metrics.

    Raises:
        ParameterError: something is no metric, or two that differ have one name.
    """
    if isinstance(metrics, str | Metric | type):
        raise ParameterError("Metrics are given as a list, such as ['ndcg@10'].")
    found: dict[str, Metric] = {}
    parsed = [as_metric(metric) for metric in metrics]
    for metric in parsed:
        if found.setdefault(metric.name, metric) != metric:
            raise ParameterError(
                f"Two different metrics are called {metric.name!r}: give one of them another "
                "label or name."
            )
    return parsed


def metrics_by_task(
    metrics: Sequence[str | Metric] | None, split: Split
) -> dict[Task, list[Metric]]:
    """The metrics of a comparison on a split; by default those of every task the log allows.

    Raises:
        ParameterError: there is none, or one needs what the log does not have.
    """
    has_ratings, has_prices = split.log.has_ratings, split.test.spend is not None
    if metrics is None:
        of_repeats = split.repeats != "excluded"
        defaults = DEFAULTS | ({"ranking": DEFAULTS_OF_REPEATS} if of_repeats else {})
        names = [m for t in TASKS for m in defaults[t] if has_ratings or t == "ranking"]
        if has_prices and split.candidates is None:
            names.insert(1, "revenue@10")
        metrics = names
    by_task: dict[Task, list[Metric]] = {}
    for metric in as_metrics(metrics):
        if metric.task != "ranking" and not has_ratings:
            raise ParameterError(
                f"The metric {metric.name} judges ratings, and the log has none: use ranking "
                "metrics such as ndcg@10."
            )
        if isinstance(metric, Revenue | RevenueShare) and not has_prices:
            raise ParameterError(
                f"The metric {metric.name} needs the prices of events, and the log has none: name "
                "their column with price= (--price)."
            )
        by_task.setdefault(metric.task, []).append(metric)
    if not by_task:
        raise ParameterError("A comparison needs at least one metric, such as ndcg@10.")
    if split.candidates is not None and "ranking" in by_task:
        by_task["ranking"] = _candidate_metrics(by_task["ranking"])
    return by_task


def check_vectors(metrics: Iterable[Metric], catalogue: Catalogue) -> None:
    """Refuse metrics that compare items where nothing is known of these.

    Raises:
        ParameterError: there is one.
    """
    for metric in metrics:
        if isinstance(metric, ListMetric) and metric.needs_vectors and catalogue.vectors is None:
            raise ParameterError(
                f"The metric {metric.name} compares items by their genres, and the log has none: "
                "give a table of items with a column genres (--items, item_table=)."
            )


def _candidate_metrics(metrics: list[Metric]) -> list[Metric]:
    """The metrics that ranks among given candidates are enough for."""
    usable: list[Metric] = [metric for metric in metrics if isinstance(metric, RankingMetric)]
    if not usable:
        raise ParameterError(
            f"{', '.join(m.name for m in metrics)} describe whole lists, and the split ranks only "
            "given candidates: ask for a metric such as ndcg@10, too."
        )
    return usable
