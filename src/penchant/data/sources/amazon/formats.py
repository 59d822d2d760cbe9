"""Convert the formats of Amazon's reviews and metadata to common columns.

The releases of 2014 and 2018 have the same keys, of which each lacks some; that of 2023 has others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import polars as pl

Release = Literal["2014", "2018", "2023"]
_DATE = "%m %d, %Y"
_NUMBER = r"^\s*(\d{1,3}(?:,\d{3})+|\d+)\s*$"


class FileFormat(NamedTuple):
    """What a file holds, and in which release's keys.

    Attributes:
        kind: whether it has reviews or products.
        release: which release has this format.
    """

    kind: Literal["reviews", "products"]
    release: Release


def detect_format(keys: set[str]) -> FileFormat | None:
    """The format of an object with these keys; None where it is neither review nor product."""
    if {"user_id", "parent_asin", "rating"} <= keys:
        return FileFormat("reviews", "2023")
    if {"reviewerID", "asin", "overall"} <= keys:
        return FileFormat("reviews", "2014" if "helpful" in keys else "2018")
    if "parent_asin" in keys and keys & {"main_category", "average_rating", "store", "title"}:
        return FileFormat("products", "2023")
    if "asin" in keys and keys & {"imUrl", "related", "salesRank", "categories"}:
        return FileFormat("products", "2014")
    if "asin" in keys and keys & {"main_cat", "also_buy", "title", "tech1", "brand", "category"}:
        return FileFormat("products", "2018")
    return None


def _text(key: str) -> pl.Expr:
    """A text as written; one without a letter is null."""
    return pl.when(pl.col(key) != "").then(pl.col(key))


def _count(key: str) -> pl.Expr:
    """A number of votes: `1,234`."""
    written = pl.col(key).str.extract(_NUMBER).str.replace_all(",", "", literal=True)
    return written.cast(pl.Int32, strict=False)


def _boolean(key: str) -> pl.Expr:
    return (
        pl.col(key)
        .str.to_lowercase()
        .replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    )


def _integer(key: str) -> pl.Expr:
    """A whole number, also one written as `1441324800.0`."""
    return pl.col(key).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)


_TIME_CLASSIC = pl.coalesce(
    pl.from_epoch(_integer("unixReviewTime"), "s").cast(pl.Datetime("us")),
    pl.col("reviewTime").str.to_datetime(_DATE, time_unit="us", strict=False),
)
_TIME_2023 = pl.from_epoch(_integer("timestamp"), "ms").cast(pl.Datetime("us"))
_CLASSIC: Mapping[str, tuple[tuple[str, ...], pl.Expr]] = {
    "user": (("reviewerID",), _text("reviewerID")),
    "item": (("asin",), _text("asin")),
    "rating": (("overall",), pl.col("overall").cast(pl.Float32, strict=False)),
    "time": (("unixReviewTime", "reviewTime"), _TIME_CLASSIC),
    "text": (("reviewText",), _text("reviewText")),
    "summary": (("summary",), _text("summary")),
    "verified": (("verified",), _boolean("verified")),
    "styles": (("style",), _text("style")),
    "votes": (
        ("vote", "helpful"),
        pl.coalesce(
            _count("vote"),
            pl.col("helpful").str.extract(r"^\[\s*(\d+)").cast(pl.Int32, strict=False),
        ),
    ),
}
_2023: Mapping[str, tuple[tuple[str, ...], pl.Expr]] = {
    "user": (("user_id",), _text("user_id")),
    "item": (("parent_asin",), _text("parent_asin")),
    "rating": (("rating",), pl.col("rating").cast(pl.Float32, strict=False)),
    "time": (("timestamp",), _TIME_2023),
    "text": (("text",), _text("text")),
    "summary": (("title",), _text("title")),
    "verified": (("verified_purchase",), _boolean("verified_purchase")),
    "votes": (("helpful_vote",), _count("helpful_vote")),
    "variant": (("asin",), _text("asin")),
}
_COLUMN_RULES = {"2014": _CLASSIC, "2018": _CLASSIC, "2023": _2023}
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "2014": {"item": "asin", "rating": "overall", "user": "reviewerID", "time": "unixReviewTime"},
    "2018": {"item": "asin", "rating": "overall", "user": "reviewerID", "time": "unixReviewTime"},
    "2023": {"item": "parent_asin", "rating": "rating", "user": "user_id", "time": "timestamp"},
}
_TEXTS = {"2014": "reviewText", "2018": "reviewText", "2023": "text"}


def review_keys(release: Release) -> list[str]:
    """The keys of a review that are read."""
    return [key for keys, _ in _COLUMN_RULES[release].values() for key in keys]


def review_columns(release: Release) -> list[pl.Expr]:
    """The events' columns: of texts under the file's keys, and `row`.

    `user`, `item`, `rating` (Float32), `time`, `text`, `summary`, `verified` (Boolean), `styles`
    (JSON), `votes` (Int32) and, where products have variants, `variant`.
    """
    return [
        pl.col("row"),
        *(column.alias(name) for name, (_, column) in _COLUMN_RULES[release].items()),
    ]


def named_columns(release: Release) -> dict[str, str]:
    """Which key became which role of the log."""
    roles = _COLUMNS[release]
    return {r: roles[r] for r in ("user", "item", "rating", "time")} | {"text": _TEXTS[release]}


def product_keys(release: Release) -> list[str]:
    """The keys of a product that are read."""
    return {
        "2014": ["asin", "title", "brand", "price", "salesRank", "related", "categories",
                 "description", "imUrl"],
        "2018": ["asin", "title", "brand", "price", "rank", "also_buy", "also_view", "category",
                 "description", "imageURL", "imageURLHighRes", "image"],
        "2023": ["parent_asin", "title", "store", "price", "bought_together", "main_category",
                 "categories", "description", "images", "average_rating", "rating_number"],
    }[release]  # fmt: skip


def product_columns(release: Release) -> list[pl.Expr]:
    """What `clean_products` takes, of texts under the file's keys."""
    if release == "2014":
        related = pl.col("related")
        return [
            _text("asin").alias("item"),
            *map(pl.col, ("title", "brand", "price", "description")),
            pl.col("salesRank").alias("rank"),
            related.str.extract(r'"also_bought":\s*(\[[^\]]*\])').alias("also_buy"),
            related.str.extract(r'"also_viewed":\s*(\[[^\]]*\])').alias("also_view"),
            pl.col("categories").alias("category"),
            pl.col("imUrl").alias("images"),
        ]
    if release == "2018":
        pictures = (pl.col(c) for c in ("imageURLHighRes", "imageURL", "image"))
        return [
            _text("asin").alias("item"),
            *map(pl.col, ("title", "brand", "price", "rank", "also_buy", "also_view")),
            *map(pl.col, ("category", "description")),
            pl.coalesce(pl.when(c.str.contains("http", literal=True)).then(c) for c in pictures)
            .alias("images"),
        ]  # fmt: skip
    return [
        _text("parent_asin").alias("item"),
        pl.col("title"),
        pl.col("store").alias("brand"),
        pl.col("price"),
        pl.col("bought_together").alias("also_buy"),
        pl.when(pl.col("categories").str.len_bytes() > 2)
        .then(pl.col("categories"))
        .otherwise(pl.col("main_category"))
        .alias("category"),
        pl.col("description"),
        pl.col("images"),
    ]
