"""Sessions of a log, whether these are parts of users' histories or stand for users."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.typing import Int64


def users_are_sessions(log: Dataset) -> bool:
    """Whether a log has sessions in place of users."""
    columns = log.origin.columns
    return "session" in columns and columns["session"] == columns.get("user")


def numbers_of_sessions(log: Dataset) -> Int64:
    """int64[n_events], a number for the session of each event, in the order of `log.histories`.

    They rise from 0 with users and within each user as sessions begin. Where the log has no
    sessions, each user is one.
    """
    histories = log.histories
    if not log.has_sessions:
        active = np.cumsum(histories.lengths > 0) - 1
        of_users: Int64 = active[histories.rows]
        return of_users
    numbers = histories.basket_numbers.astype(np.int64)
    above = np.int64(numbers.max(initial=0) + 1)
    keys: Int64 = histories.rows * above + numbers
    of_events: Int64 = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return of_events


def session_lengths(log: Dataset) -> Int64 | None:
    """int64[n_sessions], the number of events of each session; None where there are none."""
    if not (log.has_sessions or users_are_sessions(log)):
        return None
    return np.bincount(numbers_of_sessions(log))


def sessions_of_users(log: Dataset) -> Int64:
    """int64[n_active], the number of sessions of each user with events."""
    histories = log.histories
    _, first = np.unique(numbers_of_sessions(log), return_index=True)
    return np.bincount(histories.rows[first], minlength=len(histories))[histories.lengths > 0]
