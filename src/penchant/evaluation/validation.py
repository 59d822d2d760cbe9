"""Score a fitted model on validation events by one metric, as tuning does."""

from __future__ import annotations

import math

import numpy as np

from penchant.data.holdout import Holdout
from penchant.data.target import Like, Target
from penchant.errors import ParameterError, PenchantError
from penchant.evaluation.ranking import rank
from penchant.evaluation.repeats import judging_events
from penchant.evaluation.rows import score_and_cut
from penchant.metrics import Catalogue, Metric, RankingMetric, RowMetric
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.run import Run


def validation_score(
    model: Recommender, holdout: Holdout, metric: Metric, *, threshold: float | None, run: Run
) -> float:
    """The metric's value on held-out events, a finite number.

    Decisions, as for F1, use the threshold that is best on these very events, as `evaluate` does
    on validation events.

    Args:
        model: a fitted model.
        holdout: the held-out events.
        metric: of lists or of rows.
        threshold: the rating from which an event is a like; None where there are no ratings.
        run: threads and progress.

    Raises:
        ParameterError: the metric does not suit the model, see `check_metric`, or its
            predictions are not finite.
        PenchantError: its scores are NaN, or the metric is undefined for these events.
    """
    check_metric(model, holdout, metric, threshold=threshold)
    if isinstance(metric, RankingMetric):
        unused = Catalogue(0, np.zeros(len(model.items_), np.int64))  # for list metrics only
        judging = judging_events(holdout)
        values = rank(model, judging, [metric], unused, run).per_user[metric.name]
        value = float(np.nanmean(values)) if not np.isnan(values).all() else math.nan
    else:
        assert isinstance(model, RatesRows)
        assert threshold is not None
        predictions = model.predict(holdout.rows)
        value, _ = score_and_cut(metric, predictions, model.target, holdout, threshold)
    if not math.isfinite(value):
        raise PenchantError(
            f"{metric.name} is undefined for these held-out events: there are too few, or all are "
            "alike."
        )
    return value


def check_metric(
    model: Recommender, holdout: Holdout, metric: Metric, *, threshold: float | None
) -> None:
    """Refuse a metric that does not suit a model, which need not be fitted.

    Raises:
        ParameterError: the metric only describes lists, or needs ratings, predictions or
            probabilities that are not there.
    """
    if isinstance(metric, RankingMetric):
        return
    if not isinstance(metric, RowMetric):
        raise ParameterError(
            f"{metric.name} describes lists and does not judge them: take a metric such as ndcg@10."
        )
    if holdout.ratings is None or threshold is None:
        raise ParameterError(
            f"The metric {metric.name} judges ratings, and the log has none: use a ranking metric "
            "such as ndcg@10."
        )
    name = type(model).__name__
    if not hasattr(type(model), "predict"):
        raise ParameterError(
            f"{metric.name} needs predicted ratings or likes, and {name} only ranks: use a "
            "ranking metric such as ndcg@10."
        )
    target: Target | None = getattr(model, "target", None)  # a few know it only when fitted
    if target is None:
        return
    if metric.takes == "probability" and target != Like(threshold):
        raise ParameterError(
            f"{metric.name} needs the chance that a rating is at least {threshold:g}, and {name} "
            f"predicts {target}: use auc, or target={Like(threshold)}."
        )
    if metric.task == "rating" and target.to_rating([threshold]) is None:
        raise ParameterError(
            f"{metric.name} needs predicted ratings, and {name} predicts {target}: use auc, or "
            "target=rating."
        )
