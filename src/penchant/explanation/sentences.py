"""Turn reasons into sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.data.histories import Histories
from penchant.explanation.explanation import AttributeReason, Method, Reason
from penchant.models.base import Recommender
from penchant.models.baselines import RecentPopular
from penchant.results.formatting import join_names
from penchant.typing import Float32, Float64

WORTH_NAMING = 0.1
"""Of the strongest effect for an item: weaker ones are not named in words."""

_NAMED = 3  # attributes that a sentence names, at most
_STRONG = 0.5  # of the strongest effect for an item: weaker effects against it are not named


def had_clause(history: Histories, item: int, contributions: Float64) -> str:
    """How often an item was had, where that speaks for it; nothing where it does not.

    Args:
        history: of one user.
        item: the item.
        contributions: float64[n_events], what each event adds to the item's score.
    """
    own = history.items == item
    positive = np.maximum(contributions, 0)
    if positive[own].sum() <= WORTH_NAMING * positive.sum():
        return ""
    if history.baskets is None:
        times = int(own.sum())
        return f"you have had it{f' {times:,} times' if times > 1 else ''}"
    n_baskets = len(np.unique(history.basket_numbers))
    n_own = len(np.unique(history.basket_numbers[own]))
    noun = "session" if history.in_sessions else "basket"
    of_them = f"your one {noun}" if n_baskets == 1 else f"{n_own:,} of your {n_baskets:,} {noun}s"
    return f"you had it in {of_them}"


def events_sentence(
    reasons: tuple[Reason, ...],
    *,
    had: str = "",
    seen: bool,
    rated: bool,
    others: str = "",
) -> str:
    """The reasons in words: only what was rated well is called liked.

    Args:
        reasons: what speaks for the item.
        had: how often it was had, where that speaks for it; see `had_clause`.
        seen: whether the history has it.
        rated: whether the history has ratings.
        others: what those did with the item who share the reasons with the user, such as `had it`,
            where it is they who speak for it.
    """
    if had and not reasons:
        return f"because {had}"
    if not reasons:
        what = "that you rated well" if rated else "in your history"
        return f"{_seen_clause(seen)}nothing {what} speaks for it"
    if others:
        names = join_names([reason.title for reason in reasons])
        clause = f"people who had {names}, as you did, {others}"
    else:
        clause = f"you {'also ' if had else ''}{_deeds(reasons)}"
    if had:
        return f"because {had}; {clause}"
    return f"{_seen_clause(seen)}because {clause}"


def _deeds(reasons: tuple[Reason, ...]) -> str:
    """What somebody did with items, such as `liked A, and rated B and C with 4`."""
    liked = [r.title for r in reasons if r.liked]
    by_rating: dict[str, list[str]] = {}
    for reason in reasons:
        if not reason.liked and reason.rating is not None:
            by_rating.setdefault(f"{reason.rating:g}", []).append(reason.title)
    plain = [r.title for r in reasons if not r.liked and r.rating is None]
    clauses = [f"liked {join_names(liked)}"] if liked else []
    ratings = [f"{join_names(titles)} with {rating}" for rating, titles in by_rating.items()]
    if ratings:
        clauses.append(f"rated {join_names(ratings)}")
    if plain:
        clauses.append(f"had {join_names(plain)}")
    return ", and ".join(clauses)


def attributes_sentence(
    attributes: tuple[AttributeReason, ...],
    reasons: tuple[Reason, ...],
    *,
    negligible: float,
    rated: bool,
    seen: bool,
) -> str:
    """What speaks for an item and strongly against it, and what the history has of that.

    Args:
        attributes: those of the item, in the order of their effects.
        reasons: liked events that share what speaks for it.
        negligible: effects up to this size say nothing.
        rated: whether the history has ratings.
        seen: whether the history has the item.
    """
    if not attributes:
        return f"{_seen_clause(seen)}the model knows no attribute of it that could speak for it"
    strongest = attributes[0].effect
    speaks = [a for a in attributes if a.effect > max(negligible, WORTH_NAMING * strongest)]
    strong = max(negligible, _STRONG * strongest)
    against = [a for a in reversed(attributes) if a.effect < -strong]
    if not speaks and not against:
        names = join_names([a.name for a in attributes])
        return f"{_seen_clause(seen)}that it is {names} says nothing for or against it"
    clauses = ["none of its attributes speaks for it"]
    if speaks:
        clauses = [f"it is {join_names([a.name for a in speaks[:_NAMED]])}"]
        clauses.append(_history_clause(speaks[:_NAMED], reasons, rated))
    if against:
        clauses.append(_objection_clause(against[:_NAMED], rated))
    return _seen_clause(seen) + "; ".join(clauses)


def _history_clause(
    speaks: Sequence[AttributeReason], reasons: tuple[Reason, ...], rated: bool
) -> str:
    """How much of what speaks for an item was had and liked, with examples."""
    had = [a for a in speaks if a.rated]
    if not had:
        return f"nothing in your history is {join_names([a.name for a in speaks], 'or')}"
    if rated:
        clause = f"you liked {join_names([_liked_count(a) for a in had])} items"
    else:
        clause = f"{join_names([f'{a.rated:,} {a.name}' for a in had])} items are in your history"
    if reasons:
        clause += f", such as {join_names([r.title for r in reasons])}"
    return clause


def _objection_clause(against: Sequence[AttributeReason], rated: bool) -> str:
    names = join_names([a.name for a in against])
    clause = f"{names} speak{'s' if len(against) == 1 else ''} against it"
    had = [a for a in against if a.rated]
    if not rated or not had:
        return clause
    if len(against) == 1:
        liked = f"{had[0].liked:,}" if had[0].liked else "none"
        return f"{clause} (you liked {liked} of {had[0].rated:,})"
    return f"{clause} (you liked {join_names([_liked_count(a) for a in had])} items)"


def _liked_count(attribute: AttributeReason) -> str:
    liked = f"{attribute.liked:,}" if attribute.liked else "none"
    return f"{liked} of {attribute.rated:,} {attribute.name}"


def unpersonalised_sentence(
    model: Recommender,
    scores: Float32,
    item: int,
    source: Method,
    *,
    empty: bool,
) -> str:
    """What can be said of an item for which no event of the history speaks."""
    if not np.isfinite(scores[item]):
        return "the model never recommends it"
    if source == "random":
        return "no reason: it was drawn at random"
    place = _ordinal(1 + int((scores > scores[item]).sum()))
    if model.signal == "popularity":
        which = "the most popular" if place == "1st" else f"the {place} most popular"
        lately = " lately" if isinstance(model, RecentPopular) else ""
        return f"recommended to everyone: {which} of all{lately}"
    if np.ptp(scores) == 0:
        cause = "your history is empty" if empty else "the model gives every item the same score"
        return f"no reason: {cause}"
    if empty:
        return f"your history is empty, and this is {place} for anyone without one"
    return f"your history plays no part: it would be {place} without it as well"


def _seen_clause(seen: bool) -> str:
    return "it is already in your history; " if seen else ""


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"
