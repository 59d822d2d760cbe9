"""The rows of a finding, with outside ids."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.typing import AnyArray, AnyInt

_SHOWN = ("row", "user", "item", "rating", "time")


def event_rows(
    log: Dataset, positions: AnyInt, further: tuple[str, ...] = ()
) -> Callable[[int | None], pl.DataFrame]:
    """A maker of the table of these events, or of the first `limit` of them."""

    def make(limit: int | None) -> pl.DataFrame:
        events = log.events[positions[:limit]]
        shown = [c for c in (*_SHOWN, *further) if c in events.columns]
        return events.select(shown).with_columns(
            log.users.take(events["user"].to_numpy()).alias("user"),
            log.items.take(events["item"].to_numpy()).alias("item"),
        )

    return make


def id_rows(
    log: Dataset,
    noun: str,
    indices: AnyInt,
    further: dict[str, AnyArray] | None = None,
) -> Callable[[int | None], pl.DataFrame]:
    """A maker of a table of users or items: first row, id, number of events, further columns."""
    vocabulary = log.users if noun == "user" else log.items
    counts = log.user_counts if noun == "user" else log.item_counts

    def make(limit: int | None) -> pl.DataFrame:
        wanted = indices[:limit]
        columns = {name: values[:limit] for name, values in (further or {}).items()}
        first = (
            log.events.lazy()
            .filter(pl.col(noun).is_in(pl.Series(wanted.astype(np.int32)).implode()))
            .group_by(noun)
            .agg(pl.col("row").min())
            .collect()
        )
        rows = pl.DataFrame({noun: pl.Series(wanted.astype(np.int32))}).join(
            first, on=noun, how="left", maintain_order="left"
        )
        return pl.DataFrame(
            {"row": rows["row"], noun: vocabulary.take(wanted), "events": counts[wanted], **columns}
        )

    return make
