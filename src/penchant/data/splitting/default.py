"""The split of a log for which nobody asked for another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.sessions import users_are_sessions
from penchant.data.shares import check_shares
from penchant.data.splits import Split
from penchant.data.splitting.events import (
    split_by_time,
    split_leave_last_out,
    split_per_user,
    split_random,
)
from penchant.data.splitting.sessions import split_sessions
from penchant.errors import DataError


def split(log: Dataset, *, validation: float = 0.1, test: float = 0.1, seed: int = 0) -> Split:
    """Split in the way that suits the log, which the sentence of the split names.

    A log of sessions with times is split by sessions, where some that begin last have two events,
    and any other log with times by time. Without times each user's latest events are held out
    where their order is known, the last one where the share of most users comes to none, and rows
    at random otherwise.

    Args:
        log: the log.
        validation: the share that stops and chooses.
        test: the share that judges.
        seed: decides which rows are drawn at random.

    Raises:
        ParameterError: the shares are impossible.
        DataError: there are too few events.

    Example:
        >>> pn.split(planted_pairs()).kind
        'time'
    """
    require_log(log)
    if log.has_times and log.events["time"].n_unique() > 1:
        check_shares(log, validation, test)
        if log.has_sessions or users_are_sessions(log):
            with suppress(DataError):  # no session that could judge begins last
                parts = split_sessions(log, validation=validation, test=test)
                return _because(parts, "the log has sessions")
        return split_by_time(log, validation=validation, test=test)
    if log.has_order and not log.has_times:
        return _latest(log, validation, test)
    return split_random(log, validation=validation, test=test, seed=seed)


def _latest(log: Dataset, validation: float, test: float) -> Split:
    check_shares(log, validation, test)
    counts = log.user_counts[log.user_counts > 0]
    why = "the log has an order without times"
    # By shares nobody with a short history would judge.
    if np.round(np.median(counts) * test) < 1 and counts.max() > 1 + (validation > 0):
        short = f"{why}, and {test:.0%} of most histories come to no event"
        return _because(split_leave_last_out(log, validation=validation > 0), short)
    return _because(split_per_user(log, validation=validation, test=test), why)


def _because(parts: Split, reason: str) -> Split:
    return replace(parts, sentence=f"{parts.sentence} This is the default where {reason}.")
