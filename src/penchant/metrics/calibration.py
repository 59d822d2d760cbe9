"""Whether predicted probabilities of a like mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.base import POSITIVE, SHARE, SumMetric, Takes, Task, flags, numbers, ratio
from penchant.typing import Float64, Int64


class ProbabilityMetric(SumMetric):
    """A mean loss of predicted probabilities.

    The last term of a row is 1; each other term sums to a loss once its sign is dropped.
    """

    task: ClassVar[Task] = "like"
    takes: ClassVar[Takes] = "probability"
    higher_is_better = False

    def value(self, sums: Float64) -> Float64:
        """The losses over the number of rows."""
        return ratio(np.abs(sums[..., :-1]).sum(axis=-1), sums[..., -1])


@dataclass(frozen=True)
class LogLoss(ProbabilityMetric):
    """The mean of -ln(the probability given to what happened).

    Probabilities are kept off 0 and 1 by the machine's precision, so that one sure mistake
    costs 36, not infinity.
    """

    label = "log-loss"
    bounds = POSITIVE

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """The loss and 1 per row."""
        probability, liked = _probabilities(prediction, truth)
        tiny = np.finfo(np.float64).eps
        given = np.clip(np.where(liked == 1, probability, 1 - probability), tiny, 1 - tiny)
        return np.stack([-np.log(given), np.ones_like(given)], axis=1)


@dataclass(frozen=True)
class Brier(ProbabilityMetric):
    """The mean squared difference of probability and outcome (Brier 1950)."""

    label = "brier"
    bounds = SHARE

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """The squared difference and 1 per row."""
        probability, liked = _probabilities(prediction, truth)
        return np.stack([(probability - liked) ** 2, np.ones_like(probability)], axis=1)


@dataclass(frozen=True)
class ExpectedCalibrationError(ProbabilityMetric):
    """The mean distance between stated probability and observed share, bin by bin.

    Bins of equal width, each weighed by its rows (Naeini et al. 2015; Guo et al. 2017,
    equation 3).

    Attributes:
        bins: how many bins.

    Raises:
        ParameterError: fewer than one bin.
    """

    bins: int = 10

    label = "ece"
    bounds = SHARE

    def __post_init__(self) -> None:
        """Refuse a number of bins that is none."""
        _check_bins(self.bins)

    @property
    def name(self) -> str:
        """The label "ece", with the number of bins where it is not the usual ten."""
        return "ece" if self.bins == 10 else f"ece-{self.bins}-bins"

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """Probability minus outcome in the column of the row's bin, and 1."""
        probability, liked = _probabilities(prediction, truth)
        columns = np.zeros((len(probability), self.bins + 1))
        columns[np.arange(len(probability)), _bin(probability, self.bins)] = probability - liked
        columns[:, -1] = 1
        return columns


class CalibrationCurve(NamedTuple):
    """A reliability diagram as columns, one row per bin of equal width.

    Attributes:
        lower: float64[bins], where the bin begins.
        upper: float64[bins], where it ends; this end belongs to the next bin, save for 1.
        n_rows: int64[bins], rows in it.
        probability: float64[bins], their mean predicted probability, NaN without rows.
        share: float64[bins], the share of them that is liked, NaN without rows.
    """

    lower: Float64
    upper: Float64
    n_rows: Int64
    probability: Float64
    share: Float64


def calibration_curve(probability: ArrayLike, truth: ArrayLike, bins: int = 10) -> CalibrationCurve:
    """Set stated probabilities against observed shares, bin by bin.

    Args:
        probability: [n_rows], from 0 to 1.
        truth: [n_rows], boolean or 0 and 1.
        bins: how many bins of equal width.

    Raises:
        ParameterError: a probability is outside 0 to 1, lengths differ, or bins is below 1.
    """
    _check_bins(bins)
    stated, liked = _probabilities(probability, truth)
    place = _bin(stated, bins)
    n_rows = np.bincount(place, minlength=bins)
    edges = np.arange(bins + 1) / bins
    return CalibrationCurve(
        lower=edges[:-1],
        upper=edges[1:],
        n_rows=n_rows,
        probability=ratio(np.bincount(place, stated, minlength=bins), n_rows),
        share=ratio(np.bincount(place, liked, minlength=bins), n_rows),
    )


def _check_bins(bins: int) -> None:
    if bins < 1:
        raise ParameterError(f"Calibration needs at least one bin, not {bins}.")


def _bin(probability: Float64, bins: int) -> Int64:
    return np.minimum((probability * bins).astype(np.int64), bins - 1)


def _probabilities(prediction: ArrayLike, truth: ArrayLike) -> tuple[Float64, Float64]:
    """Checked probabilities, and outcomes as 0.0 and 1.0."""
    probability = numbers(prediction, "prediction")
    if ((probability < 0) | (probability > 1)).any():
        raise ParameterError("Probabilities must lie between 0 and 1.")
    return probability, flags(truth, "truth", len(probability)).astype(np.float64)
