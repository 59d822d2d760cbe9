"""Example rows of a finding, with the user's own ids and row numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.results.finding import EXAMPLES
from penchant.typing import AnyInt, Bool, Int64


def event_examples(log: Dataset, test: AnyInt, further: tuple[str, ...] = ()) -> pl.DataFrame:
    """Test events: their row, user, item and further columns that the log has."""
    events = log.events[test[:EXAMPLES]]
    columns = [c for c in ("rating", "time", *further) if c in events.columns]
    return pl.DataFrame(
        {
            "test row": events["row"],
            "user": log.users.take(events["user"].to_numpy()),
            "item": log.items.take(events["item"].to_numpy()),
        }
    ).hstack(events.select(columns))


def pair_examples(
    log: Dataset, test: AnyInt, known: AnyInt, further: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Test events with the known event that each resembles, and that event's row and item."""
    events = log.events[known[:EXAMPLES]]
    items = log.items.take(events["item"].to_numpy()).alias("training item")
    frame = event_examples(log, test, further)
    return frame.insert_column(1, events["row"].alias("training row")).insert_column(4, items)


def key_examples(log: Dataset, keys: Int64, chosen: Bool) -> pl.DataFrame:
    """Rows of a file that are chosen: their number, user and item, from keys of pairs."""
    at = np.flatnonzero(chosen)[:EXAMPLES]
    user, item = np.divmod(keys[at], max(1, log.n_items))
    return pl.DataFrame({"row": at + 1, "user": log.users.take(user), "item": log.items.take(item)})
