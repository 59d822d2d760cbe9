"""The charts of reviews: verified or not, ratings against their number, imbalance, gaps."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.reviews.statistics import ReviewStatistics
from penchant.reporting.graphs.log import counts
from penchant.results.formatting import percent, short, whole
from penchant.results.graph import Graph, bars, histogram, scatter, words
from penchant.results.graph.records import Tone


def popular(table: pl.DataFrame) -> Graph:
    """The most popular items, as bars of their numbers of events."""
    titles = [str(name) for name in table["title" if "title" in table else "item"]]
    events = table["events"].to_list()
    return bars(
        f"The {len(events)} most popular items: from {whole(events[0])} events to "
        f"{whole(events[-1])}.",
        {"": dict(zip(_distinct(titles), events, strict=True))},
        x="events",
    )


def telling_words(kind: str, table: pl.DataFrame) -> list[Graph]:
    """Clouds of the words of positive and of negative reviews, as far as there are any.

    Args:
        kind: of text, such as `summary`.
        table: with `word` and `z`, above 0 for words of positive reviews.
    """
    graphs = []
    sides: tuple[tuple[str, Tone, pl.DataFrame], ...] = (
        ("positive", "good", table.filter(pl.col("z") > 0)),
        ("negative", "bad", table.filter(pl.col("z") < 0).reverse()),
    )
    for side, tone, some in sides:
        weights = dict(zip(some["word"], some["z"].abs(), strict=True))
        if weights:
            first = next(iter(weights))
            caption = f"Words of the {kind} that lean to {side} ratings, most of all “{first}”."
            graphs.append(words(caption, weights, tone=tone))
    return graphs


def verified(table: pl.DataFrame, means: pl.DataFrame) -> Graph:
    """How verified and other reviews rate, each as shares of its own kind."""
    known = " and ".join(f"{kind} {rating:.2f}" for kind, _, rating in means.iter_rows())
    names = [f"{rating:g}" for rating in table["rating"]]
    return bars(
        f"Verified and other reviews: the mean rating is {known}.",
        {
            kind: dict(zip(names, table[f"{kind}_share"].fill_null(0), strict=True))
            for kind in ("verified", "other")
        },
        x="rating",
        y="share of its kind",
        upright=True,
        half=True,
        value_format="percent",
    )


def means_by_count(fields: pl.DataFrame, spread: pl.DataFrame) -> Graph:
    """Each item's mean rating against its number of ratings, dark where there are many items."""
    first, last = spread.row(0, named=True), spread.row(-1, named=True)
    middle = (spread["low"] * spread["high"]).sqrt()
    quarters = spread.select("median", "low_quarter", "high_quarter").iter_rows()
    return scatter(
        "Mean rating against number of ratings: half of the items lie within the lines. With "
        f"{_range(first)} the middle half lies from {first['low_quarter']:.2f} to "
        f"{first['high_quarter']:.2f}, with {_range(last)} from {last['low_quarter']:.2f} to "
        f"{last['high_quarter']:.2f}.",
        (2.0 ** fields["log2_count"].to_numpy()).tolist(),
        fields["mean"].to_list(),
        x="ratings of an item, on a logarithmic scale",
        y="its mean rating",
        name="items",
        lines={"median and middle half": list(zip(middle, quarters, strict=True))},
        weight=fields["items"].to_list(),
        log_x=True,
    )


def givers(statistics: ReviewStatistics) -> Graph | None:
    """How many users gave each rating; None where there are no ratings."""
    table = statistics.users_by_rating
    if table is None or statistics.n_top_raters is None:
        return None
    return counts(
        f"Users who gave each rating at least once: {whole(statistics.n_top_raters)} gave the "
        f"highest, {statistics.top_rating:g}.",
        {f"{rating:g}": users for rating, users in table.select("rating", "users").iter_rows()},
        "rating",
        "users",
    )


def balance(table: pl.DataFrame, middle: float) -> Graph:
    """How many ratings are positive and how many negative."""
    share, larger = max(table.select("share", "side").iter_rows())
    return counts(
        f"Classes: {percent(share)} of the ratings are {larger}; above {middle:g} is "
        f"positive. Who always says {larger} is right as often.",
        dict(table.select("side", "events").iter_rows()),
        "class",
        "events",
    )


def missing(columns: pl.DataFrame) -> Graph | None:
    """The share of missing values of each column that has any; None where none has."""
    gaps = columns.filter(pl.col("missing") > 0).sort("share", descending=True).head(20)
    if gaps.is_empty():
        return None
    names = [f"{column} ({table})" for table, column in gaps.select("table", "column").iter_rows()]
    shares = gaps["share"].to_list()
    return bars(
        f"Missing values: the most are of {names[0]}, {percent(shares[0])}.",
        {"": dict(zip(names, shares, strict=True))},
        x="share of values that are missing",
        half=True,
        value_format="percent",
    )


def distribution(name: str, table: pl.DataFrame, noun: str) -> Graph:
    """How the values of a column of the user or item table are distributed."""
    column = name.replace("_", " ")
    count = table["count"].to_list()
    most = int(np.argmax(count))
    if "low" in table.columns:
        low, high = table["low"].to_numpy(), table["high"].to_numpy()
        edges = np.append(low, high[-1])
        if len(low) > 1:  # the outermost bins take in what is far off, and are drawn like others
            step = float(np.median(high - low))
            edges[0], edges[-1] = high[0] - step, low[-1] + step
        number = "{:.6g}" if "year" in column.lower() else "{:,.6g}"
        span = f"{number.format(low[most])} to {number.format(high[most])}"
        return histogram(
            f"{column.capitalize()} of {noun}s: most from {span}; {whole(sum(count))} have one.",
            edges.tolist(),
            count,
            x=column,
            y=f"{noun}s",
        )
    labels = [str(value) for value in table["value"]]
    return bars(
        f"{column.capitalize()} of {noun}s: {labels[most]} is the most frequent, "
        f"{short(count[most])}.",
        {"": dict(zip(labels, count, strict=True))},
        x=f"{noun}s",
        half=True,
    )


def _distinct(names: list[str]) -> list[str]:
    """Names of which none is twice, as several items may have one title."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    count: dict[str, int] = {}
    distinct = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({count[name]})")
    return distinct


def _range(row: dict[str, float]) -> str:
    if row["low"] == row["high"]:
        return "one rating" if row["low"] == 1 else f"{whole(row['low'])} ratings"
    return f"{whole(row['low'])} to {whole(row['high'])} ratings"
