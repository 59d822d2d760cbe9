"""Rules: the review of the very pair is among the features, or decides the predictions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.features import Features
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.auditing.rules.same_text import normalised
from penchant.data.dataset import Dataset
from penchant.metrics import bootstrap_weights, interval
from penchant.results.finding import EXAMPLES, Bar, Finding, share
from penchant.typing import Bool, Float64, Int32, Int64

RULE = Rule(
    name="own-review",
    subject=10,
    question="Is the review of the very user and item among the features?",
    advice="Leave it out: nobody has written it when the rating is to be predicted. Other users' "
    "training reviews of the item may be used.",
    source="Catherine and Cohen 2017, TransNets: the review of the pair is not available at test "
    "time",
    brief="{share} of the rows with a review have it, or its length, there",
    bar=Bar(doubtful=0.05, wrong=0.5),
)
SHUFFLED = Rule(
    name="shuffled-text",
    subject=10,
    question="Do the predictions rest on the text of the very row?",
    advice="Predict without the text of the row itself.",
    source="Sachdeva and McAuley 2020, How Useful are Reviews for Recommendation?",
    brief="the RMSE rises by {share} with the texts of other rows",
    bar=Bar(doubtful=0.02, wrong=0.05),
)
_MIN_ROWS = 50
_REPLICATES = 1000


def check(material: Material) -> Iterator[Finding]:
    """The share of feature rows whose text, or its length, is that of the log's same event."""
    features, split = material.features, material.split
    if features is None or split is None or "text" not in split.log.events.columns:
        yield RULE.not_checkable("a table of features with users and items, and a log with texts")
        return
    if features.pair_codes() is None or not features.frame.columns:
        yield RULE.not_checkable("users, items and another column in the table of features")
        return
    reviews = _own_texts(features, split.log)
    has_text = reviews["text"].str.len_chars().to_numpy() > 0
    if has_text.sum() < _MIN_ROWS:
        yield RULE.not_checkable(f"at least {_MIN_ROWS} rows whose text the log has")
        return
    findings = list(_column_findings(features, reviews, has_text))
    yield from findings or [
        RULE.finding("passed", "No column is the text of the row or a count of its words.")
    ]


def _own_texts(features: Features, log: Dataset) -> pl.DataFrame:
    """The log's text of each feature row's user and item, normalised; "" where there is none."""
    texts = log.events.select(
        user=pl.col("user").cast(pl.Int64),
        item=pl.col("item").cast(pl.Int64),
        raw=pl.col("text").cast(pl.String).fill_null(""),
    ).unique(["user", "item"], keep="first", maintain_order=True)
    keys = pl.DataFrame({k: features.keys[k] for k in ("user", "item")})
    joined = keys.join(texts, on=["user", "item"], how="left", maintain_order="left")
    return joined.select(pl.col("raw").fill_null("")).with_columns(
        normalised(pl.col("raw")).alias("text")
    )


def _column_findings(
    features: Features, reviews: pl.DataFrame, has_text: Bool
) -> Iterator[Finding]:
    words = reviews["text"].str.count_matches(r"\S+").to_numpy()
    raw_words = reviews["raw"].str.count_matches(r"\S+").to_numpy()
    sizes = {
        "number of words": (words, raw_words),
        "number of characters": (
            reviews["text"].str.len_chars().to_numpy(),
            reviews["raw"].str.len_chars().to_numpy(),
        ),
    }
    for name in features.frame.columns:
        if features.frame[name].dtype != pl.String:
            continue
        same = features.frame.select(normalised(pl.col(name)).alias("t"))["t"]
        hits = (same == reviews["text"]).fill_null(False).to_numpy() & has_text
        yield _finding(features, name, hits[has_text], "the text itself", np.flatnonzero(hits))
    for name, values in features.numeric_columns():
        if np.unique(values[has_text & np.isfinite(values)]).size < 5:
            continue
        for what, counts in sizes.items():
            best = max(counts, key=lambda count: float((values == count)[has_text].mean()))
            hits = (values == best) & has_text
            if hits[has_text].mean() >= 0.05:
                yield _finding(features, name, hits[has_text], f"its {what}", np.flatnonzero(hits))
                break


def _finding(
    features: Features,
    name: str,
    hits: Bool,
    what: str,
    at: Int64,
) -> Finding:
    figure = float(hits.mean())
    examples = features.frame[name].gather(at[:EXAMPLES]).cast(pl.String).str.slice(0, 80)
    return RULE.finding(
        RULE.bar.level(figure),
        f"In {share(figure)} of the rows with a review, the column {name!r} is {what}, of the very "
        "user and item.",
        about=name,
        figure=figure,
        examples=pl.DataFrame({"row": features.rows[at[:EXAMPLES]], name: examples}),
    )


def check_shuffled(material: Material) -> Iterator[Finding]:
    """How much worse predictions get if texts are dealt to other test rows.

    The figure is the rise of the RMSE as a share of it, with a bootstrap interval over users.
    """
    split = material.split
    if material.predict is None or split is None or "text" not in split.log.events.columns:
        yield SHUFFLED.not_checkable("a function that predicts rows, and a split with texts")
        return
    frame = split.log.subset(material.test_rows).frame().drop("row")
    truth = frame["rating"].to_numpy().astype(float) if "rating" in frame.columns else None
    if truth is None or len(truth) < _MIN_ROWS:
        yield SHUFFLED.not_checkable(f"at least {_MIN_ROWS} test rows with ratings")
        return
    rows = frame.drop("rating")
    order = np.random.default_rng(material.seed).permutation(len(rows))
    dealt = rows.with_columns(pl.Series("text", rows["text"].to_numpy()[order], dtype=pl.String))
    errors, shuffled_errors = (
        (np.asarray(material.predict(f), dtype=float) - truth) ** 2 for f in (rows, dealt)
    )
    figure, ends = _rmse_rise(errors, shuffled_errors, material.test_users, material.seed)
    level = SHUFFLED.bar.level(figure) if ends[0] > 0 else "passed"
    yield SHUFFLED.finding(
        level,
        f"With the texts dealt to other rows the RMSE goes from {np.sqrt(errors.mean()):.4f} to "
        f"{np.sqrt(shuffled_errors.mean()):.4f} ({figure:+.1%}): "
        + (
            "the figure rests on the review that is written with the rating."
            if level in ("wrong", "doubtful")
            else "the review of the row hardly matters."
        ),
        figure=figure,
        interval=ends,
    )


def _rmse_rise(
    errors: Float64, shuffled_errors: Float64, user: Int32, seed: int
) -> tuple[float, tuple[float, float]]:
    """The relative rise of the RMSE from squared errors, with its interval over users."""
    _, group = np.unique(user, return_inverse=True)
    sums = np.stack([np.bincount(group, errors), np.bincount(group, shuffled_errors)], 1)
    drawn = np.concatenate([w @ sums for w in bootstrap_weights(len(sums), _REPLICATES, seed)])
    ratio = np.sqrt(drawn[:, 1] / np.maximum(drawn[:, 0], 1e-12)) - 1
    low, high = interval(ratio)
    figure = float(np.sqrt(shuffled_errors.mean() / max(errors.mean(), 1e-12)) - 1)
    return figure, (float(low), float(high))
