"""Short codings of rows by principal component analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from penchant.errors import DataError, NotFittedError, ParameterError, require
from penchant.typing import Float32, Float64


def matrix_of(rows: npt.ArrayLike, noun: str) -> Float32:
    """float32[n, n_features] of finite numbers.

    Raises:
        DataError: it has no rows, another shape, or a number that is not finite.
    """
    found = np.asarray(rows, np.float32)
    if found.ndim != 2 or not found.size:
        raise DataError(f"{noun} needs rows of numbers, not an array of shape {found.shape}.")
    if not np.isfinite(found).all():
        raise DataError(f"{noun} cannot use numbers that are not finite: fill gaps first.")
    return found


@dataclass(kw_only=True, eq=False)
class PrincipalComponents:
    """The subspace of some dimensions from which rows are reconstructed best.

    Pearson, "On Lines and Planes of Closest Fit" (1901), by scikit-learn's `PCA` in double
    precision, which settles signs: each component's largest entry is positive.

    Attributes:
        dim: length of the codings.

    Fitted state: `mean_` float64[n_features], `components_` float64[dim, n_features] with
    orthonormal rows, `variances_` float64[min(n_rows, n_features)] of all components.
    """

    dim: int = 5

    def __post_init__(self) -> None:
        """Refuse codings of no length."""
        if self.dim < 1:
            raise ParameterError(f"Codings have at least one number, not {self.dim}.")

    def fit(self, rows: npt.ArrayLike) -> Self:
        """Find the components of float[n_rows, n_features].

        Raises:
            DataError: there are not more rows than `dim`, or fewer features.
            MissingExtraError: scikit-learn is not installed.
        """
        x = matrix_of(rows, "PCA").astype(np.float64)
        if self.dim > min(len(x) - 1, x.shape[1]):
            raise DataError(
                f"{len(x):,} rows of {x.shape[1]:,} features have no {self.dim} components: ask "
                f"for fewer."
            )
        pca = require("sklearn.decomposition", "sklearn").PCA(svd_solver="full")
        with np.errstate(divide="ignore", invalid="ignore"):  # equal rows: shares of no variance
            pca.fit(x)
        self.mean_: Float64 = pca.mean_
        self.variances_: Float64 = pca.explained_variance_
        self.components_: Float64 = pca.components_[: self.dim].copy()
        return self

    def encode(self, rows: npt.ArrayLike) -> Float32:
        """float32[n, dim], the codings."""
        self._require_fitted()
        codes: Float32 = ((np.asarray(rows) - self.mean_) @ self.components_.T).astype(np.float32)
        return codes

    def decode(self, codes: npt.ArrayLike) -> Float32:
        """float32[n, n_features], the rows that codings stand for."""
        self._require_fitted()
        rows: Float32 = (np.asarray(codes) @ self.components_ + self.mean_).astype(np.float32)
        return rows

    @property
    def explained(self) -> Float64:
        """float64[n], the share of all variance that each component explains, largest first."""
        self._require_fitted()
        return self.variances_ / (self.variances_.sum() or 1.0)

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and numbers."""
        self._require_fitted()
        return {
            "dim": self.dim,
            "mean": self.mean_,
            "components": self.components_,
            "variances": self.variances_,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The components whose `state` this is."""
        made = cls(dim=int(state["dim"]))
        made.mean_, made.components_ = state["mean"], state["components"]
        made.variances_ = state["variances"]
        return made

    def _require_fitted(self) -> None:
        if not hasattr(self, "components_"):
            raise NotFittedError("PrincipalComponents is not fitted yet: call fit first.")


def random_directions(dim: int, width: int, seed: int) -> Float64:
    """float64[dim, width], orthonormal directions in random positions, `dim` <= `width`."""
    draws = np.random.default_rng(seed).normal(size=(width, dim))
    # Signs that do not depend on the decomposition make the directions uniform.
    directions, triangle = np.linalg.qr(draws)
    return np.ascontiguousarray((directions * np.sign(np.diag(triangle))).T)
