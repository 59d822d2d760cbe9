"""Find the addresses of items' images in a column of the item table or in a separate file."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reviews.products import parse_urls
from penchant.errors import DataError, ParameterError

SCHEMA_LIST = pl.List(pl.String)
_NAMES = (
    "imageurlhighres", "images", "image_url_l", "image_l", "image", "image_url", "imageurl",
    "imurl", "image_m", "image_url_m", "poster", "poster_url", "poster_path", "cover",
    "cover_url", "picture", "photo", "thumbnail", "image_s", "image_url_s",
)  # fmt: skip
_SIZES = ("hi_res", "large", "medium", "url", "thumb")
_WEB = r"^\s*https?://\S+\s*$"
_WEB_IMAGE = r"(?i)^\s*https?://\S+\.(jpe?g|png|webp|gif|avif|bmp)(\?\S*)?\s*$"
_MIN_SHARE = 0.5  # a share of a column's values that makes it one of images
_GUESS_ROWS = 20
_SEPARATORS = ("\t", ",", ";", "|", " ")
_HEADING = re.compile(
    r"(?i)[\w .-]*(url|uri|addr|image|img|picture|poster|link|cover|photo)[\w .-]*"
)


def image_addresses(log: Dataset, column: str | None = None) -> pl.DataFrame:
    """The addresses of the images of a log's items.

    A column may hold an address, lists of them, JSON with them, or the structures that Amazon's
    release of 2023 has, of which the largest size is taken.

    Args:
        log: the log whose item table has the addresses.
        column: which column of the item table; by default it is guessed from names and contents.

    Returns:
        `item` (the log's ids) and `urls` (List[String], best first, empty where there is none), a
        row for each item.

    Raises:
        DataError: the log has no item table, or no column of it has addresses of images.
        ParameterError: there is no such column.
    """
    table = log.item_table
    if table is None:
        raise DataError(
            f"The log {log.name!r} has no item table: give a file of two columns, item and "
            "address, with --addresses."
        )
    if column is not None and column not in table.columns:
        have = ", ".join(c for c in table.columns if c != "item")
        raise ParameterError(f"The item table has no column {column!r}, only {have}.")
    chosen = column or _guess_column(table)
    if chosen is None:
        raise DataError(
            f"No column of the item table of {log.name!r} holds addresses of images: name one "
            "with --column, or give a file of two columns, item and address, with --addresses."
        )
    urls = _lists(table[chosen])
    return pl.DataFrame({"item": table["item"], "urls": urls})


def address_file(path: Path, log: Dataset | None = None) -> pl.DataFrame:
    """The addresses in a file of two columns, item and address, with or without a heading.

    Args:
        path: the file, with tabs, commas, semicolons, bars or spaces between columns.
        log: whose items to keep, with ids of the type the log has; by default all, as strings.

    Returns:
        `item` and `urls` as `image_addresses` gives them. An item that stands in several lines has
        several addresses.

    Raises:
        DataError: the file cannot be read, or has no such columns.
    """
    frame = _two_columns(path)
    if frame is None:
        raise DataError(
            f"{path} is no file of addresses: it needs two columns, an item and the address "
            "(http://… or https://…) of its image."
        )
    listed = frame.group_by("item", maintain_order=True).agg(urls=pl.col("url").drop_nulls())
    if log is None:
        return listed
    ids = log.items.ids.alias("item")
    items = pl.DataFrame({"item": ids, "key": ids.cast(pl.String)})
    matched = items.join(
        listed.rename({"item": "key"}), on="key", how="left", maintain_order="left"
    ).drop("key")
    if not matched["urls"].is_not_null().any():
        raise DataError(
            f"{path.name} names no item of {log.name!r}: its first column are item ids."
        )
    return matched.with_columns(pl.col("urls").fill_null([]))


def is_address_file(path: Path) -> bool:
    """Whether a file has two columns, of which the second holds web addresses.

    Half of the cells or a heading such as `address` tell that it is no log of users and items.
    """
    return path.is_file() and _two_columns(path, _GUESS_ROWS, _MIN_SHARE) is not None


def _two_columns(
    path: Path, rows: int | None = None, min_share: float = 0.0
) -> pl.DataFrame | None:
    """Items and cells as written, or None where the file has something else.

    Without a heading that speaks of addresses at least `min_share` of the cells are some.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines() if rows is None else _head(path)
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    lines = [line for line in lines if line.strip()][:rows]
    sample = next((line for line in lines if "://" in line), None)
    before = "" if sample is None else sample.partition("://")[0]
    separator = next((s for s in _SEPARATORS if s in before), None)
    if separator is None:
        return None
    try:
        parts = list(csv.reader(lines, delimiter=separator))
    except csv.Error:
        return None
    if np.median([len(cells) for cells in parts]) != 2:
        return None
    # An address may hold a separator.
    pairs = [(first.strip(), separator.join(rest).strip()) for first, *rest in parts]
    cells = pl.DataFrame(pairs, schema=["item", "url"], orient="row").with_columns(
        pl.when(pl.all() != "").then(pl.all())
    )
    if headed := bool(_HEADING.fullmatch(cells["url"][0] or "")):
        cells = cells.slice(1)
    cells = cells.drop_nulls("item")
    share = _share(cells["url"], _WEB, None)
    return cells if share and (headed or share >= min_share) else None


def _head(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig") as file:
        return [line for _, line in zip(range(2 * _GUESS_ROWS), file, strict=False)]


def _guess_column(table: pl.DataFrame) -> str | None:
    """The column with a telling name that has addresses, else one with addresses of images."""
    bare = {column.lower().replace("-", "_"): column for column in reversed(table.columns)}
    telling = {
        column: _share(_lists(table[column]).list.explode(), _WEB)
        for column in (bare[name] for name in _NAMES if name in bare)
    }
    for column, share in telling.items():
        if share >= _MIN_SHARE:
            return column
    for column, kind in table.schema.items():
        if column != "item" and kind in (pl.String, SCHEMA_LIST):
            values = _lists(table[column]).list.explode()
            if _share(values, _WEB_IMAGE) >= _MIN_SHARE:
                return column
    # A telling name is enough where most cells are no address.
    return next((column for column, share in telling.items() if share), None)


def _share(values: pl.Series, pattern: str, rows: int | None = 1000) -> float:
    sample = values.drop_nulls()[:rows]
    return float(sample.str.contains(pattern).mean() or 0) if len(sample) else 0.0  # type: ignore[arg-type]


def _largest(kind: pl.Struct, field: Callable[[str], pl.Expr]) -> pl.Expr:
    """The largest size that structures have, each an address or a list of them."""
    types = {part.name: part.dtype for part in kind.fields}
    sizes = [size for size in _SIZES if types.get(size) in (pl.String, SCHEMA_LIST)]
    filled = [
        pl.when(field(size).list.drop_nulls().list.len() > 0).then(field(size))
        if isinstance(types[size], pl.List)
        else field(size)
        for size in sizes
    ]
    return pl.coalesce(filled) if filled else pl.lit(None, pl.String)


def _lists_in_texts(column: pl.Series) -> pl.Series:
    """Lists of addresses from texts, each an address or JSON with addresses."""
    text = pl.col("urls").str.strip_chars()
    json = text.str.contains(r"^[\[{]")
    urls = pl.when(json).then(parse_urls(text)).otherwise(pl.concat_list(text))
    return column.alias("urls").to_frame().select(urls).to_series()


def _lists(column: pl.Series) -> pl.Series:
    """List[String] of addresses, none null or empty, each once."""
    kind = column.dtype
    if isinstance(kind, pl.Struct):
        best = _largest(kind, pl.col("urls").struct.field)
        chosen = column.to_frame("urls").with_columns(best.alias("urls"))["urls"]
        lists = chosen if isinstance(chosen.dtype, pl.List) else _lists_in_texts(chosen)
    elif isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        best = _largest(kind.inner, pl.element().struct.field)
        lists = column.to_frame("urls").select(pl.col("urls").list.eval(best)).to_series()
    elif isinstance(kind, pl.List):
        lists = column.cast(SCHEMA_LIST)
    else:
        lists = _lists_in_texts(column.cast(pl.String))
    clean = pl.element().str.strip_chars()
    return (
        lists.to_frame("urls")
        .select(
            pl.col("urls")
            .list.eval(clean.filter(clean.is_not_null() & (clean != "")))
            .list.unique(maintain_order=True)
            .fill_null(pl.lit([], SCHEMA_LIST))
        )
        .to_series()
    )
