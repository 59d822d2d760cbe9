"""How well decisions tell what users like, and where to cut scores to make decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.base import SHARE, SumMetric, Takes, Task, flags, numbers, ratio, weights_of
from penchant.typing import Float64


class DecisionMetric(SumMetric):
    """A metric of yes-or-no predictions, computed from the four cells of the confusion matrix."""

    task: ClassVar[Task] = "like"
    takes: ClassVar[Takes] = "decision"
    bounds = SHARE

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """The cell of each row as four zeros and ones: TN, FP, FN, TP."""
        predicted = flags(prediction, "prediction")
        cell = 2 * flags(truth, "truth", len(predicted)) + predicted
        return np.asarray(np.eye(4)[cell])


@dataclass(frozen=True)
class LikeAccuracy(DecisionMetric):
    """The share of rows decided rightly."""

    label = "like-accuracy"

    def value(self, sums: Float64) -> Float64:
        """(TN + TP) / all."""
        return ratio(sums[..., 0] + sums[..., 3], sums.sum(axis=-1))


@dataclass(frozen=True)
class LikePrecision(DecisionMetric):
    """The share of predicted likes that are likes; NaN if nothing is predicted."""

    label = "like-precision"

    def value(self, sums: Float64) -> Float64:
        """TP / (TP + FP)."""
        return ratio(sums[..., 3], sums[..., 1] + sums[..., 3])


@dataclass(frozen=True)
class LikeRecall(DecisionMetric):
    """The share of likes that is predicted; NaN if there are none."""

    label = "like-recall"

    def value(self, sums: Float64) -> Float64:
        """TP / (TP + FN)."""
        return ratio(sums[..., 3], sums[..., 2] + sums[..., 3])


@dataclass(frozen=True)
class LikeF1(DecisionMetric):
    """The harmonic mean of precision and recall; NaN if nothing is liked or predicted."""

    label = "f1"

    def value(self, sums: Float64) -> Float64:
        """2 TP / (2 TP + FP + FN)."""
        hits = 2 * sums[..., 3]
        return ratio(hits, hits + sums[..., 1] + sums[..., 2])


def confusion_matrix(
    prediction: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None
) -> Float64:
    """Count rows by truth and decision.

    Returns:
        float64[2, 2]: row 0 is what was not liked, row 1 what was; column 0 what was predicted
        not to be liked, column 1 what was.

    Raises:
        ParameterError: a side is neither boolean nor 0 and 1, or lengths differ.
    """
    terms = LikeAccuracy().terms(prediction, truth)
    weights = np.ones(len(terms)) if weight is None else weights_of(weight, len(terms))
    return (weights @ terms).reshape(2, 2)


def best_threshold(score: ArrayLike, truth: ArrayLike, metric: str = "f1") -> float:
    """The cut that is best on these rows: predict a like where `score >= threshold`.

    All cuts that tell two scores apart are tried, at once. The best lies half way between the
    two neighbouring scores; it is -inf where predicting every row is best and inf where
    predicting none is. Among equally good cuts the highest is taken.

    Args:
        score: [n_rows], of validation rows: a cut chosen on test rows flatters.
        truth: [n_rows], boolean or 0 and 1.
        metric: the name of a metric of decisions: "f1", "like-accuracy", "like-precision" or
            "like-recall".

    Raises:
        ParameterError: the metric is no metric of decisions, the rows are not finite, or there
            is nothing to choose by.
    """
    known = {m.label: m for m in (LikeF1(), LikeAccuracy(), LikePrecision(), LikeRecall())}
    if metric not in known:
        raise ParameterError(f"A cut is chosen by one of {', '.join(known)}, not {metric!r}.")
    scores = numbers(score, "score")
    liked = flags(truth, "truth", len(scores))
    order = np.argsort(-scores, kind="stable")
    ranked, liked = scores[order], liked[order]
    # Sums for "the first c rows are predicted", c from 0 to all.
    chosen = known[metric].terms(np.ones_like(liked), liked)
    left = known[metric].terms(np.zeros_like(liked), liked)
    sums = left.sum(axis=0) + np.concatenate([np.zeros((1, 4)), np.cumsum(chosen - left, axis=0)])
    values = known[metric].value(sums)
    values[1:-1][ranked[1:] == ranked[:-1]] = np.nan
    if np.isnan(values).all():
        raise ParameterError(f"No cut has a defined {metric} on these {len(scores)} rows.")
    cut = int(np.nanargmax(values))
    if cut in (0, len(ranked)):
        return np.inf if cut == 0 else -np.inf
    # In the scores' own precision, because that is what they will be compared in.
    kind = np.asarray(score).dtype
    kind = kind if kind.kind == "f" else np.dtype(np.float64)
    above, below = ranked[cut - 1].astype(kind), ranked[cut].astype(kind)
    middle = (below / 2 + above / 2).astype(kind)
    return float(middle if below < middle <= above else above)
