"""The page of a log."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.atomic_write import write_whole
from penchant.exploration.log_exploration import Exploration
from penchant.reporting.charts import log as log_plots
from penchant.reporting.charts import reviews as review_plots
from penchant.reporting.charts.svg import Chart
from penchant.reporting.html import render


def write_exploration(found: Exploration, path: str | Path) -> Path:
    """Write what was found in a log as one self-contained HTML page that opens offline.

    The file is written whole or not at all.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    context = {
        "title": f"What is in {found.name}",
        "found": found,
        "summary": found.summary,
        "check": found.check,
        "source": found.source,
        "charts": _charts(found),
        "reviews": found.reviews,
        "words": _clouds(found),
    }
    return write_whole(render("exploration.html", context), path)


def _charts(found: Exploration) -> dict[str, list[Chart]]:
    """The charts of each part of the page; a part without any is left out."""
    ratings, time = [], []
    if found.summary.rating_histogram:
        ratings.append(log_plots.ratings(found.summary))
    for noun, table in (("user", found.user_means), ("item", found.item_means)):
        if table is not None:
            ratings.append(log_plots.means(f"{noun}-means", noun, table))
    if found.over_time is not None and found.period is not None:
        time.append(log_plots.over_time(found.over_time, found.period))
        if "rating" in found.over_time.columns and len(found.over_time) > 1:
            ratings.append(log_plots.rating_over_time(found.over_time, found.period))
    spread: list[Chart] = []
    popular: list[Chart] = []
    if found.summary.n_events:
        spread = [
            log_plots.activity("user-activity", "user", found.user_activity),
            log_plots.activity("item-activity", "item", found.item_activity),
            log_plots.long_tail(found.long_tail, found.summary),
            log_plots.density(found.density),
        ]
        popular = [review_plots.popular(found.top_items)]
    return {
        "ratings": ratings,
        "spread": spread,
        "time": time,
        "classes": _classes(found),
        "popular": popular,
        "missing": [chart] if (chart := review_plots.missing(found.columns)) else [],
        "tables": [
            review_plots.distribution(name, table, noun)
            for noun, tables in (("user", found.user_columns), ("item", found.item_columns))
            for name, table in tables.items()
        ],
    }


def _classes(found: Exploration) -> list[Chart]:
    """The charts of ratings as classes and by who gave them."""
    reviews, charts = found.reviews, []
    if reviews.balance is not None and reviews.middle is not None:
        charts.append(review_plots.balance(reviews.balance, reviews.middle))
    if (chart := review_plots.givers(reviews)) is not None:
        charts.append(chart)
    if reviews.verified is not None and reviews.verified_means is not None:
        charts.append(review_plots.verified(reviews.verified, reviews.verified_means))
    if reviews.count_and_mean is not None and reviews.means_by_count is not None:
        charts.append(review_plots.means_by_count(reviews.count_and_mean, reviews.means_by_count))
    return charts


def _clouds(found: Exploration) -> list[tuple[str, pl.DataFrame, list[Chart]]]:
    """The clouds of each kind of text, with the words as a table."""
    return [
        (kind, table, review_plots.clouds(kind, table))
        for kind, table in (found.reviews.words or {}).items()
    ]
