"""Rule: test events are older than training events."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.auditing.examples import event_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.data.sessions import numbers_of_sessions
from penchant.data.splits import GIVEN
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Bool, Int64

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
    """The share of test events older than the newest training or validation event.

    Wrong where the split is said to be by time; for one said to be in time order within each
    user, the user's own newest known event counts. Sessions are whole: of a split said to be by
    sessions it counts which of them begin before the newest one that models learn from, and so it
    does by time where the earlier events of held-out sessions are given. Otherwise it is a fact to
    be stated.
    """
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    if material.times is None:
        yield RULE.not_checkable("a time on every event")
        return
    times, kind = material.times, material.split_kind
    older = times[material.test_rows] < times[material.learned_rows].max()
    older_than_own = times[material.test_rows] < _newest_of_user(material)
    by_session = kind == "sessions" or (kind == "time" and (material.split.sides == GIVEN).any())
    decisive = older_than_own if kind == "per-user" else older
    if by_session:
        decisive = _begins_before_learned(material)
    figure, interval = share_interval(decisive, material.test_users)
    overall = float(older.mean())
    future = overall >= (RULE.bar.doubtful or 0)
    if kind in ("time", "per-user", "sessions"):
        level = RULE.bar.level(figure)
        if level == "passed" and future:
            level = "note" if kind == "per-user" else "doubtful"
    else:
        level = "doubtful" if future else "passed"
    own_share = f" {share(float(older_than_own.mean()))} are older than the user's own newest one"
    if not older_than_own.any():
        own_share = " None is older than the user's own newest one"
    claim = {
        "time": " The split is said to be by time.",
        "per-user": f"{own_share}; the split is said to be in order of time within each user.",
        "sessions": " The split is said to be by sessions.",
    }.get(kind or "", f"{own_share}.")
    if by_session:
        claim = (
            f" {share(figure)} are of sessions that begin before the newest session that models "
            f"learn from.{claim}"
        )
    if overall:
        claim = f" Models learn from what happened after them.{claim}"
    yield RULE.finding(
        level,
        f"{share(overall)} of the test events are older than the newest training or validation "
        f"event.{claim}",
        figure=figure,
        interval=interval,
        examples=event_examples(material.split.log, material.test_rows[decisive]),
        brief=_brief(kind, by_session, figure, overall),
    )


def _brief(kind: str | None, by_session: bool, figure: float, overall: float) -> str:
    """What came out in a few words."""
    if by_session and figure:
        return f"{share(figure)} of the test events are of sessions that begin too early"
    whose = "their user" if kind == "per-user" else "anybody"
    return (
        f"{share(overall if by_session else figure)} of the test events are older than the newest "
        f"event known of {whose}"
    )


def _newest_of_user(material: Material) -> Int64:
    """int64[n_test], the newest known time of each test event's user."""
    assert material.times is not None
    log = material.log
    newest = np.full(log.n_users, np.iinfo(np.int64).min)
    users = log.events["user"].to_numpy()[material.known_rows]
    np.maximum.at(newest, users, material.times[material.known_rows])
    return newest[material.test_users]


def _begins_before_learned(material: Material) -> Bool:
    """bool[n_test], whether a test event's session begins before the newest that is learned from.

    Where the log has no sessions, each user is one.
    """
    assert material.times is not None
    log = material.log
    sessions = np.empty(len(log), np.int64)
    sessions[log.event_order] = numbers_of_sessions(log)
    starts = np.full(int(sessions.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(starts, sessions, material.times)
    newest = starts[sessions[material.learned_rows]].max()
    before: Bool = starts[sessions[material.test_rows]] < newest
    return before
