"""Merge reviews and product metadata into one cleaned table with statistics of the items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_columns import EVENT_COLUMNS
from penchant.data.fetching.cache import cache_folder
from penchant.data.reviews.cleaning_report import (
    CleaningReport,
    CleaningRule,
    CleaningStep,
    combine_steps,
    compare_columns,
)
from penchant.data.reviews.item_statistics import RowSelection, item_statistics
from penchant.data.reviews.products import clean_brand, clean_title, known_products
from penchant.data.reviews.text import plain_words, without_stop_words
from penchant.errors import DataError, ParameterError
from penchant.store import TABLE, Store, digest
from penchant.typing import Int64

COLUMNS = (
    "reviewerID", "overall", "reviewText", "asin", "summary", "day_of_week", "verified", "style",
    "title", "brand", "rank", "price", "overall_mean", "overall_median", "overall_count",
)  # fmt: skip
"""The columns of the merged table: the rating and 14 features."""
_VERSION = 1  # of this module; a higher one recomputes stored tables
_BATCH = 200_000  # reviews cleaned at once
_PRODUCT = {"title": pl.String, "brand": pl.String, "rank": pl.Int64, "price": pl.Float64}
_EVENT_COLUMNS = {
    "reviewText": "text", "summary": "summary", "verified": "verified", "style": "style",
}  # fmt: skip
_STATISTICS = ("overall_mean", "overall_median", "overall_count")


@dataclass(frozen=True, eq=False)
class MergedReviews:
    """A cleaned, merged table of reviews.

    Attributes:
        frame: the columns of `COLUMNS`, one row a review, in the order of the log.
        rows: int64[n], the position in the log's events of each row, so that rows can be told
            that belong to a part of a split.
        report: what was changed and left out, in the metadata when they were read and now.
    """

    frame: pl.DataFrame
    rows: Int64
    report: CleaningReport = field(default_factory=CleaningReport)


def merge_reviews(
    log: Dataset,
    *,
    statistics: RowSelection | Dataset,
    join: Literal["inner", "left"] = "inner",
    complete: bool = False,
    stop_words: bool = False,
    cache: str | Path | Literal[False] | None = None,
) -> MergedReviews:
    """Clean the reviews of a log and put them together with its items' metadata.

    Texts become words in lower case without markup and punctuation; the day of the week counts
    from Monday, 0. A column that the log does not have is null. The table is stored
    as Parquet in the cache folder under a key of the log's content and all settings.

    Args:
        log: with ratings and, as far as it has them, `text`, `summary`, `time`, `verified`,
            `style`, and an item table with `title`, `brand`, `rank`, `price`.
        statistics: which rows the items' mean, median and number of ratings come from: a mask,
            positions, the training part of a split of this log, or `"all"`, the published way,
            with which every row has seen its own rating.
        join: `inner` leaves out reviews of items that the metadata do not know; `left` keeps them.
        complete: leave out rows with a missing value in any column that has values.
        stop_words: take English stop words out of texts and summaries.
        cache: the folder that holds caches, by default the user's; False stores nothing.

    Raises:
        DataError: the log has no ratings, or the statistics' part is of another log.
        ParameterError: a parameter has an impossible value.
    """
    if join not in ("inner", "left"):
        raise ParameterError(f"join is 'inner' or 'left', not {join!r}.")
    numbers = _statistics(log, statistics)

    def compute() -> tuple[pl.DataFrame, dict[str, Any]]:
        frame, report = _cleaned(log, numbers, join, complete, stop_words)
        return frame, report.to_dict()

    key = {
        "version": _VERSION,
        "log": log.fingerprint,
        "columns": log.events.select(pl.exclude(*EVENT_COLUMNS)),
        "items": log.item_table,
        "statistics": numbers,
        "settings": [join, complete, stop_words],
    }
    store = Store(None if cache is False else cache_folder(cache) / "reviews")
    label = "the merged table of reviews"
    frame, report = store.get_or_compute(
        "" if cache is False else digest(key), TABLE, compute, label=label
    )
    rows = frame["position"].cast(pl.Int64).to_numpy()
    return MergedReviews(frame.drop("position"), rows, CleaningReport.from_dict(report))


def _cleaned(
    log: Dataset,
    numbers: pl.DataFrame,
    join: Literal["inner", "left"],
    complete: bool,
    stop_words: bool,
) -> tuple[pl.DataFrame, CleaningReport]:
    """Return the columns of `COLUMNS` with each row's `position` in the log, and a report."""
    products = getattr(log.origin, "cleaned", CleaningReport())
    report = CleaningReport(list(products.steps))
    frame = _texts(log, stop_words, report).with_row_index("position")
    frame = _joined(log, frame, numbers, join, report)
    if complete:
        has = [c for c in COLUMNS if frame[c].null_count() < len(frame)]
        without_gaps = frame.drop_nulls(has)
        gaps = ", ".join(f"{c} {n:,}" for c in has if (n := frame[c].null_count()))
        report.add_removal(
            "complete", f"rows with a gap: {gaps or 'none'}", len(frame), len(without_gaps)
        )
        frame = without_gaps
    return frame, report


def _statistics(log: Dataset, rows: RowSelection | Dataset) -> pl.DataFrame:
    if isinstance(rows, Dataset):
        if rows.items != log.items:
            raise DataError(
                "The rows for statistics are of a log with other items: give a part of a split "
                "of this log."
            )
        return item_statistics(rows, "all")
    return item_statistics(log, rows)


def _texts(log: Dataset, stop_words: bool, report: CleaningReport) -> pl.DataFrame:
    """The columns of the reviews, cleaned part by part."""
    rules = list(_text_rules(log, stop_words))
    parts: list[pl.DataFrame] = []
    steps: list[list[CleaningStep]] = [[] for _ in rules]
    needed = log.events.select(_columns_of(log))
    for part in needed.iter_slices(_BATCH) if len(needed) else [needed]:
        cleaned = part.lazy().with_columns(rule.expression for rule in rules).collect()
        for n, rule in enumerate(rules):
            steps[n].append(compare_columns(rule, part[rule.source], cleaned[rule.column]))
        parts.append(cleaned)
    report.steps += [combine_steps(parts) for parts in steps]
    report.steps.append(_repeated(log))
    frame = pl.concat(parts)
    return frame.with_columns(log.users.take(log.events["user"].to_numpy()).alias("reviewerID"))


def _text_rules(log: Dataset, stop_words: bool) -> Iterator[CleaningRule]:
    about = "lower case, no markup, punctuation and entities"
    about += ", no stop words" if stop_words else ""
    for column in ("reviewText", "summary"):
        if _EVENT_COLUMNS[column] in log.events.columns:
            clean = _content_words if stop_words else plain_words
            yield CleaningRule(column, column, clean, about)


def _content_words(text: pl.Expr) -> pl.Expr:
    return without_stop_words(plain_words(text))


def _columns_of(log: Dataset) -> list[pl.Expr]:
    """The log's columns under the table's names, null where the log has none."""
    columns = [pl.col("item"), pl.col("rating").alias("overall")]
    for name, source in _EVENT_COLUMNS.items():
        dtype = pl.Boolean if name == "verified" else pl.String
        known = source in log.events.columns
        columns.append((pl.col(source) if known else pl.lit(None, dtype)).alias(name))
    day = pl.lit(None, pl.Int8)
    if "time" in log.events.columns:
        day = (pl.col("time").dt.weekday() - 1).cast(pl.Int8)
    return [*columns, day.alias("day_of_week")]


def _repeated(log: Dataset) -> CleaningStep:
    """How many reviews repeat another one by the same user of the same item."""
    keys = [c for c in ("user", "item", "text") if c in log.events.columns]
    repeats = len(log) - log.events.lazy().select(pl.struct(keys).n_unique()).collect().item()
    about = "the same text by the same user on the same item" if "text" in keys else "the same pair"
    return CleaningStep("duplicates", about, len(log), noted=repeats)


def _joined(
    log: Dataset,
    frame: pl.DataFrame,
    numbers: pl.DataFrame,
    join: Literal["inner", "left"],
    report: CleaningReport,
) -> pl.DataFrame:
    """Reviews joined with the metadata of their items, in the order of the log."""
    index = pl.Series("item", np.arange(log.n_items, dtype=np.int32))
    table = pl.DataFrame({"item": index, "asin": log.items.ids})
    metadata = log.item_table
    for column, dtype in _PRODUCT.items():
        values = pl.Series([None] * log.n_items, dtype=dtype)
        if metadata is not None and column in metadata.columns:
            values = metadata[column].cast(dtype, strict=False)
        table = table.with_columns(values.alias(column))
    table = table.with_columns(clean_title(pl.col("title")), clean_brand(pl.col("brand")))
    known = pl.Series("known", known_products(log))
    products = table.hstack(numbers.select(_STATISTICS)).with_columns(known)
    joined = frame.lazy().join(products.lazy(), on="item", how="left", maintain_order="left")
    if join == "inner":
        joined = joined.filter("known")
    result = joined.select("position", *COLUMNS).collect()
    if join == "inner":
        about = "reviews of items that the metadata do not know"
        report.add_removal("merge", about, len(frame), len(result))
    return result
