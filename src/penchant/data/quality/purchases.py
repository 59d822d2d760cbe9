"""Cancellations, events without a user and prices of 0 in a log of purchases."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import Level, QualityIssue, Subject, event_issues
from penchant.data.reading.order_lines import CANCELLATION, UNMATCHED
from penchant.wording import counted

_COLUMNS = ("row", "item", "weight", "quantity", "time", "basket", "price")


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Cancellations with and without a purchase, events without a user, prices of 0."""
    table = cancellations(log)
    matched = ~pl.col("problem").is_in(UNMATCHED)
    are = ("record is a cancellation", "records are cancellations")
    rest = ", or a purchase that was cancelled in full, and left out"
    yield from _of_table(log, "cancellations", "note", table.filter(matched), are, rest)
    rest = " of more than is known to be bought, and left out"
    without = table.filter(~matched)
    yield from _of_table(log, "unmatched_cancellations", "doubtful", without, are, rest)
    unknown = log.anonymous_frame()
    if unknown is not None:
        baskets = ""
        if "basket" in unknown.columns:
            n_baskets = unknown["basket"].drop_nulls().n_unique()
            baskets = f", in {counted(n_baskets, 'basket')}"
        rest = f" no user{baskets}: models of users do not see them"
        events = unknown.select(c for c in _COLUMNS if c in unknown.columns)
        yield from _of_table(log, "anonymous", "note", events, ("event has", "events have"), rest)
    if "price" in log.events.columns and log.events.schema["price"].is_numeric():
        free, have = log.events["price"] <= 0, ("event has", "events have")
        rest, further = " a price of 0 or less", ("price",)
        yield from event_issues(log, "free", "note", free, have, rest, further)


def cancellations(log: Dataset) -> pl.DataFrame:
    """The rows of `Origin.skipped` that are cancellations, or purchases that were cancelled."""
    table = log.origin.skipped
    if table is None:
        schema = {"row": pl.UInt32, "problem": pl.String, "content": pl.String}
        return pl.DataFrame(schema=schema)
    return table.filter(pl.col("problem").str.starts_with(CANCELLATION))


def _of_table(
    log: Dataset, name: str, level: Level, table: pl.DataFrame, subject: Subject, rest: str
) -> Iterator[QualityIssue]:
    """An issue of records that are no events of users; nothing where there are none."""
    if len(table):
        total = len(log) + len(table)
        yield QualityIssue.of(
            name, level, len(table), total, subject, rest,
            lambda limit: table if limit is None else table.head(limit),
        )  # fmt: skip
