"""Rule: test events are older than training events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Int64

RULE = Rule(
    name="trained-on-future",
    subject=3,
    question="Are test events older than training events?",
    advice="Split by time (pn.split_by_time) for figures of what a running system would face, or "
    "say that the figures tell how well gaps are filled.",
    source="Ji et al. 2023, A Critical Study on Data Leakage in Recommender System Offline "
    "Evaluation",
    bar=Bar(doubtful=0.1, wrong=0.001),
)


def check(material: Material) -> Iterator[Finding]:
    """The share of test events older than the newest training event.

    Wrong where the split is said to be by time; for one said to be in time order within each
    user, the user's own newest training event counts. Otherwise it is a fact to be stated.
    """
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    if material.times is None:
        yield RULE.not_checkable("a time on every event")
        return
    times, kind = material.times, material.split_kind
    tested = times[material.test_rows]
    older = tested < times[material.known_rows].max()
    older_than_own = tested < _newest_of_user(material)
    decisive = older_than_own if kind == "per-user" else older
    figure, interval = share_interval(decisive, material.test_users)
    overall = float(older.mean())
    if kind in ("time", "per-user"):
        level = RULE.bar.level(figure)
        if kind == "per-user" and level == "passed" and overall >= 0.1:
            level = "note"
    else:
        level = "doubtful" if RULE.bar.doubtful and overall >= RULE.bar.doubtful else "passed"
    own_share = f" {share(float(older_than_own.mean()))} are older than the user's own newest one"
    if not older_than_own.any():
        own_share = " None is older than the user's own newest one"
    claim = {
        "time": " The split is said to be by time.",
        "per-user": f"{own_share}; the split is said to be in order of time within each user.",
    }.get(kind or "", f"{own_share}.")
    future = " Models learn from what happened after them." if overall else ""
    yield RULE.finding(
        level,
        f"{share(overall)} of the test events are older than the newest event known before the "
        f"test.{future}{claim}",
        figure=figure,
        interval=interval,
        examples=event_examples(material.split.log, material.test_rows[decisive]),
        brief=f"{share(figure)} of the test events are older than the newest event known of "
        f"{'their user' if kind == 'per-user' else 'anybody'}",
    )


def _newest_of_user(material: Material) -> Int64:
    """int64[n_test], the newest known time of each test event's user."""
    assert material.times is not None
    log = material.log
    newest = np.full(log.n_users, np.iinfo(np.int64).min)
    users = log.events["user"].to_numpy()[material.known_rows]
    np.maximum.at(newest, users, material.times[material.known_rows])
    return newest[material.test_users]
