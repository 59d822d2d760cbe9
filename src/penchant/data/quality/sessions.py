"""Sessions that foretell nothing, whose order is not known, or whose keys are doubtful."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.quality.issue import Level, QualityIssue, event_issues
from penchant.data.quality.times import are_whole_days
from penchant.data.sessions import numbers_of_sessions, users_are_sessions
from penchant.typing import Bool, Int64

_MINUTE = 60_000_000  # microseconds
_PAUSE, _DAY = 30 * _MINUTE, 24 * 60 * _MINUTE
_HEAVY, _UNEQUAL = 0.05, 10  # share of all events, and times the fair share, as of users and items
_VISITS = 0.5  # share of events that come soon, and of users who come again, where there are visits


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Sessions of one event, ties, repeats and pauses within them, odd keys, and missing ones."""
    if not len(log):
        return
    if log.has_sessions or users_are_sessions(log):
        yield from _of_sessions(log)
        if log.has_sessions:
            yield from _of_keys(log)
    elif not log.has_baskets:
        yield from _missing_sessions(log)


def _of_sessions(log: Dataset) -> Iterator[QualityIssue]:
    session = np.empty(len(log), np.int64)  # of each event, in the order of the log
    session[log.event_order] = numbers_of_sessions(log)
    yield from _single_events(log, session)
    events = log.events.select("item").with_columns(pl.Series("session", session))
    if "time" in log.events.columns:
        timed = events.with_columns(log.events["time"])
        tied = (timed.select("session", "time").is_duplicated()) & log.events["time"].is_not_null()
        subject = ("event shares its time", "events share their time")
        rest = " with another one of the session: which came first is not known"
        yield from event_issues(log, "ties_in_sessions", "doubtful", tied, subject, rest, (BASKET,))
        yield from _pauses(log, session)
    again = ~events.select(pl.struct("session", "item").is_first_distinct()).to_series()
    subject = ("event repeats", "events repeat")
    rest = " an item of the session: lists foretell them where repeats are allowed alone"
    yield from event_issues(log, "repeats_in_sessions", "note", again, subject, rest, (BASKET,))


def _single_events(log: Dataset, session: Int64) -> Iterator[QualityIssue]:
    sizes = np.bincount(session)
    single = np.flatnonzero(sizes[session] == 1)
    level: Level = "note"
    rest = " one event alone: there is nothing in them to foretell it by"
    if len(single) == len(log) > 1:
        level = "doubtful"
        rest = (
            " exactly one event, that is all of them: is this column the session's, or a number of "
            "the row?"
        )
    have = ("session has", "sessions have")
    columns = [c for c in ("row", "user", "item", BASKET, "time") if c in log.events.columns]

    def make(limit: int | None) -> pl.DataFrame:
        return log.subset(single[:limit]).frame().select(columns)

    if len(single):
        yield QualityIssue.of(
            "single_event_sessions", level, len(single), len(sizes), have, rest, make
        )


def _pauses(log: Dataset, session: Int64) -> Iterator[QualityIssue]:
    """Events long after the one before in their session."""
    times = log.events.select(pl.col("time").to_physical(), pl.Series("session", session))
    times = times.with_row_index("place").drop_nulls("time").sort("session", "time", "place")
    apart = times.select(pl.col("time").diff().over("session").fill_null(0) > _DAY).to_series()
    subject = ("event comes", "events come")
    rest = (
        " more than a day after the one before in the session: is this column the session's, and "
        "does each key stand for one visit?"
    )
    late = times["place"].filter(apart).to_numpy()
    yield from event_issues(log, "pauses_in_sessions", "doubtful", late, subject, rest, (BASKET,))


def _of_keys(log: Dataset) -> Iterator[QualityIssue]:
    """Keys that are missing, of several users, or of very many events."""
    key = log.events[BASKET]
    subject = ("event has", "events have")
    rest = " no session: it is a session of its own, with those of its user at that instant alone"
    yield from event_issues(log, "missing_sessions", "doubtful", key.is_null(), subject, rest)
    keys = (
        log.events.lazy()
        .filter(pl.col(BASKET).is_not_null())
        .group_by(BASKET)
        .agg(pl.col("row").min(), events=pl.len(), users=pl.col("user").n_unique())
        .sort("events", "row", descending=[True, False])
        .collect()
        .select("row", BASKET, "events", "users")
    )
    if not len(keys):
        return
    shared = keys.filter(pl.col("users") > 1).sort("users", "row", descending=[True, False])
    numbered = len(shared) > 1 and 2 * len(shared) > len(keys)
    level: Level = "note" if numbered else "doubtful"
    each = " is of several users", " are of several users"
    rest = ": it is a session of each of them"
    if numbered:
        rest = ", as where each user's are numbered from the first: it is a session of each of them"
    subject = (f"session key{each[0]}", f"session keys{each[1]}")
    yield from _key_issues("shared_session_keys", level, shared, len(keys), subject, rest)
    limit = max(_HEAVY, _UNEQUAL / len(keys)) * len(log)
    of_most = (pl.col("users") > 1) & (2 * pl.col("events") > len(log))
    heavy = keys.filter((pl.col("events") > limit) | of_most)
    share = heavy["events"].sum() / len(log)
    subject = ("session key has", "session keys have")
    rest = (
        f" {share:.0%} of all events: does it stand for a missing one, or for everything that came "
        "from one place?"
    )
    yield from _key_issues("heavy_session_keys", "doubtful", heavy, len(keys), subject, rest)


def _key_issues(
    name: str,
    level: Level,
    keys: pl.DataFrame,
    total: int,
    subject: tuple[str, str],
    rest: str,
) -> Iterator[QualityIssue]:
    if len(keys):
        yield QualityIssue.of(
            name,
            level,
            len(keys),
            total,
            subject,
            rest,
            lambda limit: keys if limit is None else keys.head(limit),
        )


def _missing_sessions(log: Dataset) -> Iterator[QualityIssue]:
    """Pauses between visits, where most events come soon after another and most users come again.

    Where the log has no sessions, a history is one, in which what came minutes and what came months
    before are neighbours.
    """
    if not log.has_times:
        return
    times = log.histories.times
    assert times is not None
    if are_whole_days(times):
        return
    rows = log.histories.rows
    within = rows[1:] == rows[:-1]
    late: Bool = within & (np.diff(times) > _PAUSE)
    n_gaps = int(within.sum())
    several = np.flatnonzero(log.user_counts > 1)
    come_again = len(np.unique(rows[1:][late]))
    if not n_gaps or late.sum() > (1 - _VISITS) * n_gaps or come_again < _VISITS * len(several):
        return
    soon = 1 - late.sum() / n_gaps
    positions = np.sort(log.event_order[1:][late])
    subject = ("event follows", "events follow")
    rest = (
        f" a pause of more than 30 minutes, and {soon:.0%} of those with one before come sooner: "
        "--session-gap 30min (session_gap='30min') takes such visits for sessions, unless a column "
        "tells them"
    )
    yield from event_issues(log, "no_sessions", "note", positions, subject, rest)
