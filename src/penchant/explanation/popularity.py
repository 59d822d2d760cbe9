"""Why an item is listed for which the model has no evidence: because it is popular."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.explanation.explanation import ItemReasons
from penchant.models.base import Recommender
from penchant.typing import Bool, Float32, Int32


def fallback_places(model: Recommender, history: Histories, scores: Float32, items: Int32) -> Bool:
    """bool[n], whether popularity, and not the model, decides where each item stands.

    Args:
        model: a fitted model.
        history: of one user.
        scores: float32[n_items in the vocabulary], the model's scores for this user.
        items: int32[n], the items in question; other items of the history do not count.
    """
    ranked = scores.copy()
    ranked[np.setdiff1d(history.items, items)] = -np.inf
    values, seen = scores[None, items], scores[history.items]
    places: Bool = model.fallback.places(history, ranked[None], values, seen)[0]
    return places


def by_popularity(
    model: Recommender, history: Histories, scores: Float32, items: Int32
) -> list[ItemReasons]:
    """How many users had each item, and why the model has nothing to say of it."""
    log = model.histories_
    n_users = int((log.lengths > 0).sum())
    had = "had it" if log.positive is None else "liked it"
    cause = _cause(model, history, scores)
    return [
        ItemReasons("popularity", f"popular: {n:,} of {n_users:,} users {had} ({cause})")
        for n in log.user_counts[items].tolist()
    ]


def _cause(model: Recommender, history: Histories, scores: Float32) -> str:
    """Why the order of a user's items is not the model's."""
    if not history.n_events:
        return "your history is empty"
    if not model.has_evidence(history)[0]:
        return "the model can use nothing of your history"
    finite = scores[np.isfinite(scores)]
    if len(finite) and np.ptp(finite) == 0:
        return "the model gives every item the same score"
    return "nothing in your history says anything of it"
