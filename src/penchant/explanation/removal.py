"""How scores fall when items are left out of a history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.histories import Histories
from penchant.data.left_out import without
from penchant.models.base import Recommender
from penchant.models.protocols import ExplainsByRemoval
from penchant.topk import blocks
from penchant.typing import Float32, Float64, Int32

NEGLIGIBLE = 1e-5
"""What moves a score by less than this, relative to the range of all scores, does not move it."""

_LEFT_OUT = 100  # at most so many items are left out of a history in turn, the latest ones
_TYPICAL = 100  # items from which it is told how far a typical score falls
_BEST = 10  # items of the highest scores, which a history that plays any part has moved


def removal_effects(
    model: Recommender, history: Histories, scores: Float32, items: Int32
) -> Float64 | None:
    """float64[n_items, n_events], how each score falls without an item of the history.

    What a typical score falls by is subtracted, for it says nothing of any one item. Of the events
    with one item the last has it all. None where leaving an item out never changes the order of
    scores.

    Args:
        model: a fitted model.
        history: of one user.
        scores: float32[n_items in the vocabulary], the model's scores for this user.
        items: the items in question.
    """
    finite = np.flatnonzero(np.isfinite(scores))
    if not len(finite) or not history.n_events:
        return None
    negligible = NEGLIGIBLE * float(np.ptp(scores[finite]))
    rng = np.random.default_rng(0)
    typical = finite if len(finite) <= _TYPICAL else rng.choice(finite, _TYPICAL, replace=False)
    best = finite[np.argpartition(-scores[finite], min(_BEST, len(finite) - 1))[:_BEST]]
    asked = np.concatenate([items, best, typical]).astype(np.int32)
    if isinstance(model, ExplainsByRemoval):
        falls = model.removal_effects(history, asked).astype(np.float64)
    else:
        falls = _scored_again(model, history, scores, asked)
    falls[~np.isfinite(falls)] = 0
    # Of a large catalogue a history may move few scores, and none of those that were drawn.
    if not (np.ptp(falls, axis=0) > negligible).any():
        return None
    of_typical = falls[len(items) + len(best) :]
    drops: Float64 = falls[: len(items)] - np.median(of_typical, axis=0)
    return np.where(history.is_latest, drops, 0)


def _scored_again(model: Recommender, history: Histories, scores: Float32, asked: Int32) -> Float64:
    """float64[n_asked, n_events], the falls of scores, by asking the model again."""
    last = np.flatnonzero(history.is_latest)[-_LEFT_OUT:]
    batch = without(history, [history.items[event : event + 1] for event in last])
    falls = np.zeros((len(asked), history.n_events))
    for start, stop in blocks(len(batch), history.n_items):
        again = model.item_scores(batch.block(start, stop), asked).astype(np.float64)
        falls[:, last[start:stop]] = (scores[asked] - again).T
    return falls


def as_new(history: Histories) -> Histories:
    """The same history, of somebody whom the log does not know."""
    return replace(history, users=np.full(len(history), -1, np.int32))
