"""Markup in texts: tags and entities, as titles and reviews of shops have them."""

from __future__ import annotations

import html

import polars as pl

from penchant.typing import AnyInt

# The last is a tag with an attribute, cut off at the end of the text.
_TAG = (
    r"(?s)<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)\s*>|</?[a-zA-Z][^<>]*>"
    r"|<[a-zA-Z]+\s+[\w-]+=[\"'][^<>]*$"
)
_CONTROL = r"[\p{Cc}\p{Cf}\p{Co}\u{FFFD}]+"


def _entities() -> dict[str, str]:
    """What entities stand for, by name and by number up to the usual punctuation."""
    named = {f"&{name}": sign for name, sign in html.entities.html5.items() if name.endswith(";")}
    numbers = (*range(32, 0x180), *range(0x2000, 0x2070), 0x20AC, 0x2122)
    signs = {number: html.unescape(f"&#{number};") for number in numbers}
    decimal = {f"&#{number};": sign for number, sign in signs.items()}
    padded = {f"&#{number:03d};": sign for number, sign in signs.items() if number < 100}
    letters = {f"&#x{number:{case}};": sign for number, sign in signs.items() for case in "xX"}
    return named | decimal | padded | letters


_ENTITIES = _entities()


def decode_entities(text: pl.Expr) -> pl.Expr:
    """`&amp;`, `&#34;` and the like as the signs they stand for, also where coded twice."""
    old, new = list(_ENTITIES), list(_ENTITIES.values())
    return text.str.replace_many(old, new).str.replace_many(old, new)


def strip_markup(text: pl.Expr) -> pl.Expr:
    """A text without tags, entities, control characters and repeated blanks; empty ones are null.

    `<b>Rock &amp; Roll</b>` becomes `Rock & Roll`. A `<` that opens no tag, as in `<3`, stays.
    """
    blank = (
        without_tags(text)
        .str.replace_all(_CONTROL, " ")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    return pl.when(blank != "").then(blank)


def without_tags(text: pl.Expr) -> pl.Expr:
    """A text with a blank for each tag, entities decoded, also where tags were coded by them."""
    return decode_entities(text.str.replace_all(_TAG, " ")).str.replace_all(_TAG, " ")


def plain_titles(titles: pl.Series) -> pl.Series:
    """Titles for people, as text: without tags and entities, null where nothing else is there.

    Columns of titles may hold other values: numbers become text, and lists are joined by bars.
    """
    texts = _as_text(titles)
    if not texts.str.contains("[<&]").any():
        return texts
    return texts.to_frame("title").select(strip_markup(pl.col("title"))).to_series()


def _as_text(values: pl.Series) -> pl.Series:
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if dtype == pl.Binary:
        decoded = [None if value is None else value.decode(errors="replace") for value in values]
        return pl.Series(values.name, decoded, dtype=pl.String)
    if dtype == pl.List(pl.String):
        return values.list.join("|", ignore_nulls=True)
    if dtype.is_nested() or dtype == pl.Object:
        texts = [None if value is None else str(value) for value in values.to_list()]
        return pl.Series(values.name, texts, dtype=pl.String)
    return values.cast(pl.String)


def item_values(table: pl.DataFrame | None, name: str, index: AnyInt) -> pl.Series:
    """What a column of the item table says of items: null where there is none of that name.

    Titles are without markup.
    """
    if table is None or name not in table.columns:
        return pl.Series(name, [None] * len(index), dtype=pl.String)
    values = table[name].gather(index)
    return plain_titles(values).alias(name) if name == "title" else values
