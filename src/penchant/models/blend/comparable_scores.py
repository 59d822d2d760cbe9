"""Scores of different models on one scale: standardised, or as reciprocal ranks."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.data.histories import Histories
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.typing import Bool, Float32, Float64

Normalisation = Literal["standardised", "reciprocal-rank"]

_RANK_OFFSET = 60  # as in Cormack et al. (2009)
_NEGLIGIBLE = 1e-6  # a spread below this share of the largest score is rounding


def listable_items(users: Histories, repeats: Repeats) -> Bool:
    """bool[n_users, n_items], true where a user's list may hold an item."""
    listable = np.full((len(users), users.n_items), repeats != "only")
    if repeats != "allowed":
        listable.reshape(-1)[users.pairs] = repeats == "only"
    return listable


def comparable_scores_of(
    model: Recommender,
    users: Histories,
    listable: Bool,
    normalisation: Normalisation,
    scores: Float32 | None = None,
) -> Float32:
    """float32[n_users, n_items], 0 for users of whom the model knows nothing.

    Scores are rescaled by the items that can be recommended; those that are the same for everybody
    by all items, so that they stay the same.

    Args:
        model: a fitted model.
        users: whose scores.
        listable: bool[n_users, n_items], see `listable_items`.
        normalisation: see `comparable`.
        scores: what the model says of the users, where that is at hand.
    """
    among = np.ones_like(listable) if model.signal == "popularity" else listable
    found = comparable(model.scores(users) if scores is None else scores, among, normalisation)
    found[~model.has_evidence(users)] = 0
    return found


def comparable(scores: Float32, among: Bool, normalisation: Normalisation) -> Float32:
    """float32[n_users, n_items], scores that can be added to those of other models.

    Args:
        scores: float32[n_users, n_items]; -inf, which means never, stays.
        among: bool[n_users, n_items], the items that decide how a user's scores are rescaled.
        normalisation: `standardised` takes off the user's mean and divides by the standard
            deviation; `reciprocal-rank` is 1 / (60 + rank), where equal scores share the best
            rank: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion Outperforms Condorcet and
            Individual Rank Learning Methods" (2009).
    """
    among = among & np.isfinite(scores)
    if normalisation == "reciprocal-rank":
        return _reciprocal_ranks(scores, among)
    mean, spread = means_and_spreads(scores, among)
    factor = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    # Scores that are all equal become 0, not a spread of 1 made of rounding.
    flat = spread == 0
    scaled = (scores - mean.astype(np.float32)[:, None]) * factor.astype(np.float32)[:, None]
    if flat.any():
        scaled[flat] = 0
    scaled[np.isneginf(scores)] = -np.inf
    return np.asarray(scaled, np.float32)


def means_and_spreads(scores: Float32, among: Bool) -> tuple[Float64, Float64]:
    """Mean and standard deviation of each row's scores, float64[n_users] each.

    The latter is 0 where scores are equal but for rounding.

    Args:
        scores: float32[n_users, n_items].
        among: bool[n_users, n_items], the items that count, whose scores are finite.
    """
    count = np.maximum(among.sum(axis=1), 1)
    some = np.where(among, scores, np.float32(0))
    largest = np.abs(some).max(axis=1, initial=0).astype(np.float64)
    mean = some.sum(axis=1, dtype=np.float64) / count
    # From the mean, so that what is common to all scores takes no digits from the squares.
    apart = np.where(among, some - mean.astype(np.float32)[:, None], np.float32(0))
    spread = np.sqrt(np.square(apart).sum(axis=1, dtype=np.float64) / count)
    spread[spread <= _NEGLIGIBLE * largest] = 0
    return mean, spread


def _reciprocal_ranks(scores: Float32, among: Bool) -> Float32:
    ranks = np.empty(scores.shape, np.float32)
    for row, (values, chosen) in enumerate(zip(scores, among, strict=True)):
        order = np.argsort(-values)
        ordered, counts = values[order], chosen[order]
        better = np.cumsum(counts) - counts  # of those that count, before each place
        begins = np.append(True, ordered[1:] != ordered[:-1])
        ranks[row, order] = better[begins][np.cumsum(begins) - 1]
    found = np.float32(1) / (np.float32(_RANK_OFFSET + 1) + ranks)
    found[np.isneginf(scores)] = -np.inf
    return np.asarray(found, np.float32)
