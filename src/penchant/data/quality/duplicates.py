"""The same user and item, or the same user and text, more than once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.finding import Finding
from penchant.data.quality.rows import event_rows


def find(log: Dataset) -> Iterator[Finding]:
    """Duplicates with the same rating, with conflicting ratings, and of texts."""
    yield from _of_items(log)
    if "text" in log.events.columns:
        yield from _of_texts(log)


def _of_items(log: Dataset) -> Iterator[Finding]:
    events = log.events
    key = pl.col("user").cast(pl.Int64) * max(log.n_items, 1) + pl.col("item")
    keys = events.select(key.alias("key")).to_series()
    twice = keys.is_duplicated().arg_true()
    if not len(twice):
        return
    group = pl.DataFrame({"key": keys.gather(twice), "position": twice})
    if log.has_ratings:
        rating = pl.col("rating")
        group = group.with_columns(events["rating"].gather(twice)).with_columns(
            (rating.max().over("key") > rating.min().over("key")).alias("odd")
        )
    else:
        group = group.with_columns(pl.lit(False).alias("odd"))
    group = group.sort("key", "position")
    for odd, name, sentence in (
        (False, "duplicates", "events repeat a user and item{}"),
        (True, "conflicting_duplicates", "events repeat a user and item with different ratings"),
    ):
        some = group.filter(pl.col("odd") == odd)
        if len(some):
            same = " with the same rating" if log.has_ratings else ""
            pairs = some["key"].n_unique()
            yield Finding.of(
                name,
                "doubtful",
                len(some),
                len(log),
                f"{sentence.format(same)} ({pairs:,} pairs)",
                event_rows(log, some["position"].to_numpy()),
            )


def _of_texts(log: Dataset) -> Iterator[Finding]:
    told = log.events["text"].is_not_null() & (log.events["text"] != "")
    positions = told.arg_true()
    texts = log.events.select(pl.col("user", "text")).filter(told)
    hashed = texts.select(pl.struct("user", "text").hash().alias("key")).to_series()
    twice = hashed.is_duplicated()
    if not twice.any():
        return
    order = np.argsort(hashed.filter(twice).to_numpy(), kind="stable")
    rows = positions.filter(twice).to_numpy()[order]
    yield Finding.of(
        "duplicate_texts",
        "doubtful",
        len(rows),
        len(log),
        f"events repeat a text of the same user ({hashed.filter(twice).n_unique():,} texts)",
        event_rows(log, rows, further=("text",)),
    )
