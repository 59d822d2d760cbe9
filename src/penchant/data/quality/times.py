"""Find impossible times, and times that do not tell the order of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import (
    Level,
    QualityIssue,
    Subject,
    constant_users,
    event_issues,
)
from penchant.typing import Int64
from penchant.wording import counted

_EARLIEST = datetime(1990, 1, 1)
_DAY = 86_400_000_000  # microseconds
_IMPORT = 20  # users at one instant look like an import
_SAMPLE = 1000  # times that are looked at before all others
_SHARED = 0.05  # of all events at one instant are an issue


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Missing, future and very early times, shared instants, users with a single time."""
    if "time" not in log.events.columns or not len(log):
        return
    yield from range_issues(log)
    times = log.events["time"]
    whole_days = are_whole_days(times.drop_nulls().to_physical().to_numpy())
    if whole_days:
        subject = ("time is a whole day", "times are whole days")
        rest, timed = ", so that the order within a day is not known", times.is_not_null()
        yield from event_issues(log, "whole_days", "note", timed, subject, rest)
    yield from _shared_instants(log, whole_days)
    level: Level = "note" if log.has_orders else "doubtful"  # a single order has one time
    rest = " them all at one instant"
    yield from constant_users(log, "time", "single_time_users", ("has", "have"), rest, level)


def are_whole_days(times: Int64) -> bool:
    """Whether all times, in microseconds, are midnights."""
    return all((some % _DAY == 0).all() for some in (times[:_SAMPLE], times))


def range_issues(log: Dataset) -> Iterator[QualityIssue]:
    """Missing, future and very early times."""
    if "time" not in log.events.columns or not len(log):
        return
    times = log.events["time"]
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    have, lie = ("event has", "events have"), ("event lies", "events lie")
    masks: tuple[tuple[str, Level, pl.Series, Subject, str], ...] = (
        ("missing_times", "doubtful", times.is_null(), have, " no time"),
        ("future_times", "wrong", times > now, lie, " in the future"),
        ("early_times", "doubtful", times < _EARLIEST, lie, " before 1990"),
    )
    for name, level, mask, subject, rest in masks:
        yield from event_issues(log, name, level, mask, subject, rest)


def _shared_instants(log: Dataset, whole_days: bool) -> Iterator[QualityIssue]:
    """Instants with very many events, or with many users, as an import leaves them."""
    # Sorted as plain numbers, an instant of so many events stands at two places so far apart.
    ordered = np.sort(log.events["time"].drop_nulls().to_physical().to_numpy())
    instants = np.unique(ordered[_IMPORT - 1 :][ordered[_IMPORT - 1 :] == ordered[: 1 - _IMPORT]])
    counts = np.searchsorted(ordered, instants, "right") - np.searchsorted(ordered, instants)
    time = pl.Series("time", instants).cast(log.events["time"].dtype)
    busy = pl.DataFrame([time, pl.Series("len", counts)])
    busy = busy.sort("len", "time", descending=[True, False])
    if not len(busy):
        return
    top, count = busy.row(0)
    if count > _SHARED * len(log):
        share, rest = ("event shares", "events share"), f" one instant, {top}"
        at_top = log.events["time"] == top
        yield from event_issues(log, "shared_instant", "doubtful", at_top, share, rest)
    if whole_days:
        return
    rows = log.events.lazy().with_row_index("position").select("position", "user", "time")
    imports = (
        rows.join(busy.lazy().select("time"), on="time", how="semi")
        .with_columns(users=pl.col("user").n_unique().over("time"))
        .filter(pl.col("users") >= _IMPORT)
        .sort("time", "position")
        .collect()
    )
    lie, shared = ("event lies", "events lie"), counted(imports["time"].n_unique(), "instant")
    rest = f" at {shared} that {_IMPORT} users or more share, as an import leaves them"
    positions = imports["position"].to_numpy()
    yield from event_issues(log, "batch_imports", "doubtful", positions, lie, rest)
