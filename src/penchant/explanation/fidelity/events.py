"""How faithful reasons of the history are: what an item loses without them, and without others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.left_out import without
from penchant.data.splits import Split
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.explanation.events import citable_events
from penchant.explanation.lists import explain_lists
from penchant.explanation.removal import as_new
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Float32, Float64, Int32

_USERS = 100  # that are asked where nobody is named
_SCHEMA: dict[str, Any] = {
    "rank": pl.Int32,
    "method": pl.String,
    "named": pl.Int32,
    "drop_named": pl.Float64,
    "drop_others": pl.Float64,
    "drop_latest": pl.Float64,
    "places_named": pl.Float64,
    "places_others": pl.Float64,
    "places_latest": pl.Float64,
}


def explanation_fidelity(
    model: Recommender,
    users: Sequence[Id] | Histories | Split | None = None,
    k: int = 10,
    *,
    reasons: int = 3,
    draws: int = 5,
    repeats: Repeats = "excluded",
    seed: int = 0,
    run: Run | None = None,
) -> pl.DataFrame:
    """Take what reasons name out of histories, and as many other items, and score again.

    Each listed item with reasons is scored again for the history without the items that these
    name, and for the history without as many others, drawn from those that could have been named:
    what the user rated low is not among them. Reasons are faithful where the item loses more
    without what they name. The history without as many of the latest of these, which would be the
    reasons by rule of thumb, tells whether they say more than that. A user for whom the model has
    learned a vector that does not change with the history is asked as a new user with this history,
    as explanations are.

    Args:
        model: a fitted model.
        users: ids of known users, histories, or a split for the histories of its test users; None
            for 100 known users, drawn by the seed, or all where there are fewer.
        k: the length of each user's list.
        reasons: how many items of the history the reasons for an item name at most.
        draws: how many times others are drawn for each item.
        repeats: whether lists may hold items of the history, or hold nothing else.
        seed: decides what is drawn.
        run: threads and progress.

    Returns:
        A row for each listed item with reasons and enough others: `user` (or `history`), `item`,
        `rank`, `method`, `named` (how many items the reasons name), `drop_named`, `drop_others` and
        `drop_latest` (how much further its score falls than that of the median item, in standard
        deviations of the user's scores; of the draws the mean), `places_named`, `places_others`
        and `places_latest` (places that it loses among the items that the user has not had).

    Raises:
        ParameterError: draws, k or reasons is below 1.
        UnknownIdError: a user is not known.
    """
    if draws < 1:
        raise ParameterError(f"The number of draws must be at least 1, not {draws}.")
    rng = np.random.default_rng(seed)
    if users is None:
        known = np.flatnonzero(model.histories_.lengths > 0)
        some = np.sort(rng.choice(known, min(_USERS, len(known)), replace=False))
        users = model.users_.take(some).to_list()
    elif isinstance(users, Split):
        users = users.test.histories
    lists = explain_lists(model, users, k, reasons=reasons, repeats=repeats, run=run)
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    whose = lists.columns[0]
    keys = range(len(histories)) if users is histories else model.users_.take(histories.users)
    listed = lists.filter(pl.col("reasons").list.len() > 0).partition_by(
        whose, as_dict=True, maintain_order=True
    )
    rows = []
    for n, key in enumerate(keys):
        if (key,) in listed:
            found = _of_user(model, histories.block(n, n + 1), listed[(key,)], draws, rng)
            rows += [{whose: key} | row for row in found]
    schema = {whose: lists.schema[whose], "item": lists.schema["item"]} | _SCHEMA
    return pl.DataFrame(rows, schema=schema, orient="row")


def _of_user(
    model: Recommender,
    history: Histories,
    listed: pl.DataFrame,
    draws: int,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """The rows of one user's list."""
    if "leave-one-out as new" in listed["method"]:
        history = as_new(history)
    by_time = history.items[citable_events(model, history) & history.is_latest]
    pool = np.unique(history.items[citable_events(model, history)])
    items = model.items_.indices(listed["item"])
    kept, left_out = [], []
    for item, row in zip(items, listed.iter_rows(named=True), strict=True):
        named = model.items_.indices([reason["item"] for reason in row["reasons"]])
        others = np.setdiff1d(pool, np.append(named, item))
        if len(others) < len(named):
            continue
        kept.append((int(item), row))
        latest = by_time[by_time != item][::-1][: len(named)]
        left_out += [named, latest]
        left_out += [rng.choice(others, len(named), replace=False) for _ in range(draws)]
    if not kept:
        return []
    places = np.repeat([item for item, _ in kept], 2 + draws).astype(np.int32)
    drops, lost = _losses(model, history, [n.astype(np.int32) for n in left_out], places)
    drops, lost = drops.reshape(len(kept), -1), lost.reshape(len(kept), -1)
    return [
        {
            "item": row["item"],
            "rank": row["rank"],
            "method": row["method"],
            "named": len(row["reasons"]),
            "drop_named": drops[n, 0],
            "drop_others": drops[n, 2:].mean(),
            "drop_latest": drops[n, 1],
            "places_named": lost[n, 0],
            "places_others": lost[n, 2:].mean(),
            "places_latest": lost[n, 1],
        }
        for n, (_, row) in enumerate(kept)
    ]


def _losses(
    model: Recommender, history: Histories, left_out: list[Int32], items: Int32
) -> tuple[Float64, Float64]:
    """float64[n] both, what items lose when something is left out of the history.

    Args:
        model: a fitted model.
        history: of one user.
        left_out: n arrays of items that are left out.
        items: int32[n], whose losses are asked for.

    Returns:
        Falls of scores beyond the median one, in standard deviations, and places.
    """
    batch = without(history, left_out)
    before = model.scores(history)[0].astype(np.float64)
    finite = np.isfinite(before)
    spread = float(before[finite].std()) or 1.0
    unseen = finite.copy()
    unseen[history.items] = False
    drops, places = np.zeros(len(items)), np.zeros(len(items))
    for start, stop in blocks(len(batch), history.n_items):
        after = np.array(model.scores(batch.block(start, stop)), np.float64)
        after[~np.isfinite(after)] = before[finite].min()
        some, rows = items[start:stop], np.arange(stop - start)
        falls = before - after
        typical = np.median(falls[:, finite], axis=1)
        drops[start:stop] = (falls[rows, some] - typical) / spread
        better = (after[:, unseen] > after[rows, some, None]).sum(axis=1)
        places[start:stop] = better - _better(before[unseen], before[some])
    return drops, places


def _better(scores: Float64, values: Float64 | Float32) -> Float64:
    """float64[n], how many scores are above each value."""
    above = len(scores) - np.searchsorted(np.sort(scores), values, side="right")
    return np.asarray(above, np.float64)
