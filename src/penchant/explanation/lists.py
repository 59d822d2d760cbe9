"""Recommended lists with their reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.explanation.single_user import explanations
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.rules import BoundRules, Rules, recommend
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Float32

_OF_REASON = ("item", "title", "contribution", "share", "rating")


def explain_lists(
    model: Recommender,
    users: Sequence[Id] | Histories | None = None,
    k: int = 10,
    *,
    reasons: int = 3,
    rules: Rules | BoundRules | None = None,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | pl.Series | None = None,
    exclude: Sequence[Id] | pl.Series | None = None,
    run: Run | None = None,
) -> pl.DataFrame:
    """The k items that suit each user best, each with its reasons.

    Args:
        model: a fitted model.
        users: ids of known users, or histories, or None for all known users.
        k: items for each user.
        reasons: how many events of the history at most for each item.
        rules: what lists may hold, and what is moved up: a sentence ends with the rule that an item
            owes its place to.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: the only items to choose from; a warning names those that are not known.
        exclude: items to leave out; likewise.
        run: threads and progress.

    Returns:
        A frame with `user` (or `history`, the position, where histories were given), `item`,
        `title`, `rank` from 1, `score` (null where popularity answers, and `fallback` is true),
        `fallback`, `because` (the sentence), `exact`, `method`, `reasons`, a list of structs with
        `item`, `title`, `contribution`, `share` and `rating`, and `attributes`, a list of structs
        with `name`, `effect`, `rated` and `liked`; see `Explanation`. With rules there is also
        `rule`, as in `penchant.recommend`.

    Raises:
        UnknownIdError: a user is not known, or none of the candidates or excluded items.
        ParameterError: k or reasons is below 1.

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> pn.explain_lists(model, [1], k=2).select("user", "rank", "method").rows()
        [(1, 1, 'contributions'), (1, 2, 'contributions')]
    """
    if reasons < 1:
        raise ParameterError(f"The number of reasons must be at least 1, not {reasons}.")
    run = run or Run()
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    lists = recommend(
        model,
        histories,
        k,
        rules=rules,
        repeats=repeats,
        candidates=candidates,
        exclude=exclude,
        run=run,
    )
    due_to = lists["rule"].to_list() if "rule" in lists.columns else [None] * len(lists)
    items, fallback = model.items_.indices(lists["item"]), lists["fallback"].to_numpy()
    edges = np.searchsorted(lists["history"].to_numpy(), np.arange(len(histories) + 1))
    rows: list[dict[str, Any]] = []
    scored = _scored(model, histories)
    for n, (history, scores) in enumerate(run.track(scored, "reasons", len(histories))):
        places = slice(edges[n], edges[n + 1])
        explained = explanations(model, history, scores, items[places], reasons, fallback[places])
        for rank, (explanation, rule) in enumerate(zip(explained, due_to[places], strict=True), 1):
            row: dict[str, Any] = (
                {"history": n} if users is histories else {"user": explanation.user}
            )
            row |= {
                "item": explanation.item,
                "title": explanation.title,
                "rank": rank,
                "score": explanation.score,
                "fallback": explanation.fallback,
            }
            row |= {
                "because": explanation.sentence + (f" ({rule})" if rule else ""),
                "exact": explanation.exact,
                "method": explanation.method,
            }
            row["reasons"] = [{f: getattr(r, f) for f in _OF_REASON} for r in explanation.reasons]
            row["attributes"] = [asdict(a) for a in explanation.attributes]
            row["rule"] = rule
            rows.append(row)
    who: dict[str, Any] = {"history": pl.Int64}
    if users is not histories:
        who = {"user": model.users_.ids.dtype}
    table = pl.DataFrame(rows, schema=who | _schema(model.items_.ids.dtype), orient="row")
    return table.drop("rule") if rules is None else table


def _scored(model: Recommender, histories: Histories) -> Iterator[tuple[Histories, Float32]]:
    """Each user's history with the scores of all items, which are computed in blocks."""
    for start, stop in blocks(len(histories), histories.n_items, model.block_cells):
        scores = model.scores(histories.block(start, stop))
        for n in range(start, stop):
            yield histories.block(n, n + 1), scores[n - start]


def _schema(of_items: pl.DataType) -> dict[str, Any]:
    reason: dict[str, Any] = {"item": of_items, "title": pl.String}
    reason |= dict.fromkeys(_OF_REASON[2:], pl.Float64)
    attribute = {"name": pl.String, "effect": pl.Float64, "rated": pl.Int32, "liked": pl.Int32}
    return {
        "item": of_items,
        "title": pl.String,
        "rank": pl.Int32,
        "score": pl.Float32,
        "fallback": pl.Boolean,
        "because": pl.String,
        "exact": pl.Boolean,
        "method": pl.String,
        "reasons": pl.List(pl.Struct(reason)),
        "attributes": pl.List(pl.Struct(attribute)),
        "rule": pl.String,
    }
