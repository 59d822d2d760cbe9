"""Extract the style of a reviewed product, such as its format, size or colour, from JSON."""

from __future__ import annotations

import re

import polars as pl

FORMAT = "Format"
"""The style of music, films and books: `Audio CD`, `Hardcover` …"""
_KIND = r'"([^"\\]+?):?\s*":\s*"'
_VALUE = r'\s*:?\s*":\s*"((?:[^"\\]|\\.)*)"'


def style_value(styles: pl.Expr, kind: str = FORMAT) -> pl.Expr:
    """The value of one kind of style in a JSON object: `{"Format:": " Audio CD"}` is `Audio CD`.

    Colons behind a kind and blanks around a value vanish; an empty value is null.
    """
    value = styles.str.extract('"' + re.escape(kind) + _VALUE)
    plain = value.str.replace_all(r'\\(["\\/])', "${1}").str.strip_chars()
    return pl.when(plain != "").then(plain)


def style_kinds(styles: pl.Series) -> pl.DataFrame:
    """Which kinds of style there are, and in how many reviews: `kind`, `reviews`."""
    pairs = styles.drop_nulls().str.extract_all(_KIND).explode().drop_nulls()
    kinds = pairs.str.extract(_KIND).alias("kind").drop_nulls()
    return kinds.value_counts(name="reviews").sort("reviews", "kind", descending=[True, False])


def main_style(styles: pl.Series) -> tuple[str, pl.Series]:
    """The most useful kind of style, and its values.

    That is the format where any review has one, otherwise the kind that most reviews have.
    """
    column = styles.to_frame("styles")
    kind = FORMAT
    if not styles.str.contains(f'"{FORMAT}:', literal=True).any():
        kinds = style_kinds(styles)
        kind = str(kinds["kind"][0]) if len(kinds) else FORMAT
    return kind, column.select(style=style_value(pl.col("styles"), kind)).to_series()
