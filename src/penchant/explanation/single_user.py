"""Explanations for one user."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError, UnknownIdError
from penchant.explanation.attributes import by_attributes
from penchant.explanation.events import by_events
from penchant.explanation.explanation import Explanation
from penchant.explanation.popularity import by_popularity, fallback_places
from penchant.models import spec_of
from penchant.models.base import Recommender
from penchant.models.protocols import ExplainsAttributes
from penchant.topk import require_length
from penchant.typing import Bool, Float32, Int32


def explain(model: Recommender, user: Id | Histories, item: Id, *, k: int = 5) -> Explanation:
    """Say which events of a history, and which attributes of an item, speak for it.

    For models that are `Explains` (EASE, item neighbours, iALS) this is exact: the contributions
    of all events add up to the score, but for biases. For models that are `ExplainsAttributes`
    (networks over genres) it is what each attribute does to the score, and which liked events
    share the attributes that speak for the item. Other models are asked again without each item
    of the history in turn. A model whose order of items does not depend on the history is said to
    be so, and gets no reasons. Where the model has no evidence, and popularity answers, the
    sentence says how many users had the item.

    Args:
        model: a fitted model.
        user: the id of a known user, or the history of one (see `model.history`).
        item: the item to explain.
        k: how many reasons at most; attributes are all given.

    Raises:
        UnknownIdError: the user or the item is not known to the model.
        ParameterError: k is below 1, or the histories are of several users.

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> pn.explain(model, 1, 19, k=2).sentence
        'because you liked Item number 9 and Item number 5'
    """
    require_length(k, "the number of reasons")
    history = user if isinstance(user, Histories) else model.histories_of([user])
    if len(history) != 1:
        raise ParameterError(
            f"One explanation is for one user, and {len(history)} histories were given: use "
            "explain_lists for many."
        )
    index = int(model.items_.indices([item])[0]) if model.is_fitted else -1
    scores = model.scores(history)[0]
    if index < 0:
        raise UnknownIdError(f"The model does not know the item {item!r}.")
    items = np.array([index], np.int32)
    fallback = fallback_places(model, history, scores, items)
    return explanations(model, history, scores, items, k, fallback)[0]


def explanations(
    model: Recommender,
    history: Histories,
    scores: Float32,
    items: Int32,
    k: int,
    fallback: Bool,
) -> list[Explanation]:
    """One explanation for each item index, for the one user of `history`.

    Args:
        model: a fitted model.
        history: what is known of the user.
        scores: float32[n_items in the vocabulary], the model's scores for this user.
        items: the items to explain.
        k: how many events of the history at most for each.
        fallback: bool[n], at which items popularity answers in place of the model.
    """
    explain_items = by_attributes if isinstance(model, ExplainsAttributes) else by_events
    popular = iter(by_popularity(model, history, scores, items[fallback]))
    rest = items[~fallback]
    own = iter(explain_items(model, history, scores, rest, k) if len(rest) else ())
    reasons_of_items = [next(popular if place else own) for place in fallback]
    name, titles = spec_of(model), model.item_titles.of(items)
    ids = [model.items_[item] for item in items]
    user = model.users_.take(history.users)[0] if history.users[0] >= 0 else None
    return [
        Explanation(
            model=name,
            user=user,
            item=ids[n],
            title=title,
            score=None if fallback[n] else float(scores[items[n]]),
            reasons=reasons.reasons,
            attributes=reasons.attributes,
            rest=reasons.rest,
            method=reasons.method,
            sentence=reasons.sentence,
        )
        for n, (reasons, title) in enumerate(zip(reasons_of_items, titles, strict=True))
    ]
