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
    """What a file holds, and in which release's keys."""

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
_HELPFUL = pl.col("helpful").str.extract(r"^\[\s*(\d+)").cast(pl.Int32, strict=False)
_CLASSIC: Mapping[str, pl.Expr] = {
    "user": _text("reviewerID"),
    "item": _text("asin"),
    "rating": pl.col("overall").cast(pl.Float32, strict=False),
    "time": _TIME_CLASSIC,
    "text": _text("reviewText"),
    "summary": _text("summary"),
    "verified": _boolean("verified"),
    "styles": _text("style"),
    "votes": pl.coalesce(_count("vote"), _HELPFUL),
}
_2023: Mapping[str, pl.Expr] = {
    "user": _text("user_id"),
    "item": _text("parent_asin"),
    "rating": pl.col("rating").cast(pl.Float32, strict=False),
    "time": _TIME_2023,
    "text": _text("text"),
    "summary": _text("title"),
    "verified": _boolean("verified_purchase"),
    "votes": _count("helpful_vote"),
    "variant": _text("asin"),
}
_REVIEWS = {"2014": _CLASSIC, "2018": _CLASSIC, "2023": _2023}
_RELATED = pl.col("related").str
_PRODUCTS: Mapping[str, Mapping[str, pl.Expr]] = {
    "2014": {
        "item": _text("asin"),
        **{key: pl.col(key) for key in ("title", "brand", "price", "description")},
        "rank": pl.col("salesRank"),
        "also_buy": _RELATED.extract(r'"also_bought":\s*(\[[^\]]*\])'),
        "also_view": _RELATED.extract(r'"also_viewed":\s*(\[[^\]]*\])'),
        "category": pl.col("categories"),
        "images": pl.col("imUrl"),
    },
    "2018": {
        "item": _text("asin"),
        **{key: pl.col(key) for key in ("title", "brand", "price", "rank", "also_buy")},
        **{key: pl.col(key) for key in ("also_view", "category", "description")},
        "images": pl.coalesce(
            pl.when(pl.col(key).str.contains("http", literal=True)).then(pl.col(key))
            for key in ("imageURLHighRes", "imageURL", "image")
        ),
    },
    "2023": {
        "item": _text("parent_asin"),
        "title": pl.col("title"),
        "brand": pl.col("store"),
        "price": pl.col("price"),
        "also_buy": pl.col("bought_together"),
        "category": pl.when(pl.col("categories").str.len_bytes() > 2)
        .then(pl.col("categories"))
        .otherwise(pl.col("main_category")),
        "description": pl.col("description"),
        "images": pl.col("images"),
    },
}


def _keys(columns: Mapping[str, pl.Expr]) -> list[str]:
    """The keys that columns are computed from, each once."""
    return list(dict.fromkeys(key for c in columns.values() for key in c.meta.root_names()))


def review_keys(release: Release) -> list[str]:
    """The keys of a review that are read."""
    return _keys(_REVIEWS[release])


def review_columns(release: Release) -> list[pl.Expr]:
    """The events' columns: of texts under the file's keys, and `row`.

    `user`, `item`, `rating` (Float32), `time`, `text`, `summary`, `verified` (Boolean), `styles`
    (JSON), `votes` (Int32) and, where products have variants, `variant`.
    """
    return [pl.col("row"), *(column.alias(name) for name, column in _REVIEWS[release].items())]


def named_columns(release: Release) -> dict[str, str]:
    """Which key became which role of the log."""
    roles = ("user", "item", "rating", "time", "text")
    return {role: _keys({role: _REVIEWS[release][role]})[0] for role in roles}


def product_keys(release: Release) -> list[str]:
    """The keys of a product that are read."""
    return _keys(_PRODUCTS[release])


def product_columns(release: Release) -> list[pl.Expr]:
    """What `clean_products` takes, of texts under the file's keys."""
    return [column.alias(name) for name, column in _PRODUCTS[release].items()]
