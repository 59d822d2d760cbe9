"""The charts of a log: ratings, activity, concentration, density and time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl

from penchant.data.quality.log_summary import Summary
from penchant.results.formatting import day, percent
from penchant.results.graph import Graph, bars, heat_map, histogram, lines, time_series
from penchant.typing import Float64


def counts(caption: str, values: Mapping[str, int], x: str, y: str) -> Graph:
    """Upright bars with a name each, in half the width of a page."""
    return bars(caption, {"": values}, x=x, y=y, upright=True, half=True)


def ratings(summary: Summary) -> Graph:
    """How often each rating was given."""
    given = dict(summary.rating_histogram)
    most = max(given, key=lambda value: given[value])
    return counts(
        f"Ratings: {percent(given[most] / sum(given.values()))} are {most:g}; the mean is "
        f"{summary.rating_mean:.2f}.",
        {f"{value:g}": count for value, count in given.items()},
        "rating",
        "events",
    )


def activity(noun: str, table: pl.DataFrame) -> Graph:
    """How many users or items have how many events, in doubling steps."""
    shown = table.filter(pl.col("count").cum_sum() > 0)
    low, high, count = (shown[column].to_list() for column in ("low", "high", "count"))
    most = int(np.argmax(count))
    several = "1 event" if high[most] == 1 else f"{low[most]:,} to {high[most]:,} events"
    several = f"{low[most]:,} events" if low[most] == high[most] != 1 else several
    return histogram(
        f"Events per {noun}: the highest bar is that of {noun}s with {several}.",
        [*low, high[-1] + 1],
        count,
        x=f"events per {noun}, each bar from the number at its left",
        y=f"{noun}s",
        equal_widths=True,
    )


def means(noun: str, table: pl.DataFrame) -> Graph:
    """How the mean ratings of users or items are spread."""
    most = table.row(int(table["count"].arg_max() or 0), named=True)
    middle = (most["low"] + most["high"]) / 2
    return histogram(
        f"Mean rating per {noun}: most lie near {middle:.1f}.",
        [*table["low"], table["high"][-1]],
        table["count"].to_list(),
        x=f"mean rating of {'an' if noun == 'item' else 'a'} {noun}",
        y=f"{noun}s",
    )


def long_tail(table: pl.DataFrame, summary: Summary) -> Graph:
    """Which share of events falls on which share of items."""
    tenth = percent(float(table["events"][10]))
    return lines(
        f"Long tail: the most popular 10 % of items have {tenth} of the events; Gini "
        f"{summary.gini:.2f}.",
        {"": dict(zip(table["items"], table["events"], strict=True))},
        x="share of items, most popular first",
        y="share of events",
        labels={0.1: f"10 % of items:\n{tenth} of events"},
        diagonal="if all were equal",
        fill=True,
        axis_format="percent",
    )


def density(filled: Float64) -> Graph:
    """A map of users × items, both from the most to the least active, dark where it is full."""
    empty = float((filled == 0).mean())
    return heat_map(
        f"Map of users and items: the fullest of {filled.size:,} fields has "
        f"{percent(float(filled.max(initial=0)))} of its pairs, and {percent(empty)} of the fields "
        "are empty.",
        filled,
        x="items, the most popular at the left",
        y="users, the most active at the top",
    )


def over_time(table: pl.DataFrame, period: str) -> Graph:
    """Events in each period."""
    starts, events = table["start"].to_list(), table["events"].to_list()
    most = max(events)
    when = _moment(starts[events.index(most)], period)
    return time_series(
        f"Events per {period}: the most, {most:,}, in the {period} from {when}."
        if len(events) > 1
        else f"All {most:,} events are of one {period}, from {when}.",
        starts,
        events,
        y=f"events per {period}",
        counts=True,
    )


def rating_over_time(table: pl.DataFrame, period: str) -> Graph:
    """The mean rating in each period."""
    known = table["rating"].drop_nulls().drop_nans().to_list()
    return time_series(
        f"Mean rating per {period}: between {min(known):.2f} and {max(known):.2f}.",
        table["start"].to_list(),
        table["rating"].to_list(),
        y=f"mean rating per {period}",
        half=True,
    )


def _moment(start: datetime, period: str) -> str:
    return f"{start:%Y-%m-%d %H:%M}" if period in ("minute", "hour") else day(start)
