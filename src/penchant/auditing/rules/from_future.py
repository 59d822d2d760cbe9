"""Rule: recommended items first appear after the events they are judged by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Lists, Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import Bool, Int64

RULE = Rule(
    name="recommended-from-future",
    subject=3,
    question="Are items recommended that did not exist at the time?",
    advice="Split by time, or offer each user only items that were there at the moment of the "
    "test event.",
    source="Ji et al. 2023, A Critical Study on Data Leakage in Recommender System Offline "
    "Evaluation",
    brief="{share} of the recommended items are first seen later",
    bar=Bar(doubtful=0.01, wrong=0.1),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of recommended items first seen after the user's last test event."""
    models = {name: lists for name, lists in material.lists.items() if not lists.trivial}
    if material.split is None or not models or material.times is None:
        yield RULE.not_checkable("recommendation lists, and a split with a time on every event")
        return
    log, times = material.split.log, material.times
    first = np.full(log.n_items, np.iinfo(np.int64).max)
    np.minimum.at(first, log.events["item"].to_numpy(), times)
    last = np.full(log.n_users, np.iinfo(np.int64).max)
    tested = log.events["user"].to_numpy()[material.test_rows]
    last[tested] = np.iinfo(np.int64).min
    np.maximum.at(last, tested, times[material.test_rows])
    seen = np.append(log.item_counts > 0, False)
    for name, lists in models.items():
        yield _finding(material, name, lists, first, last, seen)


def _finding(
    material: Material,
    name: str,
    lists: Lists,
    first: Int64,
    last: Int64,
    seen: Bool,
) -> Finding:
    assert material.split is not None
    row, place = np.nonzero(seen[lists.items])
    if not len(row):
        return RULE.not_checkable("lists of items that the log has", name)
    items, users = lists.items[row, place], lists.users[row]
    late = first[items] > last[users]
    figure, interval = share_interval(late, row)
    log, at = material.split.log, np.flatnonzero(late)[:EXAMPLES]
    return RULE.finding(
        RULE.bar.level(figure),
        f"{share(figure)} of the recommended items are first seen after the last test event of "
        "the user they are for.",
        about=name,
        figure=figure,
        interval=interval,
        examples=pl.DataFrame(
            {
                "user": log.users.take(users[at]),
                "item": log.items.take(items[at]),
                "last test event": pl.Series(last[users[at]]).cast(pl.Datetime("us")),
                "item first seen": pl.Series(first[items[at]]).cast(pl.Datetime("us")),
            }
        ),
    )
