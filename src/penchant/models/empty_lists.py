"""Users for whom nothing can be listed, and why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id, Vocabulary
from penchant.repeats import Repeats
from penchant.typing import Int32, Int64

logger = logging.getLogger(__name__)

_NAMED = 3  # users that a message names


@dataclass(frozen=True)
class EmptyList:
    """Somebody for whom nothing can be listed.

    Attributes:
        position: among the histories that were asked for.
        user: the id, or None for a history of no user of the log.
        reason: why, in words that follow a colon.
        advice: what would list something, in words that stand in brackets, or nothing.
    """

    position: int
    user: Id | None
    reason: str
    advice: str = ""


def empty_lists(
    users: Vocabulary,
    histories: Histories,
    positions: Sequence[int],
    chosen: Int32 | None,
    *,
    repeats: Repeats,
    otherwise: str = "the model recommends none of what is left",
) -> list[EmptyList]:
    """Why users have empty lists: above all because they have had everything.

    Args:
        users: the vocabulary of the histories' users.
        histories: who was asked for.
        positions: of those whose lists are empty.
        chosen: indices of the items that could be listed; None for all.
        repeats: whether lists may hold items of the history, or hold nothing else.
        otherwise: the reason where something is left.
    """
    n_items = histories.n_items if chosen is None else len(chosen)
    if not n_items:
        return [
            EmptyList(n, user_of(users, histories, n), "there is no item to choose from")
            for n in positions
        ]
    which = "the one item" if n_items == 1 else f"all {n_items:,} items"
    among = "" if chosen is None else " to choose from"
    had_all = f"{which}{among} {'is' if n_items == 1 else 'are'} in the history"
    advice = (
        f"repeats='allowed' or --repeats allowed lists {'it' if n_items == 1 else 'them'} again"
    )
    empty = histories.take(np.asarray(positions, np.int64))
    if repeats == "only":
        otherwise = f"none of the items{among} is in the history"
    has_all = (_n_seen(empty, chosen) == n_items) & (repeats == "excluded")
    return [
        EmptyList(n, user_of(users, histories, n), had_all, advice)
        if full
        else EmptyList(n, user_of(users, histories, n), otherwise)
        for n, full in zip(positions, has_all, strict=True)
    ]


def report_empty_lists(empty: Sequence[EmptyList], n_lists: int) -> None:
    """Name in one warning for each reason who has no list.

    Args:
        empty: who has none.
        n_lists: for how many lists were asked.
    """
    by_reason: dict[tuple[str, str], list[EmptyList]] = {}
    for each in empty:
        by_reason.setdefault((each.reason, each.advice), []).append(each)
    report_groups([(group, len(group)) for group in by_reason.values()], n_lists)


def report_groups(groups: Sequence[tuple[Sequence[EmptyList], int]], n_lists: int) -> None:
    """Name in a warning for each group of one reason who has no list.

    Args:
        groups: a few or all of each group, and how many it has.
        n_lists: for how many lists were asked.
    """
    for examples, n in groups:
        reason, advice = examples[0].reason, examples[0].advice
        bracket = f" ({advice})" if advice else ""
        logger.warning(f"{_names(examples, n, n_lists)}: {reason}{bracket}.")


def user_of(users: Vocabulary, histories: Histories, position: int) -> Id | None:
    """The id of the user of a history; None for one of no user of the log."""
    index = int(histories.users[position])
    return users[index] if 0 <= index < len(users) else None


def _n_seen(histories: Histories, chosen: Int32 | None) -> Int64:
    """int64[n_users], how many of the chosen items are in each history."""
    pairs = np.unique(histories.rows.astype(np.int64) * histories.n_items + histories.items)
    if chosen is not None:
        pairs = pairs[np.isin(pairs % histories.n_items, chosen)]
    return np.bincount(pairs // histories.n_items, minlength=len(histories))


def _names(examples: Sequence[EmptyList], n: int, n_lists: int) -> str:
    """Whom a sentence is about, with their number where they are several."""
    first = examples[0]
    if n == 1:
        if first.user is not None:
            return f"User {first.user}"
        return "Someone with this history" if n_lists == 1 else f"History {first.position}"
    names = [f"history {e.position}" if e.user is None else str(e.user) for e in examples[:_NAMED]]
    more = f" and {n - _NAMED:,} more" if n > _NAMED else ""
    return f"{n:,} users without a list ({', '.join(names)}{more})"
