"""Find events that repeat a user and item, or a user and text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import Level, QualityIssue, event_issues
from penchant.data.sorting import sorted_with_order
from penchant.typing import AnyInt
from penchant.wording import counted

_REPEAT = ("event repeats", "events repeat")


def repeated_lines(log: Dataset, positions: AnyInt) -> AnyInt:
    """Those of some events, by position, that are alike in all columns with an earlier one of them.

    Args:
        log: the log; the number of the row in its source is none of these columns.
        positions: int[n], of the events.
    """
    chosen = np.sort(positions)
    events = log.events[chosen].select(pl.exclude("row"))
    again: AnyInt = chosen[~events.select(pl.struct(pl.all()).is_first_distinct())[:, 0].to_numpy()]
    return again


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Duplicates with the same rating, with conflicting ratings, and of texts."""
    yield from _repeated_pairs(log)
    if "text" in log.events.columns:
        yield from _repeated_texts(log)


def _repeated_pairs(log: Dataset) -> Iterator[QualityIssue]:
    # Sorted without their positions, which takes a third of the time; few are there twice.
    every, ordered = log.pairs, np.sort(log.pairs)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    del ordered
    if not len(again):
        return
    positions = pl.Series(every).is_in(pl.Series(again).implode()).arg_true().to_numpy()
    pairs, order = sorted_with_order(every[positions])
    positions = positions[order]
    starts = np.flatnonzero(np.append(True, pairs[1:] != pairs[:-1]))
    conflicting = np.zeros(len(starts), np.bool_)
    if log.has_ratings:
        ratings = log.ratings[positions]
        conflicting = np.maximum.reduceat(ratings, starts) > np.minimum.reduceat(ratings, starts)
    counts = np.diff(np.append(starts, len(pairs)))
    same = " with the same rating" if log.has_ratings else ""
    for chosen, name, how in (
        (~conflicting, "duplicates", same),
        (conflicting, "conflicting_duplicates", " with different ratings"),
    ):
        rest = f" a user and item{how} ({counted(int(chosen.sum()), 'pair')})"
        of_group = positions[np.repeat(chosen, counts)]
        # Who buys in baskets buys again.
        level: Level = "note" if log.has_baskets and name == "duplicates" else "doubtful"
        yield from event_issues(log, name, level, of_group, _REPEAT, rest)
    if log.has_orders:
        again = repeated_lines(log, positions)
        rest = (
            " an earlier line in all columns, as if it was exported twice: --duplicates lines "
            '(pn.drop_duplicates(log, by="line")) keeps the first'
        )
        yield from event_issues(log, "repeated_lines", "doubtful", again, _REPEAT, rest)


def _repeated_texts(log: Dataset) -> Iterator[QualityIssue]:
    has_text = log.events["text"].is_not_null() & (log.events["text"] != "")
    texts = log.events.select("user", "text").filter(has_text)
    hashes = texts.select(pl.struct("user", "text").hash()).to_series()
    repeated = hashes.is_duplicated()
    if not repeated.any():
        return
    order = np.argsort(hashes.filter(repeated).to_numpy(), kind="stable")
    positions = has_text.arg_true().filter(repeated).to_numpy()[order]
    n_texts = hashes.filter(repeated).n_unique()
    rest, further = f" a text of the same user ({counted(n_texts, 'text')})", ("text",)
    yield from event_issues(log, "duplicate_texts", "doubtful", positions, _REPEAT, rest, further)
