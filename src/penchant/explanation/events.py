"""What each event of the history adds to a score."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.data.target import default_like_threshold
from penchant.explanation.explanation import ItemReasons, Method, Reason
from penchant.explanation.removal import as_new, removal_effects
from penchant.explanation.sentences import events_sentence, had_clause, unpersonalised_sentence
from penchant.models.base import Recommender
from penchant.models.protocols import Explains, ExplainsByNeighbours, ExplainsByRemoval
from penchant.typing import Bool, Float32, Float64, Int32, Int64


def by_events(
    model: Recommender, history: Histories, scores: Float32, items: Int32, k: int
) -> list[ItemReasons]:
    """What speaks for each item, from the events' contributions or by leaving each out."""
    contributions, source = _contributions(model, history, scores, items)
    of_others = "had it, too" if model.learns_interactions else "rated it well"
    reasons_of_items = []
    for row, item in enumerate(items):
        rest = None
        reasons: tuple[Reason, ...] = ()
        if contributions is not None:
            reasons = _strongest_events(model, history, contributions[row], int(item), k)
        if contributions is None or not np.isfinite(scores[item]):
            sentence = unpersonalised_sentence(
                model, scores, int(item), source, empty=not history.n_events
            )
        else:
            sentence = events_sentence(
                reasons,
                had=had_clause(history, int(item), contributions[row]),
                seen=bool((history.items == item).any()),
                rated=history.ratings is not None,
                others=of_others if source == "neighbours" else "",
            )
        if contributions is not None and source in ("contributions", "neighbours"):
            rest = float(scores[item] - contributions[row].sum())
        reasons_of_items.append(ItemReasons(source, sentence, reasons, rest=rest))
    return reasons_of_items


def reasons_of(
    model: Recommender,
    history: Histories,
    weights: Float64,
    best: Int64,
    liked: Bool,
) -> tuple[Reason, ...]:
    """The reasons that some events are.

    Args:
        model: the model.
        history: of one user.
        weights: float64[n_events], how much each event speaks for the item, none below 0.
        best: the events to name, in this order.
        liked: bool[n_events], which of them have a rating that is a like.
    """
    titles = model.item_titles.of(history.items[best])
    ids = [model.items_[item] for item in history.items[best]]
    total = weights.sum()
    return tuple(
        Reason(
            item=ids[n],
            title=title,
            contribution=float(weights[event]),
            share=float(weights[event] / total),
            rating=None if history.ratings is None else float(history.ratings[event]),
            liked=bool(liked[event]),
        )
        for n, (event, title) in enumerate(zip(best, titles, strict=True))
    )


def citable_events(model: Recommender, history: Histories) -> Bool:
    """bool[n_events], false where a rating is below that of a like, in whatever the model learns.

    What somebody rated low is no reason that anybody would accept, though a model that learns
    from interactions may count it as one.
    """
    known = model.histories_.ratings
    threshold = history.positive
    if history.ratings is None or known is None or not len(known):
        return np.ones(history.n_events, np.bool_)
    if threshold is None:
        threshold = default_like_threshold((float(known.min()), float(known.max())))
    return np.asarray(history.ratings >= np.float32(threshold))


def liked_by_rating(model: Recommender, history: Histories) -> Bool:
    """bool[n_events]: in the upper half of all ratings' range and not below the user's mean."""
    known = model.histories_.ratings
    if history.ratings is None or known is None or not len(known) or not history.n_events:
        return np.zeros(history.n_events, bool)
    middle = (float(known.min()) + float(known.max())) / 2
    # Without the small amount a mean of equal ratings could come out above all of them.
    mean = history.ratings.mean(dtype=np.float64) - 1e-6
    return np.asarray((history.ratings > middle) & (history.ratings >= mean))


def _contributions(
    model: Recommender, history: Histories, scores: Float32, items: Int32
) -> tuple[Float64 | None, Method]:
    """float64[n_items, n_events], what each event adds to each score, and where that is from.

    None where the history plays no part.
    """
    if isinstance(model, Explains) and model.has_contributions:
        exact = model.contributions(history, items).astype(np.float64)
        return (exact if history.n_events else None), "contributions"
    if model.signal == "nothing":
        return None, "same for everyone" if np.ptp(scores) == 0 else "random"
    if not history.n_events:
        return None, "same for everyone"
    if isinstance(model, ExplainsByNeighbours):
        return model.neighbour_contributions(history, items).astype(np.float64), "neighbours"
    drops = removal_effects(model, history, scores, items)
    if drops is not None:
        return drops, "leave-one-out"
    if history.users[0] >= 0:
        # A model that has learned a vector for each known user keeps it whatever the history.
        # As a new user with the same history, the user gets one from the history.
        new = as_new(history)
        # What says itself what is lost needs scores for their range alone.
        own = scores if isinstance(model, ExplainsByRemoval) else model.scores(new)[0]
        drops = removal_effects(model, new, own, items)
    return drops, "same for everyone" if drops is None else "leave-one-out as new"


def _strongest_events(
    model: Recommender, history: Histories, contributions: Float64, item: int, k: int
) -> tuple[Reason, ...]:
    """The k largest positive contributions of events that are no dislikes.

    An item is never a reason for itself, and is a reason once, with all of its events, unless the
    last of them is a dislike.
    """
    positive = np.where(history.items == item, 0, np.maximum(contributions, 0))
    is_citable = citable_events(model, history)
    citable = np.where(is_citable, positive, 0)
    if not history.is_latest.all():
        own, place = np.unique(history.items, return_inverse=True)
        total = np.bincount(place, citable, minlength=len(own))
        citable = np.where(history.is_latest & is_citable, total[place], 0)
    best = np.argsort(-citable, kind="stable")[:k]
    best = best[citable[best] > 1e-6 * np.abs(contributions).max(initial=0)]
    return reasons_of(model, history, citable, best, liked_by_rating(model, history))
