"""Titles of items out of a log whose lines carry them."""

from __future__ import annotations

import polars as pl


def item_titles(items: pl.Series, titles: pl.Series) -> pl.DataFrame:
    """`item` and `title`: each item's most frequent title, of equally frequent ones the first.

    Args:
        items: the item of each line.
        titles: its title there, null where there is none.
    """
    lines = pl.DataFrame([items.alias("item"), titles.alias("title")]).lazy()
    lines = lines.with_row_index("line").drop_nulls()
    counts = lines.group_by("item", "title").agg(pl.len().alias("n"), pl.col("line").min())
    ordered = counts.sort("n", "line", descending=[True, False])
    best = ordered.unique("item", keep="first", maintain_order=True)
    return best.sort("line").select("item", "title").collect()


def with_titles(table: pl.DataFrame | None, titles: pl.DataFrame) -> pl.DataFrame:
    """A table of items, with titles of lines for items without one."""
    if table is None:
        return titles
    joined = table.join(
        titles.rename({"title": "title_of_lines"}), on="item", how="full", coalesce=True
    )
    if "title" not in table.columns:
        return joined.rename({"title_of_lines": "title"})
    title = pl.coalesce(pl.col("title").cast(pl.String), "title_of_lines")
    return joined.with_columns(title=title).drop("title_of_lines")
