"""The page of a log."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.atomic_write import write_text_atomically
from penchant.data.reviews.statistics import ReviewStatistics
from penchant.exploration.log_exploration import Exploration
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.charts.svg import Chart
from penchant.reporting.graphs import log as log_graphs
from penchant.reporting.graphs import reviews as review_graphs
from penchant.reporting.html import render
from penchant.results.graph import Graph


def write_exploration(exploration: Exploration, path: str | Path) -> Path:
    """Write what was found in a log as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    context = {
        "title": f"What is in {exploration.name}",
        "exploration": exploration,
        "summary": exploration.summary,
        "check": exploration.check,
        "source": exploration.source,
        "charts": _charts(exploration),
        "reviews": exploration.reviews,
        "words": _clouds(exploration),
    }
    return write_text_atomically(render("exploration.html", context), path)


def _charts(exploration: Exploration) -> dict[str, list[Chart]]:
    """The charts of each part of the page; a part without any is left out."""
    drawn = {name: draw_all(name, graphs) for name, graphs in graphs_of_log(exploration).items()}
    return drawn | {"tables": draw_all("table", _distributions(exploration))}


def graphs_of_log(exploration: Exploration) -> dict[str, list[Graph | None]]:
    """The charts of each part of the page, None for what the log does not have."""
    summary, times = exploration.summary, exploration.over_time
    period = exploration.period or ""
    rated_over_time = times is not None and "rating" in times.columns and len(times) > 1
    return {
        "ratings": [
            log_graphs.ratings(summary) if summary.rating_histogram else None,
            None
            if exploration.user_means is None
            else log_graphs.means("user", exploration.user_means),
            None
            if exploration.item_means is None
            else log_graphs.means("item", exploration.item_means),
            log_graphs.rating_over_time(times, period)
            if times is not None and rated_over_time
            else None,
        ],
        "spread": [
            log_graphs.activity("user", exploration.user_activity),
            log_graphs.activity("item", exploration.item_activity),
            log_graphs.long_tail(exploration.long_tail, summary),
            log_graphs.density(exploration.density),
        ]
        if summary.n_events
        else [],
        "time": [None if times is None else log_graphs.over_time(times, period)],
        "classes": _classes(exploration.reviews),
        "popular": [review_graphs.popular(exploration.top_items) if summary.n_events else None],
        "missing": [review_graphs.missing(exploration.columns)],
    }


def _classes(reviews: ReviewStatistics) -> list[Graph | None]:
    """Ratings as classes and by who gave them."""
    graphs: list[Graph | None] = []
    if reviews.balance is not None and reviews.middle is not None:
        graphs.append(review_graphs.balance(reviews.balance, reviews.middle))
    graphs.append(review_graphs.givers(reviews))
    if reviews.verified is not None and reviews.verified_means is not None:
        graphs.append(review_graphs.verified(reviews.verified, reviews.verified_means))
    if reviews.count_and_mean is not None and reviews.means_by_count is not None:
        graphs.append(review_graphs.means_by_count(reviews.count_and_mean, reviews.means_by_count))
    return graphs


def _distributions(exploration: Exploration) -> list[Graph | None]:
    """The columns of the user and of the item table."""
    return [
        review_graphs.distribution(name, table, noun)
        for noun, tables in (("user", exploration.user_columns), ("item", exploration.item_columns))
        for name, table in tables.items()
    ]


def _clouds(exploration: Exploration) -> list[tuple[str, pl.DataFrame, list[Chart]]]:
    """The clouds of each kind of text, with the words as a table."""
    return [
        (kind, table, draw_all(f"words-{kind}", review_graphs.telling_words(kind, table)))
        for kind, table in (exploration.reviews.words or {}).items()
    ]
