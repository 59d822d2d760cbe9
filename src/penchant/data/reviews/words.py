"""Find the words that distinguish two groups of texts."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.reviews.text import plain_words, without_stop_words
from penchant.errors import ParameterError

_BATCH = 50_000  # texts split at once


def significant_words(
    texts: pl.Series,
    first: pl.Series,
    *,
    prior: float = 1000.0,
    least: int = 5,
    stop_words: bool = True,
) -> pl.DataFrame:
    """How strongly each word leans towards one of two groups of texts.

    The statistic is the log-odds ratio with an informative Dirichlet prior, in standard
    deviations: Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis, 2008), equations
    15 to 22. The prior is the frequency of the words in both groups together, so that rare words
    need much evidence and words that are frequent everywhere say nothing.

    Args:
        texts: String[n]; missing ones count for nothing, and neither do numbers.
        first: Boolean[n], which of them are of the first group.
        prior: the size of the prior, in words.
        least: words that stand less often in both groups together are left out.
        stop_words: leave English stop words out.

    Returns:
        `word`, `first` and `other` (how often it stands in each group), `log_odds`, and `z`, the
        log-odds over their standard deviation: positive for the first group. Ordered by `z`,
        highest first; words of the same `z` alphabetically.

    Raises:
        ParameterError: `prior` or `least` is not positive, or the lengths differ.
    """
    if not prior > 0 or least < 1:
        raise ParameterError(f"prior must be above 0 and least 1 or more: {prior}, {least}.")
    if len(texts) != len(first):
        raise ParameterError(f"There are {len(texts):,} texts, but {len(first):,} groups.")
    counted = _count_words(texts, first, stop_words)
    sizes = counted.select(pl.col("first", "other").sum()).row(0)
    total = sum(sizes)
    rows = counted.filter(pl.col("first") + pl.col("other") >= least)
    one, two = (rows[c].to_numpy().astype(np.float64) for c in ("first", "other"))
    expected = prior * (one + two) / max(total, 1)
    odds = [
        np.log((y + expected) / np.maximum(n + prior - y - expected, 1e-12))
        for y, n in zip((one, two), sizes, strict=True)
    ]
    log_odds = odds[0] - odds[1]
    z = log_odds / np.sqrt(1 / (one + expected) + 1 / (two + expected))
    return rows.with_columns(pl.Series("log_odds", log_odds), pl.Series("z", z)).sort(
        "z", "word", descending=[True, False]
    )


def _count_words(texts: pl.Series, first: pl.Series, stop_words: bool) -> pl.DataFrame:
    """How often each word stands in each group; memory is bounded by parts."""
    words = plain_words(pl.col("text"))
    words = without_stop_words(words) if stop_words else words
    frame = pl.DataFrame({"text": texts, "of_first": first}).drop_nulls()
    empty = pl.DataFrame(schema={"word": pl.String, "first": pl.UInt32, "other": pl.UInt32})
    parts = [empty]
    for part in frame.iter_slices(_BATCH):
        counts = (
            part.lazy()
            .select(word=words.str.split(" "), of_first="of_first")
            .explode("word")
            .filter(pl.col("word").str.contains(r"\p{L}"))
            .group_by("word")
            .agg(
                pl.col("of_first").sum().cast(pl.UInt32).alias("first"),
                (~pl.col("of_first")).sum().cast(pl.UInt32).alias("other"),
            )
            .collect()
        )
        parts.append(counts)
    counts = pl.concat(parts).group_by("word").agg(pl.col("first", "other").sum())
    return counts.sort("word")
