"""Which items of a second log are those of the first: by id, by title and year, or by text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from penchant.data.attributes.titles import year_in_title
from penchant.data.dataset import Dataset
from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf
from penchant.errors import DataError, ParameterError
from penchant.features.item_content import item_texts
from penchant.typing import Int32

On = Literal["item", "title", "text"]
WAYS: dict[On, str] = {
    "item": "by their ids",
    "title": "by title and year",
    "text": "by the likeness of their texts",
}
"""How items are matched, in words."""
MIN_COSINE = 0.1
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class ItemMatches:
    """The item of the first log that stands for each item of the second.

    Attributes:
        items: int32[n_items of the second log], indices in the first log; -1 where none fits.
        on: how they were matched.
    """

    items: Int32
    on: On

    @property
    def n_matched(self) -> int:
        """Items of the second log that have a match."""
        return int((self.items >= 0).sum())


def title_key(title: pl.Expr) -> pl.Expr:
    """Titles as they are compared: without year, case, accents, marks and the place of articles.

    `Matrix, The (1999)` and `The Matrix` are both `the matrix`. Null where nothing is left.
    """
    plain = (
        title.str.replace(r"\s*\(\d{4}[^)]*\)\s*$", "")
        .str.replace(r"(?i)^([^(]*), (the|a|an)\b", "${2} ${1}")
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.to_lowercase()
        .str.replace_all("&", " and ")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars()
    )
    return pl.when(plain != "").then(plain)


def match_items(
    log: Dataset, other: Dataset, on: On, *, min_cosine: float = MIN_COSINE
) -> ItemMatches:
    """The item of a log that stands for each item of another.

    Args:
        log: the first log; of its texts only what these very events hold is read, so that a
            training part says nothing of held-out reviews.
        other: the second log.
        on: `item` takes equal ids; `title` equal titles, with equal years where both are known,
            and passes over titles that several items of the first log have; `text` the most
            similar item by the cosine of TF-IDF weights of all that is written of it: columns of
            the item table, summaries and texts of reviews.
        min_cosine: below it no text is similar.

    Raises:
        ParameterError: there is no such way to match.
        DataError: ids are of different types, or a log has no titles or no texts.
    """
    if on == "item":
        items = _by_id(log, other)
    elif on == "title":
        items = _by_title(log, other)
    elif on == "text":
        items = _by_text(log, other, min_cosine)
    else:
        raise ParameterError(f"Items are matched on {', '.join(WAYS)}, not on {on!r}.")
    return ItemMatches(items, on)


def _by_id(log: Dataset, other: Dataset) -> Int32:
    if log.items.kind != other.items.kind:
        raise DataError(
            f"The item ids of {log.name!r} are {log.items.kind}s and those of {other.name!r} "
            f"{other.items.kind}s: match them on title or text."
        )
    return log.items.indices(other.items.ids)


def _by_title(log: Dataset, other: Dataset) -> Int32:
    ours, theirs = _titles(log), _titles(other)
    # A title that several items have, as remakes of one year do, names none of them.
    ours = ours.filter(pl.struct("key", "year").is_unique())
    exact = theirs.join(ours, on=["key", "year"], how="left", maintain_order="left")
    items = exact["at_right"].to_numpy(writable=True).astype(np.float64)
    # Where one of both does not know the year, the title alone must name one item.
    for some, among in (
        (pl.lit(True), ours.filter(pl.col("year") == 0)),
        (pl.col("year") == 0, ours),
    ):
        single = among.filter(pl.col("key").is_unique())
        found = theirs.filter(some).join(single, on="key", how="inner", maintain_order="left")
        places, indices = found["at"].to_numpy(), found["at_right"].to_numpy()
        new = np.isnan(items[places])
        items[places[new]] = indices[new]
    matched: Int32 = np.nan_to_num(items, nan=-1).astype(np.int32)
    return matched


def _titles(log: Dataset) -> pl.DataFrame:
    """`at`, `key` (null without a title) and `year` (0 where it is unknown) of each item."""
    table = log.item_table
    if table is None or "title" not in table.columns:
        raise DataError(
            f"The log {log.name!r} has no titles: give an item table with a column 'title', or "
            "match items on item or text."
        )
    title = pl.col("title").cast(pl.String)
    year = year_in_title(title)
    if "year" in table.columns and table.schema["year"].is_numeric():
        year = pl.coalesce(pl.col("year").cast(pl.Int16, strict=False), year)
    return table.select(key=title_key(title), year=year.fill_null(0)).with_row_index("at")


def _by_text(log: Dataset, other: Dataset, min_cosine: float) -> Int32:
    ours, theirs = (item_texts(each, reviews=True) for each in (log, other))
    for each, texts in ((log, ours), (other, theirs)):
        if not (texts.str.len_chars() > 0).any():
            raise DataError(
                f"Nothing is written of the items of {each.name!r}: give an item table with texts "
                "or reviews with a text, or match items on item or title."
            )
    tfidf = TfIdf(NGrams(ngram_range=(1, 1), min_df=1), term_frequency="log")
    vectors = tfidf.fit_transform(pl.concat([ours, theirs.rename(ours.name)]))
    first, second = vectors[: len(ours)], vectors[len(ours) :]
    items = np.full(len(theirs), -1, np.int32)
    for start in range(0, len(theirs), _ROWS_AT_ONCE):
        cosines = (second[start : start + _ROWS_AT_ONCE] @ first.T).toarray()
        best = cosines.argmax(axis=1)
        near = cosines[np.arange(len(best)), best] >= min_cosine
        items[start : start + _ROWS_AT_ONCE][near] = best[near]
    return items
