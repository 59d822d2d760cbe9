"""Logistic regression on sparse or dense features, for one threshold of a rating or several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from penchant.errors import DataError, require
from penchant.typing import Bool, Csr, Float64

Features = Csr | Float64


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """Fitted logistic regressions on the same features, one for each threshold.

    Attributes:
        coefficients: float64[n_features, n_thresholds].
        intercepts: float64[n_thresholds].
    """

    coefficients: Float64
    intercepts: Float64

    @classmethod
    def fit(
        cls,
        features: Features,
        above: Bool,
        *,
        c: float,
        sample_weight: Float64 | None = None,
        tolerance: float = 1e-6,
    ) -> Self:
        """Minimise c · Σ weight · log-loss + ½ ‖coefficients‖² for each threshold.

        scikit-learn's `LogisticRegression` by Newton's method with conjugate gradients, which
        needs the fewest passes over wide sparse features. Intercepts are not penalised.

        Args:
            features: float64[n_rows, n_features].
            above: bool[n_rows, n_thresholds], whether a row's rating is above each threshold.
            c: weight of the rows against the penalty; smaller values regularise more.
            sample_weight: float64[n_rows]; 1 by default.
            tolerance: largest entry of the gradient at the end, relative to the number of rows.

        Raises:
            DataError: all rows are on one side of a threshold.
            MissingExtraError: scikit-learn is not installed.
        """
        linear_model = require("sklearn.linear_model", "sklearn")
        if not len(above) or (above.all(axis=0) | ~above.any(axis=0)).any():
            raise DataError(
                "A classifier needs training texts of both classes: give ratings on both sides of "
                "each threshold."
            )
        estimators = [
            linear_model.LogisticRegression(
                C=c, solver="newton-cg", tol=tolerance, max_iter=1000
            ).fit(features, labels, sample_weight)
            for labels in above.T
        ]
        return cls(
            np.stack([estimator.coef_[0] for estimator in estimators], axis=1),
            np.concatenate([estimator.intercept_ for estimator in estimators]),
        )

    def decision_function(self, features: Features) -> Float64:
        """float64[n_rows, n_thresholds], the log-odds of being above each threshold."""
        return np.asarray(features @ self.coefficients) + self.intercepts
