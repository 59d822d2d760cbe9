"""The page of a comparison of classifiers of sentiment."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.atomic_write import write_text_atomically
from penchant.encoders.sentiment.comparison import SentimentComparison, SentimentResult
from penchant.reporting.charts.draw import draw_all
from penchant.reporting.html import render
from penchant.results.graph import Graph, bars, lines
from penchant.results.study.sections import DataTable


def write_sentiment(
    comparison: SentimentComparison, path: str | Path, *, name: str = "reviews", again: str = ""
) -> Path:
    """Write a comparison of classifiers as one self-contained HTML page that opens offline.

    Args:
        comparison: the comparison.
        path: where to write; folders are made.
        name: of the log.
        again: the command that makes it again.

    Returns:
        The path.

    Raises:
        MissingExtraError: Matplotlib or Jinja2 is not installed.
    """
    curves = [graph for classifier in comparison.results for graph in _curves(classifier)]
    context = {
        "title": f"Sentiment of the reviews of {name}",
        "name": name,
        "comparison": comparison,
        "sentence": comparison.sentence(),
        "table": DataTable(
            comparison.frame(),
            "All classifiers; intervals draw users with replacement.",
            {c: "signed:3" for c in comparison.frame().columns if c.startswith("over ")}
            | {"seconds": "duration"},
        ),
        "confusions": [_confusion(one) for one in comparison.results],
        "areas": draw_all("auc", [_areas(comparison)]),
        "curves": draw_all("curve", curves),
        "again": again,
    }
    return write_text_atomically(render("sentiment.html", context), path)


def _areas(comparison: SentimentComparison) -> Graph:
    return bars(
        "Area under the ROC curve of each classifier, with its interval.",
        {"": {one.name: (float(one.auc.mean()), one.low, one.high) for one in comparison.results}},
        x="AUC",
        levels={"any constant": 0.5},
    )


def _curves(one: SentimentResult) -> list[Graph]:
    """Loss and accuracy by epoch, of the first network of the first split."""
    rows = [row for row in one.curve if row.get("network", 1) == 1]
    comparison = []
    for what in ("loss", "accuracy"):
        series = {
            f"{part}{what}".replace("_", " "): [row.get(f"{part}{what}") for row in rows]
            for part in ("", "validation_")
        }
        series = {n: v for n, v in series.items() if any(x is not None for x in v)}
        if series:
            kept = {"kept": float(one.best_epoch)} if one.best_epoch else None
            caption = f"{what.capitalize()} of {one.name} by epoch, in the first split."
            comparison.append(lines(caption, series, y=what, places=kept))
    return comparison


def _confusion(one: SentimentResult) -> DataTable:
    frame = pl.DataFrame(
        {
            "truth": ["negative", "positive"],
            "called negative": one.confusion[:, 0].astype(int),
            "called positive": one.confusion[:, 1].astype(int),
        }
    )
    return DataTable(
        frame, f"{one.name}: reviews of all splits, called positive at a chance of 0.5."
    )
