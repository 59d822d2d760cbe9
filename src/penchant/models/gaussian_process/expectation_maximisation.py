"""Expectation maximisation of the mean and covariance of items, user by user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from penchant.models.gaussian_process.parallel_sums import in_parts
from penchant.models.gaussian_process.systems import (
    add_to,
    buffer_for,
    from_upper,
    inverse_and_solution,
)
from penchant.run import Run
from penchant.typing import Float32, Int64

_EAGER = np.float32(1.5)  # over-relaxation of a step; below 2 it still leads to the same place
_SLACK = np.float32(1e-4)  # the share of the mean variance by which rounding may fall short


@dataclass(frozen=True, eq=False)
class ItemGaussian:
    """A Gaussian over items.

    Attributes:
        mean: float32[n].
        covariance: float32[n, n].
    """

    mean: Float32
    covariance: Float32


def each_user(
    rated: sparse.csr_array, mean: Float32, users: Int64 | None = None
) -> Iterator[tuple[int, Int64, Float32]]:
    """Rows that have entries: their number, the columns, and how far values lie from the mean.

    All of them, or those that are given.
    """
    some = np.flatnonzero(np.diff(rated.indptr)) if users is None else users
    for row in some.tolist():
        part = slice(rated.indptr[row], rated.indptr[row + 1])
        columns = rated.indices[part].astype(np.int64)
        yield row, columns, rated.data[part] - mean[columns]


def step(
    now: ItemGaussian,
    prior: Float32,
    rated: sparse.csr_array,
    *,
    noise: float,
    strength: float,
    run: Run,
) -> tuple[ItemGaussian, float]:
    """A step of expectation and maximisation, over users who are independent draws.

    Yu et al., "Fast Nonparametric Matrix Factorization for Large-Scale Collaborative Filtering"
    (2009), with an inverse Wishart prior of the covariance: what users are expected to think of
    all items, with its uncertainty, is averaged, and the prior counts as `strength` further users.
    Only a user's own items are looked at, since K + K S K is the same as the average.

    Args:
        now: mean and covariance before.
        prior: float32[n, n], what the covariance is where nobody has rated.
        rated: csr[n_users, n], standardised ratings.
        noise: variance of a rating around what the user thinks.
        strength: of the prior, in users.
        run: threads.

    Returns:
        Mean and covariance after, and the mean negative log likelihood of a rating before.
    """
    k = now.covariance

    def accumulate(users: Int64) -> tuple[Float32, Float32, float]:
        seen, pull, lost = np.zeros_like(k), np.zeros(len(k), np.float32), 0.0
        buffer = buffer_for(rated, users)
        for _, items, values in each_user(rated, now.mean, users):
            inverted, solution, half = inverse_and_solution(buffer, k, items, noise, values)
            add_to(seen, items, inverted, solution)
            pull[items] += solution
            lost += half + 0.5 * float(solution @ values) + 0.5 * len(items) * np.log(2 * np.pi)
        return seen, pull, lost

    parts = in_parts(accumulate, np.diff(rated.indptr), run)
    seen, pull, lost = parts[0]
    for more, more_pull, more_lost in parts[1:]:
        seen += more
        pull += more_pull
        lost += more_lost
    from_upper(seen)
    users = np.count_nonzero(np.diff(rated.indptr))
    change = prior - k
    change *= np.float32(strength)
    change += k @ seen @ k
    change += change.T.copy()
    change *= np.float32(0.5 / (users + strength))
    after: Float32 = change * _EAGER
    after += k
    if not _is_positive(after):
        after = k + change
    mean = now.mean + (pull @ k) / np.float32(users)
    return ItemGaussian(mean, after), float(lost) / max(rated.nnz, 1)


def _is_positive(matrix: Float32) -> bool:
    system = matrix.copy()
    system[np.diag_indices_from(system)] += _SLACK * np.diag(matrix).mean()
    _, info = torch.linalg.cholesky_ex(torch.from_numpy(system))
    return not info
