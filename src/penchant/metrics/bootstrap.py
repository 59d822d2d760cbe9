"""Resample users: how far a metric would move with another draw of users.

Users, not rows, are drawn, because the rows of one user are not independent. Replicate number b
of a seed is the same draw of users for every model and metric, so that differences between
models are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.base import RowMetric, ratio
from penchant.typing import Float64, Int64

_BLOCK_CELLS = 2_000_000


@dataclass(frozen=True)
class Bootstrap:
    """Settings of the intervals.

    Attributes:
        replicates: resamples of the users.
        level: share of the replicates inside an interval.
        seed: of the resamples.

    Raises:
        ParameterError: there are no replicates, the level is not between 0 and 1, or the seed is
            negative.
    """

    replicates: int = 2000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what no resamples can be drawn by, before any work."""
        if self.replicates < 1:
            raise ParameterError(f"replicates must be 1 or more, not {self.replicates}.")
        if not 0 < self.level < 1:
            raise ParameterError(f"A level lies between 0 and 1, not at {self.level}.")
        if self.seed < 0:
            raise ParameterError(f"seed must be 0 or more, not {self.seed}.")


def bootstrap_weights(n_users: int, n_replicates: int, seed: int = 0) -> Iterator[Float64]:
    """How often each user is drawn, when as many are drawn with replacement as there are.

    Args:
        n_users: how many users.
        n_replicates: how many draws; the first ones do not depend on how many follow.
        seed: of the draws.

    Yields:
        Blocks float64[some replicates, n_users] of whole numbers, each row with the sum n_users;
        together n_replicates rows, about 16 MB at a time.

    Raises:
        ParameterError: no users or no replicates.
    """
    if n_users < 1 or n_replicates < 1:
        raise ParameterError("A bootstrap needs at least one user and one replicate.")
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK_CELLS // n_users)
    for start in range(0, n_replicates, step):
        n = min(step, n_replicates - start)
        drawn = rng.integers(0, n_users, size=(n, n_users))
        drawn += np.arange(n)[:, np.newaxis] * n_users
        yield np.bincount(drawn.ravel(), minlength=n * n_users).reshape(n, -1).astype(np.float64)


def replicates(
    metric: RowMetric,
    prediction: ArrayLike,
    truth: ArrayLike,
    user: Int64,
    n_replicates: int = 2000,
    seed: int = 0,
) -> Float64:
    """A row metric on every resample of the users.

    Args:
        metric: any row metric; F1, AUC and Pearson are computed anew on each resample.
        prediction: [n_rows].
        truth: [n_rows].
        user: int[n_rows]; only users that have rows are drawn.
        n_replicates: how many resamples.
        seed: the same for all models that are to be compared.

    Returns:
        float64[n_replicates]; NaN where the metric is undefined on a resample.

    Raises:
        ParameterError: the rows are not what the metric takes, or shapes differ.
    """
    if np.shape(user) != np.shape(prediction):
        raise ParameterError(f"{np.size(prediction)} predictions need as many users.")
    known, group = np.unique(user, return_inverse=True)
    values_for = metric.grouped(prediction, truth, group, len(known))
    return np.concatenate(
        [values_for(weights) for weights in bootstrap_weights(len(known), n_replicates, seed)]
    )


def mean_replicates(
    values: Float64, n_replicates: int = 2000, seed: int = 0, *, groups: Int64 | None = None
) -> Float64:
    """The means of per-user values on every resample of the users.

    Args:
        values: float64[n_users, n_models], one column per model or metric; NaN where a user has
            no value, who then does not count in that column.
        n_replicates: how many resamples.
        seed: the same for all columns that are to be compared.
        groups: int64[n_users], users who are not independent of each other, such as the prefixes
            of one session: whole groups are drawn (the cluster bootstrap, Davison and Hinkley
            1997, section 3.8). Without them each user is one.

    Returns:
        float64[n_replicates, n_models]; NaN where no drawn user has a value.

    Raises:
        ParameterError: values is not a table, has no users, has infinite entries, or there are not
            as many groups as users.
    """
    if values.ndim != 2 or np.isinf(values).any():
        raise ParameterError("Values must be a table of users by models, finite or NaN.")
    known = ~np.isnan(values)
    columns = np.concatenate([np.where(known, values, 0.0), known], axis=1)
    if groups is not None:
        columns = _sums(columns, groups)
    sums = [weights @ columns for weights in bootstrap_weights(len(columns), n_replicates, seed)]
    total, n = np.split(np.concatenate(sums), 2, axis=1)
    return ratio(total, n)


def _sums(columns: Float64, groups: Int64) -> Float64:
    """float64[n_groups, n_columns], the sums of the rows of each group."""
    if len(groups) != len(columns):
        raise ParameterError(f"{len(columns)} users need as many groups, not {len(groups)}.")
    _, group = np.unique(groups, return_inverse=True)
    return np.stack([np.bincount(group, column) for column in columns.T], axis=1)


def interval(values: Float64, level: float = 0.95) -> tuple[Float64, Float64]:
    """The percentile interval of replicates (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: float64[n_replicates, ...]; NaN replicates are left out.
        level: the share of replicates to hold.

    Returns:
        Lower and upper end, each of the shape of one replicate; NaN where all are NaN.

    Raises:
        ParameterError: the level is not between 0 and 1, or there are no replicates.
    """
    if not 0 < level < 1:
        raise ParameterError(f"A level lies between 0 and 1, not at {level}.")
    if not len(values):
        raise ParameterError("An interval needs replicates.")
    # A column without any number would warn; it is answered with NaN instead.
    empty = np.isnan(values).all(axis=0)
    low, high = np.nanquantile(
        np.where(empty, 0.0, values), [(1 - level) / 2, (1 + level) / 2], axis=0
    )
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
