"""Hold out whole sessions by the time at which they begin."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.sessions import numbers_of_sessions
from penchant.data.shares import check_shares, held_out_sizes, share_words
from penchant.data.splits import GIVEN, TEST, TRAIN, UNUSED, VALIDATION, Split
from penchant.data.splitting.prefixes import with_prefixes
from penchant.errors import DataError
from penchant.typing import Bool, Int64, UInt8

_TIES = (
    "Sessions that begin at one instant all fall on the later side; within a session events of "
    "equal time keep the order of their rows."
)


def split_sessions(
    log: Dataset, *, validation: float = 0.1, test: float = 0.1, augment: bool = False
) -> Split:
    """Hold out the sessions that begin last: the last item of each is predicted from those before.

    No model learns from any event of a session that begins in the time of validation or test. Where
    a log has users and sessions, the user's last session judges, with all earlier ones as history;
    where it has no sessions, each user is one. Sessions of one event cannot judge. This is how
    models of sessions have been compared since Hidasi et al. 2016, "Session-based Recommendations
    with Recurrent Neural Networks", there by the last day.

    Args:
        log: with a time on every event.
        validation: the share of sessions, before those for test, that stop and choose.
        test: the share of sessions, those that begin last, that judge.
        augment: every event of a held-out session but the first is predicted from those before it,
            as published for Diginetica ("Neural Attentive Session-based Recommendation", Li et al.
            2017): each shorter prefix is a user of its own, with a new id.

    Raises:
        ParameterError: the shares are impossible.
        DataError: events lack times, or no session that could judge begins last.

    Example:
        >>> visits = {"session": [1, 1, 2, 2, 3, 3, 4, 4], "item": [*"abbcacab"], "time": range(8)}
        >>> frame = pl.DataFrame(visits)
        >>> split = pn.split_sessions(pn.read(frame), validation=0, test=0.25)
        >>> len(split.train), len(split.test)
        (6, 1)
    """
    require_log(log)
    check_shares(None, validation, test)
    if not log.has_times:
        raise DataError(
            f"The log {log.name!r} cannot be split by the time of sessions: not every event has "
            "one; name the column with time='…' (--time …), or hold out each user's last event "
            "(--split leave-last-out)."
        )
    sessions = numbers_of_sessions(log)
    order = log.event_order
    times = log.events["time"].to_physical().to_numpy()[order]
    starts = np.full(int(sessions.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(starts, sessions, times)
    n_validation, n_test = held_out_sizes(len(starts), validation, test)
    in_order = np.sort(starts)
    test_start = in_order[-n_test]
    validation_start = in_order[max(len(starts) - n_test - n_validation, 0)]
    of_session = np.where(starts >= validation_start, VALIDATION, TRAIN)
    of_session[starts >= test_start] = TEST
    in_order_sides, targets = _sides(log, sessions, of_session.astype(np.uint8))
    if not (in_order_sides == TEST).any():
        raise DataError(
            f"Of the log {log.name!r} no session with two events or more begins in the last "
            f"{test:.0%}: raise the share for test."
        )
    sides = np.empty(len(log), np.uint8)
    sides[order] = in_order_sides
    what = "each user's last one, where it begins then, judges, and the earlier ones are given"
    if not log.has_sessions:
        what = "a user is a session"
    moment = np.datetime64(int(test_start), "us").astype("datetime64[s]")
    each = "every item but the first" if augment else "the last item"
    split = Split(
        log=log,
        sides=sides,
        kind="sessions",
        sentence=f"Whole sessions by their beginning, {share_words(validation, test)}, test from "
        f"{moment}; {what}. Of a session {each} is predicted from those before it; sessions of one "
        "item judge nothing.",
        ties=_TIES,
        by_time=True,
        repeat_rule="allowed",
    )
    return with_prefixes(split, targets) if augment else split


def _sides(log: Dataset, sessions: Int64, of_session: UInt8) -> tuple[UInt8, Int64]:
    """The side of each event in the order of histories, and where events of held-out sessions are.

    Returns:
        uint8[n_events], and int64[n], the positions of the events but the first of the sessions
        that judge, in ascending order.
    """
    users = log.histories.rows
    lengths = np.bincount(sessions)
    places = np.arange(len(sessions))
    last_of_user = np.full(log.n_users, -1, np.int64)
    np.maximum.at(last_of_user, users, sessions)  # numbers rise as sessions begin
    judges = (lengths > 1) & (of_session != TRAIN)
    judges &= np.isin(np.arange(len(lengths)), last_of_user)
    last, first = np.zeros(len(lengths), np.int64), np.full(len(lengths), len(sessions))
    np.maximum.at(last, sessions, places)
    np.minimum.at(first, sessions, places)
    own = last_of_user[users]
    target = np.where(judges[own], last[own], len(sessions))  # of the user of each event
    sides = of_session[sessions]
    sides[sides != TRAIN] = np.where(judges[own], GIVEN, UNUSED)[sides != TRAIN]
    sides[places > target] = UNUSED  # of sessions that began earlier and end later
    sides[last[judges]] = of_session[judges]
    is_target: Bool = judges[sessions] & (places > first[sessions])
    return sides, np.flatnonzero(is_target)
