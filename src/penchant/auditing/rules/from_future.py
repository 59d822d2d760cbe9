"""Rule: recommended items first appear after the events they are judged by."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Lists, Material
from penchant.auditing.rule import Rule
from penchant.results.finding import EXAMPLES, Bar, Finding, share

RULE = Rule(
    name="recommended-from-future",
    subject=3,
    question="Are items recommended that did not exist at the time?",
    advice="Split by time, or offer each user only items that were there at the moment of the "
    "test event.",
    source="Ji et al. 2023, A Critical Study on Data Leakage in Recommender System Offline "
    "Evaluation",
    bar=Bar(doubtful=0.01, wrong=0.1),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of recommended items first seen after the user's last test event."""
    lists = {name: listed for name, listed in material.lists.items() if not listed.trivial}
    if material.split is None or not lists or material.times is None:
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
    for name, listed in lists.items():
        yield _of(material, name, listed, first, last, seen)


def _of(
    material: Material,
    name: str,
    listed: Lists,
    first: np.ndarray[tuple[int], np.dtype[np.int64]],
    last: np.ndarray[tuple[int], np.dtype[np.int64]],
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Finding:
    assert material.split is not None
    known = seen[listed.items]
    row, place = np.nonzero(known)
    items, users = listed.items[row, place], listed.users[row]
    late = first[items] > last[users]
    figure, interval = share_interval(late, row)
    log, some = material.split.log, np.flatnonzero(late)[:EXAMPLES]
    return RULE.finding(
        RULE.bar.level(figure),
        f"{share(figure)} of the recommended items are first seen after the last test event of "
        "the user they are for.",
        about=name,
        figure=figure,
        interval=interval,
        examples=pl.DataFrame(
            {
                "user": log.users.take(users[some]),
                "item": log.items.take(items[some]),
                "last test event": pl.Series(last[users[some]]).cast(pl.Datetime("us")),
                "item first seen": pl.Series(first[items[some]]).cast(pl.Datetime("us")),
            }
        ),
    )
