"""Find impossible times, and times that do not tell the order of events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import Level, QualityIssue, event_rows, id_rows

_EARLIEST = datetime(1990, 1, 1)
_DAY = 86_400_000_000  # microseconds
_MIN_EVENTS = 5  # from here on a user's times should differ
_IMPORT = 20  # users at one instant look like an import
_SHARED = 0.05  # of all events at one instant are an issue


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Missing, future and very early times, shared instants, users with a single time."""
    if "time" not in log.events.columns or not len(log):
        return
    times = log.events["time"]
    now = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1)
    masks: tuple[tuple[str, Level, pl.Series, str], ...] = (
        ("missing_times", "doubtful", times.is_null(), "events have no time"),
        ("future_times", "wrong", times > now, "events lie in the future"),
        ("early_times", "doubtful", times < _EARLIEST, "events lie before 1990"),
    )
    for name, level, mask, sentence in masks:
        positions = mask.fill_null(False).arg_true()
        if len(positions):
            yield QualityIssue.of(
                name,
                level,
                len(positions),
                len(log),
                sentence,
                event_rows(log, positions.to_numpy()),
            )
    whole_days = bool((times.to_physical() % _DAY == 0).fill_null(True).all())
    if whole_days and times.null_count() < len(times):
        yield QualityIssue.of(
            "whole_days",
            "note",
            len(log) - times.null_count(),
            len(log),
            "times are whole days, so that the order within a day is not known",
            event_rows(log, times.is_not_null().arg_true().to_numpy()),
        )
    yield from _shared_instants(log, whole_days)
    yield from _single_time_users(log)


def _shared_instants(log: Dataset, whole_days: bool) -> Iterator[QualityIssue]:
    """Instants with very many events, or with many users, as an import leaves them."""
    busy = (
        log.events.lazy()
        .filter(pl.col("time").is_not_null())
        .group_by("time")
        .agg(pl.len())
        .filter(pl.col("len") >= _IMPORT)
        .sort("len", "time", descending=[True, False])
        .collect()
    )
    if not len(busy):
        return
    top, count = busy.row(0)
    if count > _SHARED * len(log):
        yield QualityIssue.of(
            "shared_instant",
            "doubtful",
            count,
            len(log),
            f"events share one instant, {top}",
            event_rows(log, (log.events["time"] == top).fill_null(False).arg_true().to_numpy()),
        )
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
    if len(imports):
        yield QualityIssue.of(
            "batch_imports",
            "doubtful",
            len(imports),
            len(log),
            f"events lie at {imports['time'].n_unique():,} instants that {_IMPORT} users or more "
            f"share, as an import leaves them",
            event_rows(log, imports["position"].to_numpy()),
        )


def _single_time_users(log: Dataset) -> Iterator[QualityIssue]:
    users = (
        log.events.lazy()
        .group_by("user")
        .agg(pl.len(), low=pl.col("time").min(), high=pl.col("time").max())
        .filter((pl.col("low") == pl.col("high")) & (pl.col("len") >= _MIN_EVENTS))
        .sort("len", "user", descending=[True, False])
        .collect()
    )
    if len(users):
        yield QualityIssue.of(
            "single_time_users",
            "doubtful",
            len(users),
            int((log.user_counts > 0).sum()),
            f"users with {_MIN_EVENTS} events or more have them all at one instant "
            f"({int(users['len'].sum()):,} events)",
            id_rows(log, "user", users["user"].to_numpy(), {"time": users["low"].to_numpy()}),
        )
