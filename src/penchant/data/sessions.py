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
        return active[histories.rows]
    numbers = histories.basket_numbers.astype(np.int64)
    above = np.int64(numbers.max(initial=0) + 1)
    return np.unique(histories.rows * above + numbers, return_inverse=True)[1].astype(np.int64)


def session_lengths(log: Dataset) -> Int64 | None:
    """int64[n_sessions], the number of events of each session; None where there are none."""
    if not (log.has_sessions or users_are_sessions(log)):
        return None
    return np.bincount(numbers_of_sessions(log))
