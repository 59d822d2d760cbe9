"""Lists for a group of users who decide together, such as a family in front of one screen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.tables import titles_of
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.rules import BoundRules, RankedLists, Rules, bind
from penchant.rules.diversity import diversifier_of
from penchant.rules.lists import rule_texts
from penchant.rules.reranking import reranked
from penchant.topk import popularity_order, refuse_nan, require_length
from penchant.typing import Bool, Float32, Float64, Int32, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

How = Literal["average", "least-misery", "most-pleasure"]
Values = Literal["ranks", "scores"]

_COMBINE: dict[How, Callable[[Float64], Float64]] = {
    "average": lambda worth: np.asarray(worth.mean(axis=0)),
    "least-misery": lambda worth: np.asarray(worth.min(axis=0)),
    "most-pleasure": lambda worth: np.asarray(worth.max(axis=0)),
}
_DECIMALS = 9  # beyond which sums differ by the order of members


def recommend_group(
    model: Recommender,
    users: Sequence[Id] | Histories,
    k: int = 10,
    *,
    how: How = "average",
    values: Values = "ranks",
    rules: Rules | BoundRules | None = None,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | pl.Series | None = None,
    exclude: Sequence[Id] | pl.Series | None = None,
    titles: bool = False,
) -> pl.DataFrame:
    """The k items that suit a group of users best together.

    What an item is worth to a member is made comparable between members before it is combined:
    its place among the items to choose from, from 1 for the best to 0 for the last, or the score
    standardised over these items. `average` takes the mean over members (of ranks that is Borda's
    count), `least-misery` the worth to whom it suits least (O'Connor et al. 2001, PolyLens), and
    `most-pleasure` to whom it suits best (all three in Masthoff 2004, "Group Modeling: Selecting a
    Sequence of Television Items to Suit a Group of Viewers"). Of items worth the same the one with
    the higher mean comes first, then the more popular one.

    Members of whom the model knows nothing want what is popular, and who is named twice counts
    twice. An item that a model never recommends to a member is not recommended to the group.

    Args:
        model: a fitted model.
        users: ids of known users, or histories, one for each member.
        k: how many items.
        how: worth to the group.
        values: what is combined, places or standardised scores.
        rules: what lists may hold; what one member is not to be shown is not shown to the group.
        repeats: `excluded` leaves out what any member has had, `only` all others.
        candidates: the only items to choose from; a warning names those that are not known.
        exclude: items to leave out; likewise.
        titles: add a column `title`.

    Returns:
        A frame with `item`, `rank` from 1, `score` (the worth to the group), `places` (the item's
        places in the members' own order of the same items, in the order of `users`), with rules
        `rule` (see `penchant.recommend`), and `title` where asked for.

    Raises:
        UnknownIdError: a user is not known, or none of the candidates or excluded items.
        ParameterError: there is no member, k is below 1, an argument is impossible, or nothing is
            left that no member has had.

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> pn.recommend_group(model, [1, 2, 3], k=2).columns
        ['item', 'rank', 'score', 'places']
    """
    require_length(k)
    if how not in _COMBINE or values not in ("ranks", "scores"):
        raise ParameterError(
            f"how is one of {', '.join(_COMBINE)}, and not {how!r}, and values are ranks or "
            f"scores, and not {values!r}."
        )
    members = users if isinstance(users, Histories) else model.histories_of(users)
    if not len(members):
        raise ParameterError("A group needs at least one member.")
    model.require_own_items(members)
    bound = bind(Rules() if rules is None else rules, model)
    chosen = bound.candidates(model.items_.selection(candidates, exclude))
    scores = np.array(model.fallback.scores(model.scores, members), np.float32)
    refuse_nan(scores)
    left = _items_left(members, scores, chosen, bound, repeats)
    if not len(left):
        raise ParameterError(
            "Nothing is left for the group: every item to choose from was had by a member, or is "
            "left out; repeats='allowed' (--repeats allowed) lists what members had, too."
        )
    worth = _worth(scores[:, left], values)
    order = popularity_order(model.histories_.popularity)
    lists = _lists(model, members, k, bound, *_ranking(worth, how, left, order))
    _say_who_is_unknown(model.has_evidence(members))
    items = lists.items[0][lists.items[0] >= 0]
    places = _places(scores, left, order)
    columns = [
        model.items_.take(items).alias("item"),
        pl.Series("rank", np.arange(1, len(items) + 1, dtype=np.int32)),
        pl.Series("score", lists.scores[0, : len(items)]),
        pl.Series("places", [places[:, i].tolist() for i in items], pl.List(pl.Int32)),
    ]
    if rules is not None:
        columns.append(pl.Series("rule", rule_texts(bound, lists), pl.String))
    if titles:
        columns.append(pl.Series("title", titles_of(model.items_, model.item_table_, items)))
    return pl.DataFrame(columns)


def _items_left(
    members: Histories,
    scores: Float32,
    chosen: Int32 | None,
    rules: BoundRules,
    repeats: Repeats,
) -> Int64:
    """int64[n], the items that may be shown to all members, ascending."""
    left: Bool = np.full(members.n_items, chosen is None)
    if chosen is not None:
        left[chosen] = True
    had = np.zeros(members.n_items, np.bool_)
    had[members.items] = True
    if repeats != "allowed":
        left &= had if repeats == "only" else ~had
    left &= ~np.isneginf(scores).any(axis=0)
    every = np.broadcast_to(np.arange(members.n_items, dtype=np.int32), scores.shape)
    left &= ~rules.excludes(members, every).any(axis=0)
    return np.flatnonzero(left)


def _worth(scores: Float32, values: Values) -> Float64:
    """float64[n_members, n_items], what items are worth to members, on one scale."""
    if values == "scores":
        spread = scores.std(axis=1, keepdims=True, dtype=np.float64)
        centred = scores - scores.mean(axis=1, keepdims=True, dtype=np.float64)
        return np.asarray(centred / np.where(spread > 0, spread, 1))
    from scipy.stats import rankdata

    ranks = rankdata(-scores, axis=1)  # equal ones share the mean of their places
    return np.asarray((scores.shape[1] - ranks) / max(scores.shape[1] - 1, 1))


def _ranking(worth: Float64, how: How, left: Int64, order: Int32) -> tuple[Int32, Float32]:
    """The items in the order of their worth to the group, and that."""
    together = np.round(_COMBINE[how](worth), _DECIMALS)
    mean = np.round(worth.mean(axis=0), _DECIMALS)
    best = np.lexsort((order[left], -mean, -together))
    return left[best].astype(np.int32), together[best].astype(np.float32)


def _lists(
    model: Recommender,
    members: Histories,
    k: int,
    rules: BoundRules,
    ranking: Int32,
    worth: Float32,
) -> RankedLists:
    """The list of the group, whose history is what all members had."""
    group = Histories.of(
        members.items,
        n_items=members.n_items,
        ratings=members.ratings,
        weights=members.weights,
        positive=members.positive,
    )
    return reranked(
        lambda _, n: (ranking[None, :n], worth[None, :n]),
        group,
        k,
        rules,
        len(ranking),
        diversifier_of(rules, model),
    )


def _places(scores: Float32, left: Int64, order: Int32) -> Int32:
    """int32[n_members, n_items], the place of each item that is left among these; 0 for others."""
    ties = np.broadcast_to(order[left], (len(scores), len(left)))
    best = np.lexsort((ties, -scores[:, left]), axis=1)
    places = np.zeros(scores.shape, np.int32)
    np.put_along_axis(places, left[best], np.arange(1, len(left) + 1, dtype=np.int32)[None], axis=1)
    return places


def _say_who_is_unknown(known: Bool) -> None:
    """Say in one line of how many members the model knows nothing."""
    n = int((~known).sum())
    if n:
        have, want = ("has", "wants") if n == 1 else ("have", "want")
        logger.info(
            f"{n:,} of {counted(len(known), 'member')} {have} no history that the model can use "
            f"and {want} what is popular."
        )
