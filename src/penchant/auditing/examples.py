"""Rows of a log that a finding shows, with outside ids and row numbers."""

from __future__ import annotations

import polars as pl

from penchant.data.dataset import Dataset
from penchant.results.finding import EXAMPLES
from penchant.typing import AnyInt


def of_events(log: Dataset, test: AnyInt, further: tuple[str, ...] = ()) -> pl.DataFrame:
    """Test events: their row, user, item and further columns that the log has."""
    events = log.events[test[:EXAMPLES]]
    shown = [c for c in ("rating", "time", *further) if c in events.columns]
    return pl.DataFrame(
        {
            "test row": events["row"],
            "user": log.users.take(events["user"].to_numpy()),
            "item": log.items.take(events["item"].to_numpy()),
        }
    ).hstack(events.select(shown))


def of_pairs(
    log: Dataset, test: AnyInt, known: AnyInt, further: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Test events with the known event that each resembles, and that event's row and item."""
    there = log.events[known[:EXAMPLES]]
    items = log.items.take(there["item"].to_numpy()).alias("training item")
    shown = of_events(log, test, further)
    return shown.insert_column(1, there["row"].alias("training row")).insert_column(4, items)
