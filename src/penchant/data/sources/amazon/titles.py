"""Titles of products in a small file of their own, where a category comes without metadata."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import polars as pl

from penchant.errors import DataError

NAME = "product_titles.json"
"""What the file is called, in the folder of the reviews."""
_TITLE_KEYS = ("title", "productName")


def read_titles(path: Path) -> pl.DataFrame:
    """The titles of products as an item table: `item` and `title`, each item once.

    The file is JSON: a list of objects with `asin` and `title` or `productName`, by itself or as
    the only list of an object. Markup entities are decoded; titles without a letter are left out.

    Raises:
        DataError: it is no such file.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path.name} cannot be read as JSON: {error}.") from None
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else None
    titles = {
        product["asin"]: title
        for product in (content if isinstance(content, list) else ())
        if isinstance(product, dict)
        and isinstance(product.get("asin"), str)
        and (title := _title(product))
    }
    if not titles:
        raise DataError(
            f"{path.name} has no titles: it needs a list of objects with asin and title, or take "
            "it away to read the reviews alone."
        )
    return pl.DataFrame(
        {"item": list(titles), "title": list(titles.values())}, schema_overrides={"item": pl.String}
    )


def _title(product: dict[str, Any]) -> str:
    """The title of a product on one line, empty where it has none."""
    written = next((product[key] for key in _TITLE_KEYS if isinstance(product.get(key), str)), "")
    title = " ".join(html.unescape(written).split())
    return title if any(letter.isalnum() for letter in title) else ""
