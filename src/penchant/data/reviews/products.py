"""Clean product metadata: titles, brands, prices, ranks and related products.

Every rule takes a column of texts, in which lists and objects stand as JSON, and is a function of
an expression, so that a lazy frame can be cleaned as well as one in memory.
"""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.markup import decode_entities, strip_markup
from penchant.data.reviews.cleaning_report import CleaningReport, CleaningRule, compare_columns
from penchant.typing import Bool

_AMOUNT = r"^\s*\$?\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*$"
_RANK = r"#?\s*(\d[\d,]*)\s+in\s"
_SALES_RANK = r'^\{"[^"]*":\s*(\d+)'
_RANKED_IN = r"#?\s*\d[\d,]*\s+in\s+([^\(>\"\]]+)"
_SALES_RANKED_IN = r'^\{"([^"]*)":\s*\d'
_SCRIPT = r"getTime|function\s*\(|^var a"


def known_products(log: Dataset) -> Bool:
    """bool[n_items], of which items the metadata say anything; of none without metadata."""
    if log.item_table is None or log.item_table.width < 2:
        return np.zeros(log.n_items, np.bool_)
    says = pl.any_horizontal(pl.exclude("item").is_not_null())
    known: Bool = log.item_table.select(says).to_series().to_numpy()
    return known


def clean_title(text: pl.Expr) -> pl.Expr:
    """A title without markup, entities and odd characters; those that are a page's script: null."""
    return strip_markup(pl.when(~text.str.contains(_SCRIPT)).then(text))


def parse_price(text: pl.Expr) -> pl.Expr:
    """An amount: `$13.01` is 13.01 and `$1,250.00` 1250; ranges and anything else are null."""
    amount = text.str.extract(_AMOUNT).str.replace_all(",", "", literal=True)
    return amount.cast(pl.Float64, strict=False)


def parse_rank(text: pl.Expr) -> pl.Expr:
    """The sales rank, the first where there are several: `58,291 in CDs & Vinyl (`."""
    rank = pl.coalesce(text.str.extract(_RANK), text.str.extract(_SALES_RANK))
    return rank.str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False)


def parse_rank_category(text: pl.Expr) -> pl.Expr:
    """The category that the rank is of: `CDs & Vinyl`."""
    category = pl.coalesce(text.str.extract(_RANKED_IN), text.str.extract(_SALES_RANKED_IN))
    named = decode_entities(category).str.replace(r"\s*See Top.*$", "").str.strip_chars()
    return pl.when(named != "").then(named)


def clean_brand(text: pl.Expr) -> pl.Expr:
    """A brand in lower case, without markup and without `by` in front; empty ones are null."""
    name = strip_markup(text).str.replace(r"^(?i)by\s+", "").str.to_lowercase()
    return pl.when(name != "").then(name)


def parse_related(text: pl.Expr) -> pl.Expr:
    """The ids in a JSON list of products, without repetitions; an empty list stays empty."""
    ids = text.str.extract_all(r'"[^"\\]+"')
    bare = ids.list.eval(pl.element().str.strip_chars('"')).list.unique(maintain_order=True)
    return pl.when(text.str.starts_with("[")).then(bare)


def parse_urls(text: pl.Expr) -> pl.Expr:
    """The addresses of images in a JSON list or object, or one address alone."""
    large = text.str.extract_all(r'"large":\s*"https?://[^"\s]+"')
    plain = text.str.extract_all(r"https?://[^\"\s]+")
    urls = pl.when(large.list.len() > 0).then(large).otherwise(plain)
    return urls.list.eval(pl.element().str.extract(r"(https?://[^\"\s]+)"))


def clean_categories(lists: pl.Expr) -> pl.Expr:
    """Lists of categories, each named once, without markup, entities and empty names."""
    names = lists.list.eval(strip_markup(pl.element()))
    return names.list.drop_nulls().list.unique(maintain_order=True)


def parse_text_lists(column: pl.Series) -> pl.Series:
    """Lists of texts from JSON lists, nested ones made flat; a text alone is a list of one."""
    listed = column.str.starts_with("[").fill_null(False)
    alone = column.to_frame("text").select(
        pl.when(pl.col("text") != "").then(pl.concat_list("text"))
    )
    values = alone.to_series()
    if not listed.any():
        return values.alias(column.name)
    written = column.filter(listed)
    try:
        decoded = written.str.json_decode(pl.List(pl.String))
        if decoded.list.eval(pl.element().str.starts_with("[")).list.any().any():
            raise ValueError
    except (pl.exceptions.PolarsError, ValueError):
        flat = [_flat(json.loads(text)) for text in written]
        decoded = pl.Series(flat, dtype=pl.List(pl.String))
    places = np.arange(len(values))
    places[listed.to_numpy()] = len(values) + np.arange(len(decoded))
    return pl.concat([values, decoded.alias(values.name)]).gather(places).alias(column.name)


def _flat(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for part in value for text in _flat(part)]
    return [] if value is None else [str(value)]


RULES = (
    CleaningRule("title", "title", clean_title, "no markup, entities, odd characters and scripts"),
    CleaningRule("brand", "brand", clean_brand, "lower case, no markup"),
    CleaningRule("price", "price", parse_price, "an amount as a number; ranges and junk are null"),
    CleaningRule("rank", "rank", parse_rank, "the first place in a list of sales as a number"),
)
"""The rules whose effects are reported."""
_UNREPORTED = (
    ("rank_in", "rank", parse_rank_category),
    ("also_buy", "also_buy", parse_related),
    ("also_view", "also_view", parse_related),
    ("images", "images", parse_urls),
)


def clean_products(raw: pl.DataFrame) -> tuple[pl.DataFrame, CleaningReport]:
    """The metadata of products as columns to work with.

    Args:
        raw: `item` and, as texts, any of `title`, `brand`, `price`, `rank`, `also_buy`,
            `also_view`, `category`, `description`, `images`, `average_rating`, `rating_number`.

    Returns:
        One row a product, the first where an id stands several times: `item`, `title`, `brand`,
        `price` (Float64), `rank` (Int64), `rank_in`, `also_buy` and `also_view` (lists of ids),
        `buy_count` and `view_count` (their lengths), `categories` (List[String]), `description`,
        `images` (List[String], addresses), as far as any product has such a value; and what was
        cleaned.
    """
    report = CleaningReport()
    once = raw.unique("item", keep="first", maintain_order=True)
    report.add_removal("products", "the first of those with the same id", len(raw), len(once))
    also = [c for c in ("also_buy", "also_view") if c in once.columns]
    cleaned = once.lazy().select(
        "item",
        *(rule.expression for rule in RULES if rule.source in once.columns),
        *(
            parse(pl.col(source)).alias(column)
            for column, source, parse in _UNREPORTED
            if source in once.columns
        ),
    )
    counts = [
        pl.col(c).list.len().fill_null(0).cast(pl.Int32).alias(f"{c.removeprefix('also_')}_count")
        for c in also
    ]
    frame = cleaned.with_columns(counts).collect()
    for rule in RULES:
        if rule.source in once.columns:
            report.steps.append(compare_columns(rule, once[rule.source], frame[rule.column]))
    if "category" in once.columns:
        listed = parse_text_lists(once["category"]).to_frame("categories")
        frame = frame.with_columns(listed.select(clean_categories(pl.col("categories"))))
    if "description" in once.columns:
        text = parse_text_lists(once["description"]).list.join(" ").to_frame("description")
        frame = frame.with_columns(text.select(strip_markup(pl.col("description"))))
    empty = [c for c in frame.columns if _is_empty(frame[c])]
    if {"also_buy", "also_view"} & set(empty):  # a count of nothing says nothing
        empty += [f"{c.removeprefix('also_')}_count" for c in also if c in empty]
    if empty:
        about = f"without any value: {', '.join(empty)}"
        report.add_removal("columns", about, frame.width, frame.width - len(empty))
    return frame.drop(empty), report


def _is_empty(column: pl.Series) -> bool:
    values = column.list.len().replace(0, None) if isinstance(column.dtype, pl.List) else column
    return values.null_count() == len(values)
