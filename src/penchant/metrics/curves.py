"""Metrics of the ROC and the precision-recall curve: how well scores order what users like."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.base import SHARE, RowMetric, Takes, Task, flags, numbers, ratio
from penchant.typing import Bool, Float64, Int64

_BLOCK_CELLS = 200_000  # weights of a block that stays in the processor's cache: 1.6 MB


class CurveMetric(RowMetric):
    """A metric of likes that depends on scores only through their order."""

    task: ClassVar[Task] = "like"
    bounds = SHARE
    takes: ClassVar[Takes] = "score"

    @abstractmethod
    def _prepared(self, score: Float64, truth: Bool, group: Int64) -> Callable[[Float64], Float64]:
        """Sort once; return a function of weights float64[n_replicates, n_groups]."""

    def grouped(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Callable[[Float64], Float64]:
        """See `RowMetric.grouped`: rows are sorted once, weights are taken in blocks."""
        score = numbers(prediction, "prediction")
        values_for = self._prepared(score, flags(truth, "truth", len(score)), group)
        step = max(1, _BLOCK_CELLS // max(1, len(score)))

        def in_blocks(weights: Float64) -> Float64:
            starts = range(0, max(1, len(weights)), step)
            return np.concatenate([values_for(weights[i : i + step]) for i in starts])

        return in_blocks


@dataclass(frozen=True)
class AUC(CurveMetric):
    """The chance that a liked row is scored above one not liked, a tie counting half.

    The area under the ROC curve by its equality with the Mann-Whitney statistic (Hanley and
    McNeil 1982); NaN if all rows are of one class.
    """

    label = "auc"

    def _prepared(self, score: Float64, truth: Bool, group: Int64) -> Callable[[Float64], Float64]:
        order = np.argsort(score, kind="stable")
        liked, other = order[truth[order]], order[~truth[order]]
        below = np.searchsorted(score[other], score[liked], side="left")
        not_above = np.searchsorted(score[other], score[liked], side="right")
        liked_group, other_group = group[liked], group[other]

        def values_for(weights: Float64) -> Float64:
            beaten = np.zeros((len(weights), len(other) + 1))
            np.cumsum(weights.take(other_group, axis=1), axis=1, out=beaten[:, 1:])
            weight = weights.take(liked_group, axis=1)
            middle = beaten.take(below, axis=1) + beaten.take(not_above, axis=1)
            wins = np.einsum("ij,ij->i", weight, middle) / 2
            return ratio(wins, weight.sum(axis=1) * beaten[:, -1])

        return values_for


@dataclass(frozen=True)
class AveragePrecision(CurveMetric):
    """The mean, over liked rows, of the precision among the rows scored at least as high.

    The step-wise area under the precision-recall curve (Davis and Goadrich 2006 say why no
    straight lines); rows of equal score enter together. NaN if nothing is liked.
    """

    label = "average-precision"

    def _prepared(self, score: Float64, truth: Bool, group: Int64) -> Callable[[Float64], Float64]:
        counts_for = _prefix_counts(score, truth, group)

        def values_for(weights: Float64) -> Float64:
            weight, hits, rows = counts_for(weights)
            # Where no row up to here has weight, neither has the liked row itself.
            precision = np.divide(hits, rows, out=np.zeros_like(hits), where=rows > 0)
            return ratio(np.einsum("ij,ij->i", weight, precision), weight.sum(axis=1))

        return values_for


@dataclass(frozen=True)
class PrecisionAtRecall(CurveMetric):
    """The precision among the best-scored rows that together hold so much of all likes.

    What a shop knows that wants to show a given share of what its users would like: how much of
    the rest it shows with it. Rows of equal score enter together, so that a constant score has
    the share of likes. Nothing is maximised over cuts, as an interpolated curve would do. NaN if
    nothing is liked.

    Attributes:
        percent: the share of likes to be found, in whole per cent.

    Raises:
        ParameterError: this is no whole number from 1 to 100.
    """

    percent: int

    label = "precision-at-recall"

    def __post_init__(self) -> None:
        """Refuse what is no share in per cent."""
        known = isinstance(self.percent, int | np.integer) and not isinstance(self.percent, bool)
        if not known or not 1 <= self.percent <= 100:
            raise ParameterError(
                f"{self.label}@k needs a whole k from 1 to 100, per cent of all likes, not "
                f"{self.percent!r}."
            )

    @property
    def name(self) -> str:
        """The label with the share, such as "precision-at-recall@80"."""
        return f"{self.label}@{self.percent}"

    def _prepared(self, score: Float64, truth: Bool, group: Int64) -> Callable[[Float64], Float64]:
        counts_for = _prefix_counts(score, truth, group)

        def values_for(weights: Float64) -> Float64:
            weight, hits, rows = counts_for(weights)
            total = weight.sum(axis=1)
            # Sums of weights are rounded: the last one must reach a share of all.
            wanted = self.percent / 100 * total * (1 - 1e-12)
            if not hits.shape[1]:
                return ratio(total, total)
            cut = (hits >= wanted[:, np.newaxis]).argmax(axis=1)[:, np.newaxis]
            n_hits, n_rows = (np.take_along_axis(x, cut, 1)[:, 0] for x in (hits, rows))
            return ratio(np.where(total > 0, n_hits, 0), np.where(total > 0, n_rows, 0))

        return values_for


def _prefix_counts(
    score: Float64, truth: Bool, group: Int64
) -> Callable[[Float64], tuple[Float64, Float64, Float64]]:
    """Count rows, and liked ones, down to each liked row in order of scores, ties together.

    Returns:
        A function from weights float64[n_replicates, n_groups] to three arrays
        float64[n_replicates, n_liked]: weights of liked rows, of the liked ones scored at least
        as high as each, and of all rows scored at least as high.
    """
    order = np.argsort(-score, kind="stable")
    liked = order[truth[order]]
    n_rows = np.searchsorted(-score[order], -score[liked], side="right")
    n_liked = np.searchsorted(-score[liked], -score[liked], side="right")
    all_group, liked_group = group[order], group[liked]

    def counts_for(weights: Float64) -> tuple[Float64, Float64, Float64]:
        weight = weights.take(liked_group, axis=1)
        hits = np.cumsum(weight, axis=1).take(n_liked - 1, axis=1)
        rows = np.cumsum(weights.take(all_group, axis=1), axis=1).take(n_rows - 1, axis=1)
        return weight, hits, rows

    return counts_for
