"""How faithful reasons of the history are: what an item loses without them, and without others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from penchant.topk import BLOCK_CELLS, blocks
from penchant.typing import Float32, Float64, Int32

_USERS = 100  # that are asked where nobody is named
_AT_ONCE = 16  # users whose histories are scored together
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

    Example:
        >>> model = make("ease").fit(planted_pairs())
        >>> found = pn.explanation_fidelity(model, [1, 2, 3])
        >>> bool(found["drop_named"].mean() > found["drop_others"].mean())
        True
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
    rows, questions = [], []
    at_once = max(1, min(_AT_ONCE, BLOCK_CELLS // max(1, histories.n_items)))
    for n, key in enumerate(keys):
        if (key,) in listed:
            questions.append(_question(model, histories, n, listed[(key,)], draws, rng))
        if len(questions) == at_once or n == len(histories) - 1:
            rows += [
                {whose: keys[place]} | row for place, row in _answers(model, histories, questions)
            ]
            questions = []
    schema = {whose: lists.schema[whose], "item": lists.schema["item"]} | _SCHEMA
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True, eq=False)
class _Question:
    """What is asked of one user.

    Attributes:
        place: of the user among the histories.
        is_new: whether the history is asked as that of a new user.
        listed: the listed items with reasons and enough others.
        items: int32[n], the items whose losses are asked for, each as often as there are draws,
            and twice more.
        left_out: n arrays of items, what is left out of the history for each of them: what the
            reasons name, the latest ones, and what is drawn.
    """

    place: int
    is_new: bool
    listed: list[dict[str, Any]]
    items: Int32
    left_out: list[Int32]


def _question(
    model: Recommender,
    histories: Histories,
    place: int,
    listed: pl.DataFrame,
    draws: int,
    rng: np.random.Generator,
) -> _Question:
    """What is asked of one user's list."""
    history = histories.block(place, place + 1)
    is_new = "leave-one-out as new" in listed["method"]
    if is_new:
        history = as_new(history)
    by_time = history.items[citable_events(model, history) & history.is_latest]
    pool = np.unique(history.items[citable_events(model, history)])
    kept, left_out = [], []
    for item, row in zip(
        model.items_.indices(listed["item"]), listed.iter_rows(named=True), strict=True
    ):
        named = model.items_.indices([reason["item"] for reason in row["reasons"]])
        others = np.setdiff1d(pool, np.append(named, item))
        if len(others) < len(named):
            continue
        kept.append((int(item), row))
        latest = by_time[by_time != item][::-1][: len(named)]
        left_out += [named, latest]
        left_out += [rng.choice(others, len(named), replace=False) for _ in range(draws)]
    items = np.repeat([item for item, _ in kept], 2 + draws).astype(np.int32)
    rows = [row for _, row in kept]
    return _Question(place, is_new, rows, items, [n.astype(np.int32) for n in left_out])


def _answers(
    model: Recommender, histories: Histories, questions: Sequence[_Question]
) -> list[tuple[int, dict[str, Any]]]:
    """The rows of some users' lists, each with the user's place among the histories."""
    rows = []
    for question, drops, lost in _losses(model, histories, [q for q in questions if q.listed]):
        drops = drops.reshape(len(question.listed), -1)
        lost = lost.reshape(len(question.listed), -1)
        for n, row in enumerate(question.listed):
            answer = {
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
            rows.append((question.place, answer))
    return rows


def _losses(
    model: Recommender, histories: Histories, questions: Sequence[_Question]
) -> Iterator[tuple[_Question, Float64, Float64]]:
    """Each question with float64[n] both, what items lose when something is left out.

    All users are asked together: a model may fit a vector to each history, which takes about as
    long for many as for one.

    Args:
        model: a fitted model.
        histories: of all users.
        questions: about some of them.

    Yields:
        Falls of scores beyond the median one, in standard deviations, and places.
    """
    if not questions:
        return
    asked = histories.take([q.place for q in questions])
    users = np.where([q.is_new for q in questions], -1, asked.users).astype(np.int32)
    asked = replace(asked, users=users)
    ends = np.cumsum([0, *(len(q.items) for q in questions)])
    owners = np.repeat(np.arange(len(questions)), np.diff(ends))
    batch = without(asked, [some for q in questions for some in q.left_out], owners)
    before = np.array(model.scores(asked), np.float64)
    drops, places = np.zeros(len(batch)), np.zeros(len(batch))
    for start, stop in blocks(len(batch), asked.n_items):
        after = np.array(model.scores(batch.block(start, stop)), np.float64)
        for n in range(owners[start], owners[stop - 1] + 1):
            first, last = max(start, ends[n]), min(stop, ends[n + 1])
            some = questions[n].items[first - ends[n] : last - ends[n]]
            own = asked.items[asked.offsets[n] : asked.offsets[n + 1]]
            found = _of_user(before[n], after[first - start : last - start], some, own)
            drops[first:last], places[first:last] = found
    for n, question in enumerate(questions):
        yield question, drops[ends[n] : ends[n + 1]], places[ends[n] : ends[n + 1]]


def _of_user(before: Float64, after: Float64, items: Int32, had: Int32) -> tuple[Float64, Float64]:
    """float64[n] both, what items lose of one user's scores.

    Args:
        before: float64[n_items], the scores for the whole history.
        after: float64[n, n_items], those without what is left out for each of the items.
        items: int32[n].
        had: the items of the history.
    """
    finite = np.isfinite(before)
    spread = float(before[finite].std()) or 1.0
    unseen = finite.copy()
    unseen[had] = False
    after = np.where(np.isfinite(after), after, before[finite].min())
    rows = np.arange(len(items))
    falls = before - after
    typical = np.median(falls[:, finite], axis=1)
    better = (after[:, unseen] > after[rows, items, None]).sum(axis=1)
    return (
        (falls[rows, items] - typical) / spread,
        better - _better(before[unseen], before[items]),
    )


def _better(scores: Float64, values: Float64 | Float32) -> Float64:
    """float64[n], how many scores are above each value."""
    above = len(scores) - np.searchsorted(np.sort(scores), values, side="right")
    return np.asarray(above, np.float64)
