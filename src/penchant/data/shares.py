"""Shares of a log that splits hold out, and the order of each user's events."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.event_order import POSITION, has_positions
from penchant.data.required import require_log
from penchant.errors import DataError, ParameterError
from penchant.typing import Int64
from penchant.wording import counted

ROW_TIES = "A user's events of equal time keep the order of their rows."
"""How splits by time decide between a user's events of equal time."""


def positions(log: Dataset, seed: int | None) -> tuple[Int64, Int64]:
    """Each event's position among its user's events, by time or at random, and their number.

    Both are int64[n_events]; `seed` draws the order, None takes that of times, sequences or rows.
    """
    require_log(log)
    user = log.events["user"].to_numpy()
    if seed is not None:
        key = np.random.default_rng(seed).permutation(len(log))
    elif log.has_times:
        key = log.events["time"].to_physical().to_numpy()
    elif has_positions(log.events):
        key = log.events[POSITION].to_numpy()
    else:
        key = np.arange(len(log))
    order = np.lexsort((np.arange(len(log)), key, user))
    counts = log.user_counts
    starts = np.cumsum(counts) - counts
    position = np.empty(len(log), np.int64)
    position[order] = np.arange(len(log)) - starts[user[order]]
    return position, counts[user]


def check_shares(log: Dataset | None, validation: float, test: float) -> None:
    """Refuse impossible shares, what is no log, and one of too few events if one is given.

    Raises:
        ParameterError: the shares are impossible.
        DataError: there are too few events, or it is no log.
    """
    if log is not None:
        require_log(log)
    if not (0 <= validation < 1 and 0 < test < 1 and validation + test < 1):
        raise ParameterError(
            f"Shares of validation {validation:g} and test {test:g} must leave something to "
            "train on: test above 0, and both together below 1."
        )
    if log is not None and len(log) < 5:
        raise DataError(
            f"The log {log.name!r} has {counted(len(log), 'event')}: too few to divide into "
            "training and test events (at least 5 are needed)."
        )


def held_out_sizes(n: int, validation: float, test: float) -> tuple[int, int]:
    """How many of n events are for validation and for test."""
    n_test = max(1, round(n * test))
    return (max(1, round(n * validation)) if validation else 0), n_test


def share_words(validation: float, test: float) -> str:
    """The shares as a sentence names them."""
    text = f"{test:.0%} for test"
    return f"{text} and {validation:.0%} for validation" if validation else text


def moment(time: np.datetime64) -> str:
    """A moment in a sentence; midnight is a day."""
    return str(time).removesuffix("T00:00:00").replace("T", " ")
