"""Rule: the same user wrote the same text before the test."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.auditing.examples import pair_examples
from penchant.auditing.intervals import share_interval
from penchant.auditing.material import Material
from penchant.auditing.rule import Rule
from penchant.results.finding import Bar, Finding, share
from penchant.typing import Bool, Int64, UInt64

RULE = Rule(
    name="same-text",
    subject=1,
    question="Are test texts of a user also among the user's training texts?",
    advice="Keep one event of each user and text, as shops repeat a review over the variants of a "
    "product, then split again.",
    source="Kaufman et al. 2012, Leakage in Data Mining, section 4",
    brief="{share} of the test events repeat a text of the user",
    bar=Bar(doubtful=0.01, wrong=0.05),
)
LONG = 25
"""The length from which on nobody writes the same text twice by chance."""


def normalised(texts: pl.Expr) -> pl.Expr:
    """Texts in lower case without markup, punctuation and repeated spaces."""
    plain = texts.cast(pl.String).str.to_lowercase().str.replace_all(r"<[^>]{1,40}>|&[a-z]+;", " ")
    return plain.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()


def check(material: Material) -> Iterator[Finding]:
    """The share of test events whose user and text are known; long texts decide the level."""
    if material.split is None:
        yield RULE.not_checkable("a split, or a training and a test file")
        return
    log = material.split.log
    if "text" not in log.events.columns:
        yield RULE.not_checkable("a column of texts")
        return
    plain = log.events.select(normalised(pl.col("text")).fill_null("").alias("text"))
    keys = log.events.select("user").hstack(plain).select(pl.struct("user", "text").hash())
    exact = log.events.select(pl.struct("user", pl.col("text").fill_null("")).hash())
    length = plain["text"].str.len_chars().to_numpy()
    hits, known = _known_texts(keys.to_series().to_numpy(), material, length > 0)
    same, _ = _known_texts(exact.to_series().to_numpy(), material, length > 0)
    figure, interval = share_interval(hits, material.test_users)
    long = length[material.test_rows] >= LONG
    among = hits[long]
    level = RULE.bar.level(float(among.mean())) if len(among) >= 20 else RULE.bar.level(figure)
    if level == "wrong" and len(among) < 20:
        level = "doubtful"  # short texts recur by themselves
    tested = material.test_rows[hits]
    longest = np.argsort(-length[tested], kind="stable")[:100]
    yield RULE.finding(
        level,
        f"For {share(figure)} of the test events the same user wrote the same text in an event "
        f"known before the test ({share(float(same.mean()))} to the letter, the rest but for case "
        f"and punctuation; {share(float(among.mean()) if len(among) else 0.0)} of the texts with "
        f"{LONG} letters or more)"
        + (": whoever reads the text has read the answer." if level == "wrong" else "."),
        figure=figure,
        interval=interval,
        examples=pair_examples(log, tested[longest], known[hits][longest], ("text",)).with_columns(
            pl.when(pl.col("text").str.len_chars() > 80)
            .then(pl.col("text").str.slice(0, 79) + "…")
            .otherwise(pl.col("text"))
            .alias("text")
        ),
    )


def _known_texts(keys: UInt64, material: Material, has_text: Bool) -> tuple[Bool, Int64]:
    """bool[n_test], whether a test event's key is known; and a known event with it, or -1."""
    known_rows = material.known_rows[has_text[material.known_rows]]
    order = known_rows[np.argsort(keys[known_rows], kind="stable")]
    tested = keys[material.test_rows]
    if not len(order):
        return np.zeros(len(tested), bool), np.full(len(tested), -1)
    place = np.searchsorted(keys[order], tested).clip(0, len(order) - 1)
    hits = (keys[order][place] == tested) & has_text[material.test_rows]
    return hits, np.where(hits, order[place], -1)
