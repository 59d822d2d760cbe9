"""Estimate the mean rating of each item; rare and new items borrow from similar ones."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.models.gaussian_process.inverses import inverse
from penchant.models.gaussian_process.marginal_likelihood import (
    OWN,
    GaussianSample,
    Prior,
    maximise_marginal_likelihood,
)
from penchant.models.gaussian_process.similarity_rows import RATERS
from penchant.models.shared.biases import fit_biases
from penchant.run import Run
from penchant.typing import Float32, Int64

_L2 = 5.0  # shrinkage of the deviations of users that are taken off before
_MOST = 1500  # items whose means say how much each way of being alike counts


def item_means(
    train: Dataset,
    rows: dict[str, Float32],
    spread: float,
    rng: np.random.Generator,
    run: Run,
) -> Float32:
    """float32[n_items + 1], mean ratings in units of `spread`; the last is of an unknown item.

    Means are themselves a draw from a Gaussian over items, and those of few ratings have more
    noise. An item without ratings gets what content says, and a constant on top by which the
    items are right on the average of all ratings, each of them as if it had none itself: what is
    rated at all is rated more often the better it is, and so will be a new item.

    Args:
        train: a log with ratings.
        rows: see `penchant.models.gaussian_process.similarity_rows`.
        spread: the unit.
        rng: draws items.
        run: threads.
    """
    mean, by_item = fit_biases(train, _L2, _L2)
    users, items = (train.events[c].to_numpy() for c in ("user", "item"))
    rest = train.ratings - np.float32(mean)
    total = np.bincount(users, rest - by_item[items], train.n_users)
    rest = rest - (total / (train.user_counts + _L2))[users]
    counts = train.item_counts
    warm = np.flatnonzero(counts).astype(np.int64)
    seen = np.bincount(items, rest, train.n_items)[warm] / counts[warm] / spread
    values, noise = np.asarray(seen, np.float32), np.asarray(1 / counts[warm], np.float32)
    some = np.sort(rng.permutation(len(warm))[:_MOST])
    prior = maximise_marginal_likelihood(
        rows, [GaussianSample(warm[some], values[some], noise[some])], run
    )
    found = np.empty(train.n_items + 1, np.float32)
    found[warm], _ = _expected(prior, rows, warm, values, noise, warm)
    # Nobody has rated a new item, so that who did says nothing of it.
    weights = dict(prior.weights)
    weights[OWN] += weights.get(RATERS, 0.0)
    unseen = Prior(weights | dict.fromkeys({RATERS} & set(weights), 0.0), prior.noise)
    cold = np.setdiff1d(np.arange(len(found)), warm)
    found[cold], apart = _expected(unseen, rows, warm, values, noise, cold)
    found[cold] += np.average(apart, weights=counts[warm])
    return found + np.float32(mean / spread)


def _expected(
    prior: Prior,
    rows: dict[str, Float32],
    warm: Int64,
    values: Float32,
    noise: Float32,
    asked: Int64,
) -> tuple[Float32, Float32]:
    """Expected means of some items, and how far each of `values` lies above what others say.

    The latter are leave-one-out residuals, Rasmussen and Williams (2006), eq. 5.12.
    """
    system = prior.covariance(rows, warm, warm)
    system[np.diag_indices_from(system)] += np.float32(prior.noise) * noise
    inverted, _ = inverse(system)
    solved = inverted @ values
    apart: Float32 = np.asarray(solved / np.diag(inverted), np.float32)
    return prior.covariance(rows, asked, warm) @ solved, apart
