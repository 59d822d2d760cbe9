"""How well decisions, scores and probabilities tell what users like."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.base import (
    Bools,
    Floats,
    Ints,
    RowMetric,
    SumMetric,
    Takes,
    Task,
    flags,
    numbers,
    ratio,
    weights_of,
)

_BLOCK_CELLS = 2_000_000


class DecisionMetric(SumMetric):
    """A metric of yes-or-no predictions, computed from the four cells of the confusion matrix."""

    task: ClassVar[Task] = "like"
    takes: ClassVar[Takes] = "decision"

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Floats:
        """The cell of each row as four zeros and ones: TN, FP, FN, TP."""
        predicted = flags(prediction, "prediction")
        cell = 2 * flags(truth, "truth", len(predicted)) + predicted
        return np.asarray(np.eye(4)[cell])


@dataclass(frozen=True)
class LikeAccuracy(DecisionMetric):
    """The share of rows decided rightly."""

    label = "like-accuracy"

    def value(self, sums: Floats) -> Floats:
        """(TN + TP) / all."""
        return ratio(sums[..., 0] + sums[..., 3], sums.sum(axis=-1))


@dataclass(frozen=True)
class LikePrecision(DecisionMetric):
    """The share of predicted likes that are likes; NaN if nothing is predicted."""

    label = "like-precision"

    def value(self, sums: Floats) -> Floats:
        """TP / (TP + FP)."""
        return ratio(sums[..., 3], sums[..., 1] + sums[..., 3])


@dataclass(frozen=True)
class LikeRecall(DecisionMetric):
    """The share of likes that is predicted; NaN if there are none."""

    label = "like-recall"

    def value(self, sums: Floats) -> Floats:
        """TP / (TP + FN)."""
        return ratio(sums[..., 3], sums[..., 2] + sums[..., 3])


@dataclass(frozen=True)
class LikeF1(DecisionMetric):
    """The harmonic mean of precision and recall; NaN if nothing is liked or predicted."""

    label = "f1"

    def value(self, sums: Floats) -> Floats:
        """2 TP / (2 TP + FP + FN)."""
        hits = 2 * sums[..., 3]
        return ratio(hits, hits + sums[..., 1] + sums[..., 2])


def confusion_matrix(
    prediction: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None
) -> Floats:
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
    middle = below / 2 + above / 2
    return float(middle if below < middle <= above else above)


class RankMetric(RowMetric):
    """A row metric that sees scores only through their order."""

    task: ClassVar[Task] = "like"
    takes: ClassVar[Takes] = "score"

    @abstractmethod
    def _sorted(self, score: Floats, truth: Bools, group: Ints) -> Callable[[Floats], Floats]:
        """Sort once; answer for weights float64[n_replicates, n_groups]."""

    def grouped(
        self, prediction: ArrayLike, truth: ArrayLike, group: Ints, n_groups: int
    ) -> Callable[[Floats], Floats]:
        """See `RowMetric.grouped`: rows are sorted once, weights are taken in blocks."""
        score = numbers(prediction, "prediction")
        evaluate = self._sorted(score, flags(truth, "truth", len(score)), group)
        step = max(1, _BLOCK_CELLS // max(1, len(score)))

        def in_blocks(weights: Floats) -> Floats:
            starts = range(0, max(1, len(weights)), step)
            return np.concatenate([evaluate(weights[i : i + step]) for i in starts])

        return in_blocks

    def weighted(self, prediction: ArrayLike, truth: ArrayLike, weights: Floats) -> Floats:
        """The metric under many weightings of the rows, with one sort.

        Args:
            prediction: [n_rows], any score, higher for a likelier like.
            truth: [n_rows], boolean or 0 and 1.
            weights: float64[n_replicates, n_rows], not negative.

        Returns:
            float64[n_replicates]; NaN where undefined.

        Raises:
            ParameterError: scores are not finite, truth is not boolean, or shapes differ.
        """
        n_rows = np.size(prediction)
        if weights.ndim != 2 or weights.shape[1] != n_rows:
            raise ParameterError(
                f"The weights must be replicates by {n_rows} rows, not of shape {weights.shape}."
            )
        return self.grouped(prediction, truth, np.arange(n_rows), n_rows)(weights)


@dataclass(frozen=True)
class AUC(RankMetric):
    """The chance that a liked row is scored above one not liked, a tie counting half.

    The area under the ROC curve by its equality with the Mann-Whitney statistic (Hanley and
    McNeil 1982); NaN if all rows are of one class.
    """

    label = "auc"

    def _sorted(self, score: Floats, truth: Bools, group: Ints) -> Callable[[Floats], Floats]:
        order = np.argsort(score, kind="stable")
        liked, other = order[truth[order]], order[~truth[order]]
        below = np.searchsorted(score[other], score[liked], side="left")
        not_above = np.searchsorted(score[other], score[liked], side="right")
        liked_group, other_group = group[liked], group[other]

        def evaluate(weights: Floats) -> Floats:
            beaten = np.zeros((len(weights), len(other) + 1))
            np.cumsum(weights.take(other_group, axis=1), axis=1, out=beaten[:, 1:])
            weight = weights.take(liked_group, axis=1)
            middle = beaten.take(below, axis=1) + beaten.take(not_above, axis=1)
            wins = np.einsum("ij,ij->i", weight, middle) / 2
            return ratio(wins, weight.sum(axis=1) * beaten[:, -1])

        return evaluate


@dataclass(frozen=True)
class AveragePrecision(RankMetric):
    """The mean, over liked rows, of the precision among the rows scored at least as high.

    The step-wise area under the precision-recall curve (Davis and Goadrich 2006 say why no
    straight lines); rows of equal score enter together. NaN if nothing is liked.
    """

    label = "average-precision"

    def _sorted(self, score: Floats, truth: Bools, group: Ints) -> Callable[[Floats], Floats]:
        order = np.argsort(-score, kind="stable")
        liked = order[truth[order]]
        # How many rows, and how many liked ones, are scored at least as high as each liked one.
        n_rows = np.searchsorted(-score[order], -score[liked], side="right")
        n_liked = np.searchsorted(-score[liked], -score[liked], side="right")
        all_group, liked_group = group[order], group[liked]

        def evaluate(weights: Floats) -> Floats:
            weight = weights.take(liked_group, axis=1)
            right = np.cumsum(weight, axis=1).take(n_liked - 1, axis=1)
            listed = np.cumsum(weights.take(all_group, axis=1), axis=1).take(n_rows - 1, axis=1)
            # Where nothing listed has weight, neither has the row itself.
            precision = np.divide(right, listed, out=np.zeros_like(right), where=listed > 0)
            return ratio(np.einsum("ij,ij->i", weight, precision), weight.sum(axis=1))

        return evaluate
