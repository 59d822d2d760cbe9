"""Why a model recommends an item: which events of the history speak for it, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.dataset import titles_of
from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError, UnknownIdError
from penchant.evaluate.compare import label
from penchant.models.abilities import Explains
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.topk import blocks, top_k

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Method = Literal[
    "contributions", "leave-one-out", "leave-one-out as new", "same for everyone", "random"
]

_LEFT_OUT = 100  # at most so many items are left out of a history in turn, the latest ones
_HOW: dict[Method, str] = {
    "contributions": "exact: the contributions of all events make up the score",
    "leave-one-out": "estimated by leaving each of the latest events out",
    "leave-one-out as new": "estimated by leaving each of the latest events out, as for a new "
    "user with this history",
    "same for everyone": "the order of items does not depend on the history",
    "random": "the order of items is drawn at random",
}


@dataclass(frozen=True)
class Reason:
    """One item of the history that speaks for a recommendation.

    Attributes:
        item: its id.
        title: its title, or its id where no title is known.
        contribution: what it adds to the score; for estimates, how much further the score would
            fall without it than that of a typical item.
        share: of everything in the history that speaks for the item, from 0 to 1.
        rating: what the user gave it, None where not known.
        liked: whether that rating is in the upper half of the scale and not below the user's mean.
    """

    item: Id
    title: str
    contribution: float
    share: float
    rating: float | None
    liked: bool


@dataclass(frozen=True)
class Explanation:
    """Why a model recommends an item to a user.

    Attributes:
        model: the model's name with what differs from its defaults.
        user: the user's id, None for someone who is not in the log.
        item: the item's id.
        title: its title, or its id.
        score: the model's score.
        reasons: what speaks for the item, the strongest first.
        rest: what no event contributes, such as biases: exactly the score less all contributions;
            None for estimates.
        method: where the reasons come from.
        sentence: the reasons in words.
    """

    model: str
    user: Id | None
    item: Id
    title: str
    score: float
    reasons: tuple[Reason, ...]
    rest: float | None
    method: Method
    sentence: str

    @property
    def exact(self) -> bool:
        """Whether the contributions are parts of the score rather than estimates."""
        return self.method == "contributions"

    @property
    def how(self) -> str:
        """Where the reasons come from, in words."""
        return _HOW[self.method]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; a score of minus infinity becomes None."""
        plain = asdict(self) | {"exact": self.exact, "how": self.how}
        plain["reasons"] = list(plain["reasons"])
        plain["score"] = self.score if np.isfinite(self.score) else None
        return plain

    def __str__(self) -> str:
        return f"{self.title}: {self.sentence} ({self.how})"


def explain(model: Recommender, user: Id | Histories, item: Id, *, k: int = 5) -> Explanation:
    """Say which events of a history speak for an item.

    For models that are `Explains` (EASE, item neighbours, iALS) this is exact: the contributions
    of all events add up to the score, but for biases. Other models are asked again without each
    item of the history in turn. A model whose order of items does not depend on the history is
    said to be so, and gets no reasons.

    Args:
        model: a fitted model.
        user: the id of a known user, or the history of one (see `model.history`).
        item: the item to explain.
        k: how many reasons at most.

    Raises:
        UnknownIdError: the user or the item is not known to the model.
        ParameterError: k is below 1, or the histories are of several users.
    """
    if k < 1:
        raise ParameterError(f"k, the number of reasons, must be at least 1, not {k}.")
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
    return _explanations(model, history, scores, np.array([index], np.int32), k)[0]


def explain_lists(
    model: Recommender,
    users: Sequence[Id] | Histories | None = None,
    k: int = 10,
    *,
    reasons: int = 3,
    run: Run | None = None,
) -> pl.DataFrame:
    """The k items that suit each user best, each with its reasons.

    Args:
        model: a fitted model.
        users: ids of known users, or histories, or None for all known users.
        k: items for each user.
        reasons: how many reasons at most for each item.
        run: threads and progress.

    Returns:
        A frame with `user` (or `history`, the position, where histories were given), `item`,
        `title`, `rank` from 1, `score`, `because` (the sentence), `exact`, and `reasons`, a list
        of structs with `item`, `title`, `contribution`, `share` and `rating`.

    Raises:
        UnknownIdError: a user is not known to the model.
        ParameterError: k or reasons is below 1.
    """
    if reasons < 1:
        raise ParameterError(f"The number of reasons must be at least 1, not {reasons}.")
    run = run or Run()
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    lists, _ = top_k(model.scores, histories, k, cells=model.block_cells, run=run)
    rows: list[dict[str, Any]] = []
    for n in run.track(range(len(histories)), "reasons"):
        history, items = histories.block(n, n + 1), lists[n][lists[n] >= 0]
        found = _explanations(model, history, model.scores(history)[0], items, reasons)
        for rank, why in enumerate(found, 1):
            row: dict[str, Any] = {"history": n} if users is histories else {"user": why.user}
            row |= {"item": why.item, "title": why.title, "rank": rank, "score": why.score}
            row |= {"because": why.sentence, "exact": why.exact}
            said = [{f: getattr(r, f) for f in _REASON} for r in why.reasons]
            rows.append(row | {"reasons": said})
    who: dict[str, Any] = {"history": pl.Int64}
    if users is not histories:
        who = {"user": model.users_.ids.dtype}
    of_items = model.items_.ids.dtype
    fields: dict[str, Any] = {"item": of_items, "title": pl.String}
    fields |= dict.fromkeys(("contribution", "share", "rating"), pl.Float64)
    schema = who | {"item": of_items, "title": pl.String, "rank": pl.Int32, "score": pl.Float32}
    schema |= {"because": pl.String, "exact": pl.Boolean, "reasons": pl.List(pl.Struct(fields))}
    return pl.DataFrame(rows, schema=schema, orient="row")


_REASON = ("item", "title", "contribution", "share", "rating")


def _explanations(
    model: Recommender, history: Histories, scores: npt.NDArray[np.float32], items: Ints, k: int
) -> list[Explanation]:
    """One explanation for each item index, for the one user of `history`."""
    parts, source = _parts(model, history, scores, items)
    name, titles = label(model), titles_of(model.items_, model.item_table_, items)
    user = model.users_.take(history.users)[0] if history.users[0] >= 0 else None
    found = []
    for row, (item, title) in enumerate(zip(items, titles, strict=True)):
        rest = None
        reasons: tuple[Reason, ...] = ()
        if parts is not None:
            reasons = _strongest(model, history, parts[row], int(item), k)
        if parts is None or not np.isfinite(scores[item]):
            sentence = _unpersonal(model, scores, int(item), source, empty=not history.n_events)
        else:
            sentence = _sentence(reasons, seen=bool((history.items == item).any()))
        if parts is not None and source == "contributions":
            rest = float(scores[item] - parts[row].sum())
        found.append(
            Explanation(
                model=name,
                user=user,
                item=model.items_.take(np.array([item]))[0],
                title=title,
                score=float(scores[item]),
                reasons=reasons,
                rest=rest,
                method=source,
                sentence=sentence,
            )
        )
    return found


def _parts(
    model: Recommender, history: Histories, scores: npt.NDArray[np.float32], items: Ints
) -> tuple[Doubles | None, Method]:
    """float64[n_items, n_events], what each event adds to each score, and where that is from.

    None where the history plays no part.
    """
    if model.learns == "nothing":
        return None, "same for everyone" if np.ptp(scores) == 0 else "random"
    if isinstance(model, Explains):
        exact = model.contributions(history, items).astype(np.float64)
        return (exact if history.n_events else None), "contributions"
    if not history.n_events:
        return None, "same for everyone"
    drops = _leave_one_out(model, history, scores, items)
    if drops is not None:
        return drops, "leave-one-out"
    if history.users[0] >= 0:
        # A model that has learned a vector for each known user keeps it whatever the history.
        # As a new user with the same history, the user gets one from the history.
        new = Histories.of(history.items, n_items=history.n_items, ratings=history.ratings)
        drops = _leave_one_out(model, new, model.scores(new)[0], items)
    return drops, "same for everyone" if drops is None else "leave-one-out as new"


def _leave_one_out(
    model: Recommender, history: Histories, scores: npt.NDArray[np.float32], items: Ints
) -> Doubles | None:
    """float64[n_items, n_events], how each score falls without an item of the history.

    What a typical score falls by is subtracted, for it says nothing of any one item. None where
    leaving an item out never changes the order of scores.
    """
    last = np.flatnonzero(history.latest)[-_LEFT_OUT:]
    kept = [np.flatnonzero(history.items != history.items[event]) for event in last]
    events = np.concatenate(kept)
    batch = Histories(
        users=np.repeat(history.users, len(last)),
        offsets=np.concatenate([[0], np.cumsum([len(k) for k in kept])]).astype(np.int64),
        items=history.items[events],
        ratings=None if history.ratings is None else history.ratings[events],
        times=None if history.times is None else history.times[events],
        n_items=history.n_items,
    )
    finite = np.isfinite(scores)
    if not finite.any():
        return None
    negligible = 1e-5 * float(np.ptp(scores[finite]))
    drops, moved = np.zeros((len(items), history.n_events)), False
    for start, stop in blocks(len(batch), history.n_items):
        fall = scores - model.scores(batch.block(start, stop)).astype(np.float64)
        fall[~np.isfinite(fall)] = 0
        moved = moved or bool((np.ptp(fall[:, finite], axis=1) > negligible).any())
        typical = np.median(fall[:, finite], axis=1)
        drops[:, last[start:stop]] = (fall[:, items] - typical[:, None]).T
    return drops if moved else None


def _strongest(
    model: Recommender, history: Histories, parts: Doubles, item: int, k: int
) -> tuple[Reason, ...]:
    """The k largest positive contributions; an item is never a reason for itself."""
    positive = np.where(history.items == item, 0, np.maximum(parts, 0))
    best = np.argsort(-positive, kind="stable")[:k]
    best = best[positive[best] > 1e-6 * np.abs(parts).max(initial=0)]
    index = history.items[best]
    titles = titles_of(model.items_, model.item_table_, index)
    liked = _liked(model, history)
    return tuple(
        Reason(
            item=model.items_.take(history.items[[event]])[0],
            title=title,
            contribution=float(positive[event]),
            share=float(positive[event] / positive.sum()),
            rating=None if history.ratings is None else float(history.ratings[event]),
            liked=bool(liked[event]),
        )
        for event, title in zip(best, titles, strict=True)
    )


def _liked(model: Recommender, history: Histories) -> npt.NDArray[np.bool_]:
    """bool[n_events]: in the upper half of all ratings' range and not below the user's mean."""
    known = model.known_.ratings
    if history.ratings is None or known is None or not len(known) or not history.n_events:
        return np.zeros(history.n_events, bool)
    middle = (float(known.min()) + float(known.max())) / 2
    # Without the small amount a mean of equal ratings could come out above all of them.
    mean = history.ratings.mean(dtype=np.float64) - 1e-6
    return np.asarray((history.ratings > middle) & (history.ratings >= mean))


def _sentence(reasons: tuple[Reason, ...], *, seen: bool) -> str:
    """The reasons in words: only what was rated well is said to be liked."""
    already = "it is already in your history; " if seen else ""
    if not reasons:
        return f"{already}nothing in your history speaks for it"
    liked = [r.title for r in reasons if r.liked]
    other = [r for r in reasons if not r.liked]
    rated = [f"{r.title} with {r.rating:g}" for r in other if r.rating is not None]
    plain = [r.title for r in other if r.rating is None]
    said = [f"you liked {_listed(liked)}"] if liked else []
    if rated:
        said.append(f"{'' if liked else 'you '}rated {_listed(rated)}")
    if plain:
        said.append(f"{_listed(plain)} {'is' if len(plain) == 1 else 'are'} in your history")
    return f"{already}because {', and '.join(said)}"


def _unpersonal(
    model: Recommender,
    scores: npt.NDArray[np.float32],
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
    if model.learns == "popularity":
        return f"recommended to everyone: {place} most popular"
    if np.ptp(scores) == 0:
        says = "your history is empty" if empty else "the model gives every item the same score"
        return f"no reason: {says}"
    if empty:
        return f"your history is empty, and this is {place} for anyone without one"
    return f"your history plays no part: it would be {place} without it as well"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"
