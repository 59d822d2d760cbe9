"""Metrics of lists, ratings and likes, with bootstrap intervals and significance tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from penchant.errors import ParameterError
from penchant.metrics.base import Metric, RowMetric, SumMetric, Takes
from penchant.metrics.beyond_accuracy import (
    Catalogue,
    Coverage,
    DistinctLists,
    Gini,
    IntraListDiversity,
    ListMetric,
    Novelty,
    PopularityBias,
)
from penchant.metrics.bootstrap import (
    Bootstrap,
    bootstrap_weights,
    interval,
    mean_replicates,
    replicates,
)
from penchant.metrics.calibration import (
    Brier,
    CalibrationCurve,
    ExpectedCalibrationError,
    LogLoss,
    calibration_curve,
)
from penchant.metrics.classification import (
    LikeAccuracy,
    LikeF1,
    LikePrecision,
    LikeRecall,
    best_threshold,
    confusion_matrix,
)
from penchant.metrics.curves import AUC, AveragePrecision, PrecisionAtRecall
from penchant.metrics.ranking import (
    MAP,
    MRR,
    NDCG,
    HitRate,
    Precision,
    Ranked,
    RankingMetric,
    Recall,
    Revenue,
    RevenueShare,
)
from penchant.metrics.rating import MAE, RMSE, Pearson
from penchant.metrics.significance import (
    PairedComparison,
    Verdict,
    compare,
    fewest_replicates,
    fewest_users,
    holm,
    tie_groups,
    verdict,
)
from penchant.wording import nearest_hint

_LIST_METRICS: dict[str, Callable[[int], Metric]] = {
    "hr": HitRate,
    "recall": Recall,
    "recall-capped": partial(Recall, capped=True),
    "precision": Precision,
    "ndcg": NDCG,
    "mrr": MRR,
    "map": MAP,
    "revenue": Revenue,
    "revenue-share": RevenueShare,
    "coverage": Coverage,
    "gini": Gini,
    "distinct-lists": DistinctLists,
    "novelty": Novelty,
    "popularity-bias": PopularityBias,
    "intra-list-diversity": IntraListDiversity,
}
_ROW_METRICS: dict[str, Callable[[], Metric]] = {
    "rmse": RMSE,
    "mae": MAE,
    "pearson": Pearson,
    "auc": AUC,
    "average-precision": AveragePrecision,
    "f1": LikeF1,
    "like-accuracy": LikeAccuracy,
    "like-precision": LikePrecision,
    "like-recall": LikeRecall,
    "log-loss": LogLoss,
    "brier": Brier,
    "ece": ExpectedCalibrationError,
}
_RECALL_METRICS: dict[str, Callable[[int], Metric]] = {"precision-at-recall": PrecisionAtRecall}
_WITH_K = _LIST_METRICS | _RECALL_METRICS
_SAID_BY_CLASSES: tuple[tuple[type[Metric], str, str], ...] = (
    (Metric, "label", "'my-metric'"),
    (Metric, "task", "'rating'"),
    (RowMetric, "takes", "'rating'"),
    (ListMetric, "per_user", "True"),
)
NAMES: tuple[str, ...] = (*(f"{label}@k" for label in _WITH_K), *_ROW_METRICS)
"""What `parse` understands, with k for a list length, or a share in per cent."""


def as_metric(metric: str | Metric) -> Metric:
    """The metric itself, or the one of that name; metrics of your own are checked here.

    Raises:
        ParameterError: no metric has that name, it is no metric, or its class does not say what
            every metric has.
    """
    if isinstance(metric, str):
        return parse(metric)
    if isinstance(metric, type):
        name = metric.__name__
        raise ParameterError(f"{name} is a class: give a metric that is made of it, as {name}(…).")
    if not isinstance(metric, Metric):
        raise ParameterError(
            f"{metric!r} is no metric: give a name such as 'ndcg@10', or one of penchant.metrics."
        )
    for kind, attribute, example in _SAID_BY_CLASSES:
        if isinstance(metric, kind) and not hasattr(metric, attribute):
            raise ParameterError(
                f"The metric {type(metric).__name__} has no {attribute}: give its class one, as in "
                f"{attribute} = {example}."
            )
    return metric


def parse(name: str) -> Metric:
    """The metric of that name, such as "ndcg@10" or "rmse".

    Raises:
        ParameterError: no metric has that name, with the names there are.
    """
    label, at, k = name.partition("@")
    if not at and label in _ROW_METRICS:
        return _ROW_METRICS[label]()
    if label in _WITH_K and k.isascii() and k.isdigit():
        return _WITH_K[label](int(k))
    hint = nearest_hint(f"{label}@k" if at else label, NAMES)
    raise ParameterError(f"There is no metric {name!r}{hint}; known are {', '.join(NAMES)}.")


__all__ = [
    "AUC",
    "MAE",
    "MAP",
    "MRR",
    "NAMES",
    "NDCG",
    "RMSE",
    "AveragePrecision",
    "Bootstrap",
    "Brier",
    "CalibrationCurve",
    "Catalogue",
    "Coverage",
    "DistinctLists",
    "ExpectedCalibrationError",
    "Gini",
    "HitRate",
    "IntraListDiversity",
    "LikeAccuracy",
    "LikeF1",
    "LikePrecision",
    "LikeRecall",
    "ListMetric",
    "LogLoss",
    "Metric",
    "Novelty",
    "PairedComparison",
    "Pearson",
    "PopularityBias",
    "Precision",
    "PrecisionAtRecall",
    "Ranked",
    "RankingMetric",
    "Recall",
    "Revenue",
    "RevenueShare",
    "RowMetric",
    "SumMetric",
    "Takes",
    "Verdict",
    "as_metric",
    "best_threshold",
    "bootstrap_weights",
    "calibration_curve",
    "compare",
    "confusion_matrix",
    "fewest_replicates",
    "fewest_users",
    "holm",
    "interval",
    "mean_replicates",
    "parse",
    "replicates",
    "tie_groups",
    "verdict",
]
