"""Lists that keep rules, of any model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.models.base import Recommender
from penchant.models.empty_lists import empty_lists, report_empty_lists
from penchant.models.lists import list_table, report_fallback
from penchant.repeats import Repeats
from penchant.rules.bound import BoundRules, bind
from penchant.rules.diversity import diversifier_of
from penchant.rules.reranking import RankedLists, reranked
from penchant.rules.rules import Rules
from penchant.run import Run
from penchant.topk import require_length
from penchant.typing import Int32

NONE_LEFT = "the rules leave nothing of what the model recommends"
"""Why somebody has no list, where it is not the history."""


def recommend(
    model: Recommender,
    users: Sequence[Id] | pl.Series | Histories | None = None,
    k: int = 10,
    *,
    rules: Rules | BoundRules | None = None,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | pl.Series | None = None,
    exclude: Sequence[Id] | pl.Series | None = None,
    titles: bool = False,
    run: Run | None = None,
) -> pl.DataFrame:
    """The k items that suit each user best, of those that the rules leave, in their order.

    Lists are as long as asked for wherever the rules leave enough: they are those of each user's
    whole ranking. Without rules this is `model.recommend`.

    Args:
        model: a fitted model.
        users: ids of known users, or histories, or None for all known users.
        k: items for each user; fewer, or none, where fewer are left.
        rules: what lists may hold; bound ones (see `penchant.rules.bind`) need no files again.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: the only items to choose from; a warning names those that are not known.
        exclude: items to leave out; likewise.
        titles: add a column `title`.
        run: threads and progress.

    Returns:
        The frame of `Recommender.recommend`, with rules also `rule`: which rule an item owes its
        place to, and from which one it came; null where it is the model's own.

    Raises:
        UnknownIdError: a user is not known, or none of the candidates or excluded items.
        ParameterError: k is below 1, a rule leaves no item, or does not suit the model.
        DataError: a file that the rules name cannot be read, or a column is missing.

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> pn.recommend(model, [1], k=3)["item"].to_list()
        [19, 23, 21]
    """
    if rules is None:
        return model.recommend(
            users,
            k,
            repeats=repeats,
            candidates=candidates,
            exclude=exclude,
            titles=titles,
            run=run,
        )
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    bound = bind(rules, model)
    chosen = bound.candidates(model.items_.selection(candidates, exclude))
    lists = lists_with_rules(
        model, histories, k, bound, repeats=repeats, candidates=chosen, run=run
    )
    empty = np.flatnonzero((lists.items < 0).all(axis=1)).tolist()
    if empty:
        report_empty_lists(
            empty_lists(
                model.users_, histories, empty, chosen, repeats=repeats, otherwise=NONE_LEFT
            ),
            len(histories),
        )
    rows = np.nonzero(lists.items >= 0)[0]
    if isinstance(users, Histories):
        who = pl.Series("history", rows)
    else:
        who = model.users_.take(histories.users[rows]).alias("user")
    table = list_table(
        who,
        "item",
        lists.items,
        lists.scores,
        model.items_,
        titles,
        model.item_table_,
        with_fallback=True,
    )
    report_fallback(lists.items, lists.scores)
    return table.with_columns(pl.Series("rule", rule_texts(bound, lists), pl.String))


def lists_with_rules(
    model: Recommender,
    users: Histories,
    k: int,
    rules: BoundRules,
    *,
    repeats: Repeats = "excluded",
    candidates: Int32 | None = None,
    run: Run | None = None,
) -> RankedLists:
    """The k items that suit each user best under rules, as indices.

    Args:
        model: a fitted model.
        users: the histories.
        k: length of the lists.
        rules: of this model's users and items.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: item indices to choose from; None for all.
        run: threads and progress.

    Raises:
        ParameterError: k is below 1, or the rules do not suit the model.
    """
    require_length(k)
    chosen = rules.candidates(candidates)
    ranker = partial(model.top_items, repeats=repeats, candidates=chosen, run=run)
    n_candidates = len(model.items_) if chosen is None else len(chosen)
    return reranked(ranker, users, k, rules, n_candidates, diversifier_of(rules, model))


def rule_texts(rules: BoundRules, lists: RankedLists) -> list[str | None]:
    """For each place that has an item, which rule it is due to, and where it stood before."""
    listed = lists.items >= 0
    moved = (lists.is_boosted | lists.is_diversified)[listed]
    texts: list[str | None] = [None] * len(moved)
    row, column = np.nonzero(listed)
    for n in np.flatnonzero(moved).tolist():
        place = row[n], column[n]
        names = []
        if lists.is_boosted[place]:
            item = lists.items[place]
            names = [boost.title for boost in rules.boosts if boost.items[item]]
        if lists.is_diversified[place]:
            names.append("diversity")
        texts[n] = f"{', '.join(names)}: up from place {lists.places[place]:,}"
    return texts
