"""Rule: everyone is recommended the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl

from penchant.auditing.material import Lists, Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import Int32

RULE = Rule(
    name="same-list",
    subject=6,
    question="Is everyone with a history recommended the same?",
    advice="Compare with the most popular items: the model is personal in name only.",
    source="Ferrari Dacrema et al. 2019, Are We Really Making Much Progress?; Zhou et al. 2010 "
    "(distance of lists)",
    brief="lists are alike to {share}",
    bar=Bar(doubtful=0.7, wrong=0.95),
)
_MIN_USERS = 20
_BLOCK = 4_000_000


def check(material: Material) -> Iterator[Finding]:
    """How alike lists are: the highest of three shares.

    The mean overlap of two users' lists, that of lists with the most popular unseen items (both
    corrected for what random lists would share: 0 is chance, 1 is identity), and the share of
    users who get the commonest set of items. Users without history do not count: what is
    recommended to them can only be the same.
    """
    models = {
        name: _of_known_users(material, lists)
        for name, lists in material.lists.items()
        if not lists.trivial
    }
    if not models:
        yield RULE.not_checkable("recommendation lists of a model that is no trivial answer")
        return
    for name, lists in models.items():
        if (lists.items >= 0).any(axis=1).sum() < _MIN_USERS:
            yield RULE.not_checkable(f"the lists of at least {_MIN_USERS} users with history", name)
            continue
        yield _finding(material, name, lists)


def _of_known_users(material: Material, lists: Lists) -> Lists:
    """The lists of users who have events before the test."""
    if material.split is None:
        return lists
    known = material.has_history[lists.users]
    return replace(lists, users=lists.users[known], items=lists.items[known])


def _finding(material: Material, name: str, lists: Lists) -> Finding:
    log = material.log
    n_items = max(log.n_items, int(lists.items.max(initial=0)) + 1)
    lengths = (lists.items >= 0).sum(axis=1)
    items, k = lists.items[lengths > 0], float(lengths[lengths > 0].mean())
    counts = np.bincount(items[items >= 0], minlength=n_items)
    n = len(items)
    chance = min(k / n_items, 1 - 1e-9)
    # Summed over all pairs of users, overlaps are sums over items of pairs of users who have it.
    shared = float((counts * (counts - 1.0)).sum() / (n * (n - 1) * k))
    alike = (shared - chance) / (1 - chance)
    popular = np.nan
    if material.split is not None:
        overlap = _popular_overlap(material, lists) / k
        popular = (overlap - chance) / (1 - chance)
    ordered = np.sort(items, axis=1)
    times = np.unique(ordered, axis=0, return_counts=True)[1]
    distinct, commonest = len(times), float(times.max() / n)
    figure = max(alike, commonest, 0.0 if np.isnan(popular) else popular)
    beside = "" if np.isnan(popular) else f", and {share(popular)} with the most popular unseen"
    top = np.argsort(-counts, kind="stable")[:EXAMPLES]
    top = top[(counts[top] > 0) & (top < log.n_items)]
    return RULE.finding(
        RULE.bar.level(figure),
        f"Two users' lists share {share(alike)} of their items beyond chance{beside}; "
        f"different sets of items among {n:,} users with history: {distinct:,}, the commonest for "
        f"{share(commonest)} of them. All lists together cover "
        f"{share(float((counts > 0).mean()))} of the catalogue.",
        about=name,
        figure=figure,
        examples=pl.DataFrame({"item": log.items.take(top), "users shown": counts[top]}),
    )


def _popular_overlap(material: Material, lists: Lists) -> float:
    """The mean number of items that a user's list shares with the most popular unseen ones."""
    assert material.split is not None
    log = material.split.log
    items = log.events["item"].to_numpy()[material.known_rows]
    k = lists.items.shape[1]
    order = np.argsort(-np.bincount(items, minlength=log.n_items), kind="stable")
    head: Int32 = order[: 20 * k + 200].astype(np.int32)  # deeper than what nearly anyone has seen
    place = np.full(log.n_items + 1, -1)
    place[head] = np.arange(len(head))
    row = np.full(log.n_users, -1)
    row[lists.users] = np.arange(len(lists.users))
    owner, column = row[log.events["user"].to_numpy()[material.known_rows]], place[items]
    keep = (owner >= 0) & (column >= 0)
    owner, column = owner[keep], column[keep]
    by_owner = np.argsort(owner, kind="stable")
    owner, column = owner[by_owner], column[by_owner]
    total, step = 0, max(1, _BLOCK // len(head))
    for start in range(0, len(lists.users), step):
        block = lists.items[start : start + step]
        seen = np.zeros((len(block), len(head)), bool)
        low, high = np.searchsorted(owner, [start, start + len(block)])
        seen[owner[low:high] - start, column[low:high]] = True
        top_k = ~seen & (np.cumsum(~seen, axis=1) <= k)
        column_of = place[block]
        hits = np.take_along_axis(top_k, np.maximum(column_of, 0), axis=1) & (column_of >= 0)
        total += int(hits.sum())
    return total / len(lists.users)
