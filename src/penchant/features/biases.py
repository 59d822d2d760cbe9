"""Deviations of groups from a mean, shrunk towards zero, computed over whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from penchant.typing import AnyInt, Float64


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each value belongs to, of how many.

    Attributes:
        index: int[n_values], from 0.
        size: the number of groups, those without values included.
    """

    index: AnyInt
    size: int

    def sums(self, values: npt.ArrayLike) -> Float64:
        """float64[size], the sum of the values of each group."""
        return np.bincount(self.index, np.asarray(values), self.size).astype(np.float64)

    def counts(self) -> Float64:
        """float64[size], the number of values of each group."""
        return np.bincount(self.index, minlength=self.size).astype(np.float64)

    def shrunken(self, values: npt.ArrayLike, damping: float) -> Float64:
        """float64[size], each group's mean, as if `damping` more values were zero."""
        return self.sums(values) / (self.counts() + damping)

    def each(self, columns: Float64, damping: float) -> Float64:
        """float64[size, n], the same of each column of float64[n_values, n]."""
        found = np.empty((self.size, columns.shape[1]))
        for place, column in enumerate(columns.T):
            found[:, place] = self.shrunken(column, damping)
        return found


def fit_biases(
    values: npt.ArrayLike, groupings: Sequence[Groups], damping: float, *, steps: int = 10
) -> tuple[float, list[Float64]]:
    """A mean and the effect of every group, such that a value is about their sum.

    Minimises sum (value - mean - sum of the effects of its groups)^2 + damping * sum effect^2 by
    alternating exact steps: Koren, "Factorization Meets the Neighborhood" (2008), eq. 2, for any
    number of groupings.

    Args:
        values: float[n_values].
        groupings: what each value belongs to, for example its item and its user; the last one is
            exactly fitted to the others.
        damping: how many values of zero each group starts with, above 0.
        steps: rounds over the groupings.

    Returns:
        The mean, and float64[size] for each grouping.
    """
    given = np.asarray(values, np.float64)
    mean = float(given.mean()) if len(given) else 0.0
    rest = given - mean
    weights = [groups.counts() + damping for groups in groupings]
    effects = [np.zeros(groups.size) for groups in groupings]
    for _ in range(steps):
        for place, groups in enumerate(groupings):
            rest += effects[place][groups.index]
            effects[place] = groups.sums(rest) / weights[place]
            rest -= effects[place][groups.index]
    return mean, effects
