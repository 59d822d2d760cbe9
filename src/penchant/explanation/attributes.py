"""What each attribute of an item adds to its score, and what of the history shares it."""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np

from penchant.data.histories import Histories
from penchant.data.target import Like
from penchant.explanation.events import liked_by_rating, reasons_of
from penchant.explanation.explanation import AttributeReason, ItemReasons, Method, Reason
from penchant.explanation.removal import NEGLIGIBLE
from penchant.explanation.sentences import attributes_sentence, unpersonalised_sentence
from penchant.models.attributes.profiles import liked_events
from penchant.models.base import Recommender
from penchant.models.protocols import ExplainsAttributes, RatesRows
from penchant.typing import Bool, Csr, Float32, Float64, Int32, UInt8


class _AttributeModel(ExplainsAttributes, Protocol):
    """What a model that is `ExplainsAttributes` has learned of items.

    Attributes:
        attributes_: the names of the attributes.
        item_attributes_: of 0 and 1, [n_items, n_attributes], dense or sparse.
    """

    attributes_: list[str]
    item_attributes_: UInt8 | Csr


def by_attributes(
    model: Recommender, history: Histories, scores: Float32, items: Int32, k: int
) -> list[ItemReasons]:
    """What speaks for each item: its attributes, and liked events that share the best of them."""
    attribute_model = cast(_AttributeModel, model)
    matrix = attribute_model.item_attributes_
    own = _rows(matrix, items)
    effects = attribute_model.attribute_effects(history, items).astype(np.float64)
    finite = scores[np.isfinite(scores)]
    negligible = NEGLIGIBLE * float(np.ptp(finite)) if len(finite) else 0.0
    personal = _is_personal(model, history, scores, negligible)
    method: Method = "attributes" if personal else "same for everyone"
    liked, carried = _likes(model, history), _rows(matrix, history.items)
    rated, likes = carried.sum(axis=0), (carried & liked[:, None]).sum(axis=0)
    reasons_of_items = []
    for item, effect, mine in zip(items, effects, own, strict=True):
        has = np.flatnonzero(mine)
        has = has[np.argsort(-effect[has], kind="stable")]
        attributes = tuple(
            AttributeReason(
                attribute_model.attributes_[a], float(effect[a]), int(rated[a]), int(likes[a])
            )
            for a in has
        )
        if not personal or not np.isfinite(scores[item]):
            sentence = unpersonalised_sentence(
                model, scores, int(item), method, empty=not history.n_events
            )
            reasons_of_items.append(ItemReasons(method, sentence, attributes=attributes))
            continue
        positive_effects = np.where(mine & (effect > negligible), effect, 0)
        candidates = liked & history.is_latest & (history.items != item)
        reasons = _shared(model, history, carried, positive_effects, mine, candidates, k)
        sentence = attributes_sentence(
            attributes,
            reasons,
            negligible=negligible,
            rated=history.ratings is not None,
            seen=bool((history.items == item).any()),
        )
        reasons_of_items.append(ItemReasons(method, sentence, reasons, attributes))
    return reasons_of_items


def _rows(matrix: UInt8 | Csr, items: Int32) -> Bool:
    """bool[n, n_attributes], the attributes of some items."""
    rows = matrix[items]
    return np.asarray(rows if isinstance(rows, np.ndarray) else rows.toarray(), np.bool_)


def _is_personal(
    model: Recommender, history: Histories, scores: Float32, negligible: float
) -> bool:
    """Whether the order of items is another one than without the history."""
    if not history.n_events:
        return False
    nobody = model.scores(Histories.of([], n_items=history.n_items))[0]
    finite = np.isfinite(scores) & np.isfinite(nobody)
    own = scores[finite].astype(np.float64) - nobody[finite]
    return bool(len(own) and np.ptp(own) > negligible)


def _likes(model: Recommender, history: Histories) -> Bool:
    """bool[n_events]: what the model takes for a like."""
    if isinstance(model, RatesRows) and isinstance(model.target, Like):
        return liked_events(history, model.target) > 0
    return liked_by_rating(model, history)


def _shared(
    model: Recommender,
    history: Histories,
    carried: Bool,
    positive_effects: Float64,
    own: Bool,
    candidates: Bool,
    k: int,
) -> tuple[Reason, ...]:
    """The k events that share most of what speaks for an item.

    Args:
        model: the model.
        history: of one user.
        carried: bool[n_events, n_attributes], the attributes of each event's item.
        positive_effects: float64[n_attributes], effects that speak for the item, otherwise 0.
        own: bool[n_attributes], the item's attributes.
        candidates: bool[n_events], the events that may be a reason.
        k: how many at most.
    """
    # Row by row in one order, so that events with the same attributes weigh exactly the same.
    weights = np.where(candidates, (carried * positive_effects).sum(axis=1), 0.0)
    alike = (carried & own).sum(axis=1) / np.maximum((carried | own).sum(axis=1), 1)
    order = np.lexsort((-np.arange(len(weights)), -alike, -weights))
    best = order[weights[order] > 0][:k]
    liked = candidates if history.ratings is not None else np.zeros_like(candidates)
    return reasons_of(model, history, weights, best, liked)
