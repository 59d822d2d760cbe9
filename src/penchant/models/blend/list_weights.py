"""Non-negative weights of models whose lists are blended, fitted on held-out events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from penchant.metrics import NDCG, Ranked
from penchant.typing import AnyInt, Bool, Float32, Float64, Int64

K = 10
"""The length of the lists that weights are judged by."""
NEVER = -1e6
"""The score of candidates that a model never recommends."""
_L2 = 1e-3  # on weights, so that models that say the same share them
_STEPS = 200
_SWEEPS = 4
_FACTORS = (0.0, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0)  # by which a weight is tried
_LEAST_GAIN = 1e-5  # of nDCG, for which weights are changed


@dataclass(frozen=True, eq=False)
class Candidates:
    """What models say of the items that their lists begin with, and which of these were right.

    Attributes:
        scores: float32[n_models, n_users, width], comparable scores; 0 beyond a user's candidates.
        there: bool[n_users, width], which places are candidates.
        relevant: bool[n_users, width], which are held-out items.
        n_relevant: int64[n_users], held-out items of each user.
    """

    scores: Float32
    there: Bool
    relevant: Bool
    n_relevant: Int64

    @property
    def n_models(self) -> int:
        """The number of models."""
        return len(self.scores)

    def ndcg(self, weights: Float64) -> float:
        """Mean nDCG@10 of lists by the weighted sum of scores.

        Equal sums are put in the order of places, which says nothing.
        """
        return self.ndcg_of(np.tensordot(weights.astype(np.float32), self.scores, 1))

    def ndcg_of(self, sums: Float32) -> float:
        """Mean nDCG@10 of lists by float32[n_users, width] scores."""
        sums = np.where(self.there, sums, np.float32(-np.inf))
        k = min(K, sums.shape[1])
        best: AnyInt = np.argpartition(-sums, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(sums, best, 1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, 1)
        hits = np.take_along_axis(self.relevant, best, 1)
        hits = np.pad(hits, ((0, 0), (0, K - k)))
        lists = np.full(hits.shape, -1, np.int32)
        ranked = Ranked(lists, hits, self.n_relevant, np.arange(K, dtype=np.float64)[None])
        return float(np.mean(NDCG(K)(ranked)))


def fit_list_weights(candidates: Candidates) -> tuple[Float64, float]:
    """The weights of highest nDCG@10, float64[n_models] that sum to 1, and that nDCG@10.

    A softmax over the candidates of each user (`softmax_weights`), each model alone and equal
    weights are where coordinate ascent begins, which changes one weight after the other as long as
    nDCG@10 rises: Metzler and Croft, "Linear Feature-Based Models for Information Retrieval"
    (2007), section 5.2.
    """
    n = candidates.n_models
    starts = [np.full(n, 1 / n), *np.eye(n)]
    if n > 1:
        starts.append(softmax_weights(candidates))
    values = [candidates.ndcg(start) for start in starts]
    best = int(np.argmax(values))
    return _ascend(candidates, starts[best], values[best])


def softmax_weights(candidates: Candidates) -> Float64:
    """float64[n_models], non-negative weights under which held-out items are likeliest.

    Each user's held-out items are drawn from the softmax of the weighted sums over the candidates:
    Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach" (2007).
    """
    n = candidates.n_models
    scores = candidates.scores.reshape(n, -1)
    shape = candidates.there.shape
    relevant: Float64 = candidates.relevant.astype(np.float64)
    share = relevant / np.maximum(relevant.sum(axis=1, keepdims=True), 1)
    used: Bool = np.asarray(candidates.relevant.any(axis=1))
    users = max(int(used.sum()), 1)
    target = np.asarray(share, np.float32)
    # Scores of unlike size, such as reciprocal ranks, would make steps of unlike length.
    usual = np.where(candidates.there.reshape(-1) & (scores > NEVER), scores, np.float32(0))
    squares = np.square(usual).sum(axis=1, dtype=np.float64) / max(int(candidates.there.sum()), 1)
    size = np.maximum(np.sqrt(squares), 1e-9)

    def loss(scaled: Float64) -> tuple[float, Float64]:
        weights = scaled / size
        sums = (weights.astype(np.float32) @ scores).reshape(shape)
        sums = np.where(candidates.there, sums, np.float32(-np.inf))
        top = sums.max(axis=1, keepdims=True)
        odds = np.exp(sums - top)
        total = odds.sum(axis=1, keepdims=True)
        logs = np.where(candidates.there, sums - top - np.log(total), np.float32(0))
        value = -float((target * logs).sum(dtype=np.float64)) / users
        slope = np.where(used[:, None], odds / total - target, np.float32(0)).reshape(-1)
        slopes = (scores @ slope).astype(np.float64) / users / size
        return value + _L2 / 2 * float(scaled @ scaled), slopes + _L2 * scaled

    found = minimize(
        loss,
        np.full(n, 1 / n),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * n,
        options={"maxiter": _STEPS},
    )
    weights = np.asarray(found.x / size, np.float64)
    return _summing_to_one(weights)


def _ascend(candidates: Candidates, weights: Float64, value: float) -> tuple[Float64, float]:
    weights = weights.copy()
    for _ in range(_SWEEPS):
        before = value
        for model in np.argsort(-weights, kind="stable").tolist():
            rest = weights.copy()
            rest[model] = 0
            others = np.tensordot(rest.astype(np.float32), candidates.scores, 1)
            now = weights[model] or 0.1 * weights.max()
            for factor in sorted({*_FACTORS, *([] if weights[model] else [1.0])}):
                tried = factor * now
                if not tried and not rest.any():
                    continue
                reached = candidates.ndcg_of(others + np.float32(tried) * candidates.scores[model])
                if reached > value + _LEAST_GAIN:
                    value, weights[model] = reached, tried
        weights = _summing_to_one(weights)
        if value <= before + _LEAST_GAIN:
            break
    return weights, value


def _summing_to_one(weights: Float64) -> Float64:
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
