"""What is in a log: counts, shapes and oddities, as figures and as tables ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.distributions import column_distributions
from penchant.data.quality.log_check import QualityReport, check
from penchant.data.quality.log_summary import Summary, summary
from penchant.data.required import require_log
from penchant.data.reviews.statistics import ReviewStatistics, review_statistics
from penchant.json_values import json_value
from penchant.notebook import ShownAsText
from penchant.typing import Float64, Int64

_TOP_ITEMS, _TOP_USERS = 50, 15  # listed
_USER_BINS, _ITEM_BINS = 60, 100  # of the map of users × items
_MEANS = 30  # bins of mean ratings
_PERIODS = (  # the longest span in days for which events are counted by this period
    (0.25, "1m", "minute"),
    (7, "1h", "hour"),
    (90, "1d", "day"),
    (3 * 365, "1w", "week"),
    (30 * 365, "1mo", "month"),
    (float("inf"), "1y", "year"),
)


@dataclass(frozen=True, eq=False)
class Exploration(ShownAsText):
    """A log in figures and in tables ready to be drawn, none longer than a few hundred rows.

    Attributes:
        name: the log's name.
        source: where it came from and which column became what.
        summary: counts, sparsity, ratings and time span.
        check: what is odd.
        columns: one row for each column of events, users and items: `table`, `column`, `type`,
            `missing`, `share` (of missing values), `distinct` and `example`.
        user_activity: how many users have `low` to `high` events: `low`, `high`, `count`.
        item_activity: the same of items.
        long_tail: the share of `events` on each share of `items`, the most popular ones first.
        user_means: users by mean rating: `low`, `high`, `count`; None without ratings.
        item_means: items by mean rating, the same way.
        density: float64[user bins, item bins], the share of pairs with an event; users and items
            stand in the order of their activity, the most active first.
        over_time: `start` of each period, its `events`, and `users` and `rating` (the mean) where
            known; None without times.
        period: the length of these periods, such as "month".
        top_items: the items with most events: `item`, `title`, `events` and `rating` (the mean).
        top_users: the users with most events: `user`, `events` and `rating`.
        genres: the genres with most events: `genre`, `items`, `events` and `rating`; None where
            items have none.
        reviews: figures of ratings and reviews; see `ReviewStatistics`.
        user_columns: how the values of the user table's columns are distributed; see
            `column_distributions`.
        item_columns: the same of the item table, genres left out.
        notes: what the reader found and did, a sentence each.
    """

    name: str
    source: str
    summary: Summary
    check: QualityReport
    columns: pl.DataFrame
    user_activity: pl.DataFrame
    item_activity: pl.DataFrame
    long_tail: pl.DataFrame
    user_means: pl.DataFrame | None
    item_means: pl.DataFrame | None
    density: Float64
    over_time: pl.DataFrame | None
    period: str | None
    top_items: pl.DataFrame
    top_users: pl.DataFrame
    genres: pl.DataFrame | None
    reviews: ReviewStatistics
    user_columns: dict[str, pl.DataFrame]
    item_columns: dict[str, pl.DataFrame]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON: tables as lists of rows, times in ISO form."""
        plain: dict[str, Any] = json_value(vars(self) | {"reviews": vars(self.reviews)})
        return plain

    def __str__(self) -> str:
        return f"{self.summary}\n\n{self.check}"


def explore(log: Dataset) -> Exploration:
    """Look at a log from all sides; ratings, times, titles and tables are used where it has them.

    Everything is aggregated, so that a log of many million events takes seconds.

    Example:
        >>> found = pn.explore(planted_pairs(n_users=100))
        >>> found.summary.n_users
        100
    """
    require_log(log)
    over_time, period = _over_time(log)
    return Exploration(
        name=log.name,
        source=str(log.origin),
        summary=summary(log),
        check=check(log),
        columns=_columns(log),
        user_activity=activity(log.user_counts),
        item_activity=activity(log.item_counts),
        long_tail=long_tail(log.item_counts),
        user_means=_means(log, "user"),
        item_means=_means(log, "item"),
        density=_density(log),
        over_time=over_time,
        period=period,
        top_items=_top(log, "item"),
        top_users=_top(log, "user"),
        genres=_genres(log),
        reviews=review_statistics(log),
        user_columns=_distributions(log.user_table),
        item_columns=_distributions(log.item_table),
        notes=tuple(getattr(log.origin, "notes", ())),
    )


def activity(counts: Int64) -> pl.DataFrame:
    """How many users or items have 1, 2, 3 to 4, 5 to 8 … events: `low`, `high`, `count`."""
    counts = counts[counts > 0]
    top = int(np.ceil(np.log2(counts.max()))) if len(counts) else -1
    high = 2 ** np.arange(top + 1)
    low = np.concatenate([[1], high[:-1] + 1])[: len(high)]
    bins = np.searchsorted(high, counts)
    return pl.DataFrame({"low": low, "high": high, "count": np.bincount(bins, minlength=len(high))})


def long_tail(counts: Int64) -> pl.DataFrame:
    """The share of `events` on each share of `items`, the most popular first, at 0 % … 100 %."""
    ordered = np.sort(counts[counts > 0])[::-1]
    share = np.linspace(0, 1, 101)
    if not len(ordered):
        return pl.DataFrame({"items": share, "events": share})
    reached = np.concatenate([[0], np.cumsum(ordered)]) / ordered.sum()
    events = np.interp(share * len(ordered), np.arange(len(reached)), reached)
    return pl.DataFrame({"items": share, "events": events})


def _over_time(log: Dataset) -> tuple[pl.DataFrame | None, str | None]:
    """Events, users and the mean rating by period, empty periods included."""
    if "time" not in log.events.columns:
        return None, None
    known = log.events.lazy().drop_nulls("time")
    first, last = known.select(a=pl.col("time").min(), b=pl.col("time").max()).collect().row(0)
    if first is None:
        return None, None
    days = (last - first) / timedelta(days=1)
    every, name = next((every, name) for most, every, name in _PERIODS if days <= most)
    aggregates = [pl.len().alias("events"), pl.col("user").n_unique().alias("users")]
    if log.has_ratings:
        aggregates.append(pl.col("rating").mean())
    counted = known.group_by(start=pl.col("time").dt.truncate(every)).agg(aggregates).collect()
    span = pl.datetime_range(pl.col("start").min(), pl.col("start").max(), every)
    whole = counted.select(span.alias("start"))
    joined = whole.join(counted, on="start", how="left", maintain_order="left")
    return joined.with_columns(pl.col("events", "users").fill_null(0)), name


def _means(log: Dataset, side: str) -> pl.DataFrame | None:
    """A histogram of the mean rating of each user or item."""
    scale = log.rating_range
    if not log.has_ratings or not len(log) or scale is None:
        return None
    means = log.events.group_by(side).agg(pl.col("rating").cast(float).mean())["rating"].to_numpy()
    low, high = min(scale[0], means.min()), max(scale[1], means.max())
    counts, edges = np.histogram(means, _MEANS, (low, high) if high > low else (low, low + 1))
    return pl.DataFrame({"low": edges[:-1], "high": edges[1:], "count": counts})


def _density(log: Dataset) -> Float64:
    """The share of distinct pairs with an event in each bin of users × items."""
    users, n_users = _bins(log.user_counts, _USER_BINS)
    items, n_items = _bins(log.item_counts, _ITEM_BINS)
    pairs = pl.Series(log.pairs).unique().to_numpy()
    user, item = np.divmod(pairs, max(log.n_items, 1))
    cell = users[user] * len(n_items) + items[item]
    filled = np.bincount(cell, minlength=len(n_users) * len(n_items))
    return filled.reshape(len(n_users), len(n_items)) / np.outer(n_users, n_items)


def _bins(counts: Int64, most: int) -> tuple[Int64, Int64]:
    """Each index's bin in the order of activity, and how many indices a bin holds."""
    active = int((counts > 0).sum())
    place = np.empty(len(counts), np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    n = min(most, active)
    bins = np.minimum(place, active - 1) * n // max(active, 1)
    return bins, np.bincount(bins[counts > 0], minlength=n)


def _top(log: Dataset, side: str) -> pl.DataFrame:
    """The users or items with most events."""
    vocabulary, counts = (
        (log.users, log.user_counts) if side == "user" else (log.items, log.item_counts)
    )
    best = np.argsort(-counts, kind="stable")[: _TOP_USERS if side == "user" else _TOP_ITEMS]
    best = best[counts[best] > 0]
    table = pl.DataFrame({side: vocabulary.take(best), "events": counts[best]})
    if side == "item":
        table.insert_column(1, pl.Series("title", log.titles(best), dtype=pl.String))
    if log.has_ratings:
        of_these = log.events.filter(pl.col(side).is_in(best.tolist()))
        means = of_these.group_by(side).agg(pl.col("rating").mean())
        index = pl.DataFrame({side: best.astype(np.int32)})
        joined = index.join(means, on=side, how="left", maintain_order="left")
        table = table.with_columns(joined["rating"])
    return table


def _genres(log: Dataset) -> pl.DataFrame | None:
    """The genres with most events."""
    table = log.item_table
    if table is None or not isinstance(table.schema.get("genres"), pl.List):
        return None
    events = pl.Series("events", log.item_counts)
    wanted = [pl.len().alias("items"), pl.col("events").sum()]
    frame = pl.DataFrame([table["genres"].alias("genre"), events])
    if log.has_ratings:
        total = np.bincount(log.events["item"].to_numpy(), log.ratings, log.n_items)
        frame = frame.with_columns(total=pl.Series(total))
        wanted.append((pl.col("total").sum() / pl.col("events").sum()).alias("rating"))
    flat = frame.filter(pl.col("genre").list.len() > 0).explode("genre").drop_nulls("genre")
    genres = flat.group_by("genre").agg(wanted).filter(pl.col("events") > 0)
    return (
        genres.sort("events", "genre", descending=[True, False]).head(20) if len(genres) else None
    )


def _distributions(table: pl.DataFrame | None) -> dict[str, pl.DataFrame]:
    """How columns are distributed, but for lists of what mostly stands nowhere else, like links."""
    if table is None:
        return {}
    lists = [c for c in table.get_columns() if isinstance(c.dtype, pl.List)]
    odd = [c.name for c in lists if 2 * c.explode().n_unique() > len(c)]
    return column_distributions(table.drop("genres", *odd, strict=False))


def _columns(log: Dataset) -> pl.DataFrame:
    """What every column of the log and of its tables holds."""
    events = log.frame().drop("row", strict=False)
    tables = {"events": events, "users": log.user_table, "items": log.item_table}
    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        for column in [] if table is None else table.get_columns():
            missing = column.null_count()
            example = column.drop_nulls().head(1).to_list()
            if column.dtype == pl.Float32:  # with the digits that it has, and no further ones
                example = [np.float32(value) for value in example]
            if isinstance(column.dtype, pl.Array) and column.dtype.inner.is_numeric():
                # Vectors, of zeros where there is nothing.
                missing += int((~column.drop_nulls().to_numpy().any(axis=1)).sum())
                example = [f"{column.dtype.size} numbers"] if example else []
            rows.append(
                {
                    "table": name,
                    "column": column.name,
                    "type": _type(column.dtype),
                    "missing": missing,
                    "share": missing / len(column) if len(column) else 0.0,
                    "distinct": None if column.dtype.is_nested() else column.n_unique(),
                    "example": _short(example[0]) if example else None,
                }
            )
    schema = {"table": pl.String, "column": pl.String, "type": pl.String, "missing": pl.Int64}
    schema |= {"share": pl.Float64, "distinct": pl.Int64, "example": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _type(dtype: pl.DataType) -> str:
    """A type's name without its details, but for lists what they hold."""
    return str(dtype if dtype.is_nested() else dtype.base_type())


def _short(value: object, most: int = 60) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
