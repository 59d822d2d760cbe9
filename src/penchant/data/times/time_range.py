"""The range that times of events can lie in, from 1970 to a year from now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from penchant.typing import Float64

MICROSECONDS = pl.Datetime("us")
EARLIEST = datetime(1970, 1, 1)
TOO_EARLY = "lies before 1970"
TOO_LATE = "lies more than a year in the future"


def latest() -> datetime:
    """A year from now: what is later is no time of an event."""
    return datetime.now(UTC).replace(tzinfo=None) + timedelta(days=366)


def is_possible(times: pl.Series) -> pl.Series:
    """Whether each time lies from 1970 to a year from now; false where it is null."""
    return ((times >= EARLIEST) & (times <= latest())).fill_null(False)


def all_within(numbers: Float64, low: float, high: float) -> bool:
    """Whether there are numbers and all of them lie from `low` to `high`."""
    return bool(len(numbers) and numbers.min() >= low and numbers.max() <= high)


def are_whole(numbers: Float64) -> bool:
    """Whether all numbers are whole."""
    return bool((numbers == np.floor(numbers)).all())
