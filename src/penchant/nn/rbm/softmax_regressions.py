"""Softmax regressions for many users at once, each on a few of the same feature vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.nn.length_batches import batches_by_length
from penchant.typing import Int32, Int64

STEPS = 10
"""Of a fit; their number does not depend on other rows."""


def fit_softmax_rows(
    offsets: Int64,
    index: Int32,
    values: Int64,
    features: Tensor,
    prior: Tensor,
    kernel: Tensor,
    l2: float,
    *,
    steps: int = STEPS,
) -> Tensor:
    """The weights of a softmax regression for each row, by maximum a posteriori.

    Row n's observations are `offsets[n]:offsets[n + 1]`: the class `values` at the feature vector
    `index`. Minimised is -sum log softmax(W x) + l2 / 2 tr((W - prior)' kernel^-1 (W - prior)).
    Each step is exact for a quadratic bound of the loss (Böhning, "Multinomial logistic regression
    algorithm", 1992), whose one matrix a row is factored once, and so never overshoots.

    Args:
        offsets: int64[n_rows + 1].
        index: int32[n_observations], rows of `features`.
        values: int64[n_observations], classes.
        features: float32[n, dim].
        prior: float32[n_classes, dim], also the result for rows without observations.
        kernel: float32[n_classes, n_classes], positive definite, covariance of the classes.
        l2: strength of the pull to the prior, above 0.
        steps: how many steps.

    Returns:
        float32[n_rows, n_classes, dim].
    """
    n_classes, dim = prior.shape
    weights = prior.expand(len(offsets) - 1, -1, -1).clone()
    contrasts, ridges = contrasts_of(kernel, l2)
    # Padding leads to a feature vector of zeros, which moves nothing, and to a class of no row.
    padded_features = torch.cat([features, torch.zeros(1, dim)])
    padded_index = torch.from_numpy(np.append(index, len(features)).astype(np.int64))
    padded_classes = torch.from_numpy(np.append(values, n_classes))
    one_hot = torch.eye(n_classes + 1, n_classes)
    for rows, entries in batches_by_length(offsets, lambda n: np.maximum(n, n_classes * dim) * dim):
        weights[torch.from_numpy(rows)] = prior + _ascend(
            padded_features[padded_index[entries]],
            one_hot[padded_classes[entries]],
            prior,
            contrasts,
            ridges,
            steps,
        )
    return weights


def contrasts_of(kernel: Tensor, l2: float) -> tuple[Tensor, Tensor]:
    """The directions in which a fit falls apart into one ridge regression each.

    Only contrasts between classes matter, and these are those of the kernel.

    Args:
        kernel: float32[n_classes, n_classes], covariance of the classes.
        l2: strength of the pull to the prior.

    Returns:
        float32[n_classes, n_classes - 1] directions, and float32[n_classes - 1] ridges.
    """
    n_classes = len(kernel)
    centre = torch.eye(n_classes, dtype=torch.float64) - 1 / n_classes
    variances, contrasts = torch.linalg.eigh(centre @ kernel.double() @ centre)
    ridges = l2 / variances[1:].round(decimals=9)  # equal ones share a factorisation
    return contrasts[:, 1:].float(), ridges.float()


def _ascend(
    x: Tensor, targets: Tensor, prior: Tensor, contrasts: Tensor, ridges: Tensor, steps: int
) -> Tensor:
    """float32[n, n_classes, dim], the difference of the weights from the prior."""
    gram = 0.5 * (x.mT @ x)
    eye = torch.eye(x.shape[2])
    distinct, ridge_index = torch.unique(ridges, return_inverse=True)
    factors = [torch.linalg.cholesky(gram + ridge * eye) for ridge in distinct]
    prior_logits = x @ prior.T
    current = previous = torch.zeros(len(x), len(ridges), x.shape[2])  # by contrast
    for step in range(steps):
        ahead = current + (step / (step + 3)) * (current - previous)  # Nesterov's acceleration
        residuals = targets - torch.softmax(prior_logits + x @ (contrasts @ ahead).mT, 2)
        slope = (residuals @ contrasts).mT @ x - ridges[:, None] * ahead
        previous, current = current, ahead
        for n, factor in enumerate(factors):
            same = ridge_index == n
            current[:, same] += torch.cholesky_solve(slope[:, same].mT, factor).mT
    return contrasts @ current
