"""How far predicted ratings are from the ratings given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from penchant.metrics.base import POSITIVE, SumMetric, Takes, Task, numbers, ratio
from penchant.typing import Float64


class _RatingMetric(SumMetric):
    task: ClassVar[Task] = "rating"
    takes: ClassVar[Takes] = "rating"


def _errors(prediction: ArrayLike, truth: ArrayLike) -> Float64:
    predicted = numbers(prediction, "prediction")
    return predicted - numbers(truth, "truth", len(predicted))


def _with_ones(column: Float64) -> Float64:
    return np.stack([column, np.ones_like(column)], axis=1)


@dataclass(frozen=True)
class RMSE(_RatingMetric):
    """The root of the mean squared error."""

    label = "rmse"
    bounds = POSITIVE
    higher_is_better = False

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """Squared error and 1 per row."""
        return _with_ones(_errors(prediction, truth) ** 2)

    def value(self, sums: Float64) -> Float64:
        """The root of their quotient."""
        return np.asarray(np.sqrt(ratio(sums[..., 0], sums[..., 1])))


@dataclass(frozen=True)
class MAE(_RatingMetric):
    """The mean absolute error."""

    label = "mae"
    bounds = POSITIVE
    higher_is_better = False

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """Absolute error and 1 per row."""
        return _with_ones(np.abs(_errors(prediction, truth)))

    def value(self, sums: Float64) -> Float64:
        """Their quotient."""
        return ratio(sums[..., 0], sums[..., 1])


@dataclass(frozen=True)
class Pearson(_RatingMetric):
    """The linear correlation of predicted and given ratings; NaN where either is constant."""

    label = "pearson"
    bounds = (-1.0, 1.0)

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """1, x, y, x², y² and xy per row, both sides centred.

        The correlation does not see the centring; without it the sums would cancel badly. Terms
        of separate calls must therefore not be added up.
        """
        x = numbers(prediction, "prediction")
        y = numbers(truth, "truth", len(x))
        if len(x):
            x, y = x - x.mean(), y - y.mean()
        return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)

    def value(self, sums: Float64) -> Float64:
        """Covariance over the root of the variances."""
        n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
        spread_x, spread_y = xx - ratio(x * x, n), yy - ratio(y * y, n)
        # What is left of a constant after subtraction is rounding error, not spread.
        spread = np.where(
            (spread_x > 1e-12 * xx) & (spread_y > 1e-12 * yy), spread_x * spread_y, 0.0
        )
        return np.clip(ratio(xy - ratio(x * y, n), np.sqrt(spread)), -1.0, 1.0)
