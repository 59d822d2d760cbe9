"""Softmax regressions for many users at once, each on a few of the same feature vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.typing import Int32, Int64

_CELLS = 2**22  # floats gathered at once: rows × length × dimensions


def fit_softmax_rows(
    offsets: Int64,
    index: Int32,
    values: Int64,
    features: Tensor,
    prior: Tensor,
    kernel: Tensor,
    l2: float,
    *,
    steps: int = 10,
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
        steps: how many steps; their number never depends on who else is fitted.

    Returns:
        float32[n_rows, n_classes, dim].
    """
    counts = np.diff(offsets)
    n_classes, dim = prior.shape
    out = prior.expand(len(counts), -1, -1).clone()
    # Only contrasts between classes matter, and in the directions of the kernel's contrasts the
    # bound falls apart into one ridge regression each.
    centre = torch.eye(n_classes, dtype=torch.float64) - 1 / n_classes
    spread, turn = torch.linalg.eigh(centre @ kernel.double() @ centre)
    turn = turn[:, 1:].float()
    ridges = (l2 / spread[1:].round(decimals=9)).float()  # equal ones share a factorisation
    padded = torch.cat([features, torch.zeros(1, dim)])
    order = np.argsort(counts, kind="stable")
    order = order[np.searchsorted(counts[order], 1) :]
    start = 0
    while start < len(order):
        lengths = counts[order[start : start + 4096]]
        cells = np.arange(1, len(lengths) + 1) * np.maximum(lengths, n_classes * dim) * dim
        stop = start + max(1, int(np.searchsorted(cells, _CELLS, side="right")))
        rows = order[start:stop]
        place = np.arange(counts[rows[-1]])
        inside = place < counts[rows][:, None]
        flat = np.where(inside, offsets[rows][:, None] + place, 0)
        x = padded[torch.from_numpy(np.where(inside, index[flat], len(features)))]
        truth = torch.zeros(*inside.shape, n_classes)
        truth.scatter_(2, torch.from_numpy(values[flat])[:, :, None], 1.0)
        out[torch.from_numpy(rows)] = prior + _climb(
            x, truth * torch.from_numpy(inside)[:, :, None], prior, turn, ridges, steps
        )
        start = stop
    return out


def _climb(
    x: Tensor, truth: Tensor, prior: Tensor, turn: Tensor, ridges: Tensor, steps: int
) -> Tensor:
    """float32[n, n_classes, dim], how far the weights lie from the prior.

    Padding has x = 0, so that it moves nothing whatever its truth.
    """
    gram = 0.5 * (x.mT @ x)
    eye = torch.eye(x.shape[2])
    distinct, which = torch.unique(ridges, return_inverse=True)
    factors = [torch.linalg.cholesky(gram + ridge * eye) for ridge in distinct]
    base = x @ prior.T
    found = before = torch.zeros(len(x), len(ridges), x.shape[2])  # by direction
    for step in range(steps):
        ahead = found + (step / (step + 3)) * (found - before)  # Nesterov's acceleration
        rest = truth - torch.softmax(base + x @ (turn @ ahead).mT, 2)
        slope = (rest @ turn).mT @ x - ridges[:, None] * ahead
        before, found = found, ahead
        for n, factor in enumerate(factors):
            mine = which == n
            found[:, mine] += torch.cholesky_solve(slope[:, mine].mT, factor).mT
    return turn @ found
