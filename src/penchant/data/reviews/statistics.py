"""Compute statistics of a log of reviews: rating balance, verified reviews, words, repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reviews.words import significant_words

_WORDS = 60  # of each side of each kind of text
_TEXTS = 300_000  # texts that words are counted in at most
_EXAMPLES = 10


@dataclass(frozen=True, eq=False)
class ReviewStatistics:
    """Statistics of a log of ratings and reviews; None where the log lacks the columns.

    Attributes:
        means_by_count: how the items' mean ratings are spread among items with `low` to `high`
            ratings: `items`, `mean`, `low_quarter`, `median` and `high_quarter`.
        count_and_mean: items by number of ratings and mean rating, in cells of equal size:
            `log2_count` and `mean` (the cells' middles) and `items`.
        users_by_rating: for each rating how many `users` gave it at least once, and its `events`.
        top_rating: the highest rating.
        n_top_raters: how many users gave it.
        balance: `side` (positive, negative), `events` and `share`; positive ratings are those
            above the middle of the scale.
        middle: the middle of the scale.
        verified: the ratings of verified and other reviews: `rating`, `verified`, `other` and
            their shares `verified_share` and `other_share`.
        verified_means: the mean rating and number of reviews of both: `kind`, `events`, `rating`.
        words: for `text` and `summary` the words that lean most to positive and to negative
            ratings, as `significant_words` gives them: `first` counts positive reviews.
        words_of: how many texts the words were counted in, of how many different ones.
        repeated: texts that one user gave to several items: `user`, `items`, `events`, `text`, the
            most repeated first.
        repeated_events: how many events have such a text.
    """

    means_by_count: pl.DataFrame | None = None
    count_and_mean: pl.DataFrame | None = None
    users_by_rating: pl.DataFrame | None = None
    top_rating: float | None = None
    n_top_raters: int | None = None
    balance: pl.DataFrame | None = None
    middle: float | None = None
    verified: pl.DataFrame | None = None
    verified_means: pl.DataFrame | None = None
    words: dict[str, pl.DataFrame] | None = None
    words_of: dict[str, tuple[int, int]] | None = None
    repeated: pl.DataFrame | None = None
    repeated_events: int | None = None


def review_statistics(log: Dataset) -> ReviewStatistics:
    """Compute the statistics that the log has columns for."""
    scale = log.rating_range
    statistics: dict[str, object] = {}
    if len(log) and "text" in log.events.columns:
        statistics |= _repeated(log)
    if len(log) and log.has_ratings and scale is not None and scale[0] < scale[1]:
        middle = (scale[0] + scale[1]) / 2
        statistics |= {"middle": middle, "balance": _balance(log, middle)}
        statistics |= _by_count(log) | _users_by_rating(log)
        if log.events.schema.get("verified") == pl.Boolean:
            statistics |= _verified(log)
        statistics |= _words(log, middle)
    return ReviewStatistics(**statistics)  # type: ignore[arg-type]


def _balance(log: Dataset, middle: float) -> pl.DataFrame:
    positive = int((log.ratings > middle).sum())
    counts = [positive, len(log) - positive]
    return pl.DataFrame(
        {
            "side": ["positive", "negative"],
            "events": counts,
            "share": [count / len(log) for count in counts],
        }
    )


def _by_count(log: Dataset) -> dict[str, object]:
    """Mean ratings of items against their numbers of ratings."""
    items = log.events.group_by("item").agg(
        pl.len().alias("count"), pl.col("rating").cast(pl.Float64).mean().alias("mean")
    )
    doubling = pl.col("count").log(2).ceil().cast(pl.Int64)
    rating = pl.col("mean")
    spread = (
        items.group_by(step=doubling)
        .agg(
            items=pl.len(),
            mean=rating.mean(),
            low_quarter=rating.quantile(0.25, "linear"),
            median=rating.median(),
            high_quarter=rating.quantile(0.75, "linear"),
        )
        .sort("step")
    )
    high = 2 ** spread["step"].to_numpy()
    low = np.where(high == 1, 1, high // 2 + 1)
    bounds = [pl.Series("low", low), pl.Series("high", high)]
    # Cells of a quarter of a doubling and of an eighth of a star or its like.
    height = max(float(np.ptp(items["mean"].to_numpy())) / 32, 1e-9)
    cells = (
        items.select(
            log2_count=(pl.col("count").log(2) * 4).round() / 4,
            mean=((rating - rating.min()) / height).round() * height + rating.min(),
        )
        .group_by("log2_count", "mean")
        .agg(pl.len().alias("items"))
        .sort("log2_count", "mean")
    )
    return {
        "means_by_count": spread.drop("step").select(*bounds, pl.all()),
        "count_and_mean": cells,
    }


def _users_by_rating(log: Dataset) -> dict[str, object]:
    """How many users gave each rating; for ratings that are few distinct values."""
    top = float(log.ratings.max())
    n_users = log.events.filter(pl.col("rating") == top)["user"].n_unique()
    found: dict[str, object] = {"top_rating": top, "n_top_raters": n_users}
    if log.events["rating"].n_unique() <= 20:
        found["users_by_rating"] = (
            log.events.group_by("rating")
            .agg(pl.col("user").n_unique().alias("users"), pl.len().alias("events"))
            .sort("rating")
        )
    return found


def _verified(log: Dataset) -> dict[str, object]:
    verified = pl.col("verified")
    known = log.events.lazy().drop_nulls("verified").select("rating", "verified")
    table = (
        known.group_by("rating")
        .agg(verified.sum().alias("verified"), (~verified).sum().alias("other"))
        .sort("rating")
        .with_columns(
            (pl.col(c) / pl.col(c).sum()).fill_nan(None).alias(f"{c}_share")
            for c in ("verified", "other")
        )
        .collect()
    )
    means = (
        known.group_by("verified")
        .agg(pl.len().alias("events"), pl.col("rating").cast(pl.Float64).mean())
        .sort("verified", descending=True)
        .select(
            pl.when("verified").then(pl.lit("verified")).otherwise(pl.lit("other")).alias("kind"),
            "events",
            "rating",
        )
        .collect()
    )
    found: dict[str, object] = {"verified_means": means}
    if len(table) <= 20:
        found["verified"] = table
    return found


def _words(log: Dataset, middle: float) -> dict[str, object]:
    """Words of positive against negative ratings, each text of a user counted once."""
    words, counts = {}, {}
    for column in ("text", "summary"):
        if log.events.schema.get(column) != pl.String:
            continue
        reviews = log.events.lazy().select("user", "rating", text=column).drop_nulls()
        texts = reviews.unique(["user", "text"], keep="first", maintain_order=True).collect()
        step = -(-len(texts) // _TEXTS) or 1
        sample = texts.gather_every(step)
        leaning = significant_words(sample["text"], sample["rating"] > middle)
        praise = leaning.filter(pl.col("z") > 0).head(_WORDS)
        complaint = leaning.filter(pl.col("z") < 0).tail(_WORDS)
        if len(praise) or len(complaint):
            words[column] = pl.concat([praise, complaint])
            counts[column] = (len(sample), len(texts))
    return {"words": words, "words_of": counts} if words else {}


def _repeated(log: Dataset) -> dict[str, object]:
    """Texts that one user wrote about several items."""
    if log.events.schema["text"] != pl.String:
        return {}
    with_text = log.events.lazy().filter(pl.col("text") != "")
    groups = (
        with_text.group_by(pl.col("user"), key=pl.col("text").hash())
        .agg(pl.col("text").first(), items=pl.col("item").n_unique(), events=pl.len())
        .filter(pl.col("items") > 1)
        .sort("events", "user", "key", descending=[True, False, False])
        .collect()
    )
    if groups.is_empty():
        return {}
    first = groups.head(_EXAMPLES)
    examples = first.select(
        log.users.take(first["user"].to_numpy()).alias("user"), "items", "events", "text"
    )
    return {"repeated": examples, "repeated_events": int(groups["events"].sum())}
