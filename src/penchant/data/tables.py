"""The vocabularies of a log, its tables of users and items in their order, and titles."""

from __future__ import annotations

import polars as pl

from penchant.data.markup import plain_titles
from penchant.data.polars_frames import Frame, as_polars
from penchant.data.vocabulary import Vocabulary, canonical_ids, distinct_texts
from penchant.errors import DataError
from penchant.typing import AnyInt


def vocabulary_of(
    ids: pl.Series, table: Frame | None, noun: str, unknown: pl.DataFrame | None = None
) -> Vocabulary:
    """The ids of the log, of its events without a user, and of its table."""
    log_ids = canonical_ids(distinct_texts(ids), noun)
    if unknown is not None:
        further = canonical_ids(distinct_texts(unknown[noun]), noun).alias(log_ids.name)
        log_ids = pl.concat([log_ids, further]) if len(log_ids) else further
    if table is None:
        return Vocabulary(log_ids, noun=noun)
    table = as_polars(table, f"the {noun} table")
    if noun not in table.columns:
        raise DataError(f"The {noun} table has no column {noun!r}, only {table.columns}.")
    table_ids = canonical_ids(table[noun], noun)
    repeated = table_ids.filter(table_ids.is_duplicated())
    if len(repeated):
        raise DataError(f"The {noun} table has {noun} {repeated[0]!r} more than once.")
    if table_ids.dtype != log_ids.dtype and len(log_ids):
        raise DataError(
            f"The log's {noun} ids are {log_ids.dtype} and those of the {noun} table "
            f"{table_ids.dtype}: give both the same type."
        )
    return Vocabulary(pl.concat([log_ids, table_ids.alias(log_ids.name)]), noun=noun)


def aligned(table: Frame | None, vocabulary: Vocabulary, noun: str) -> pl.DataFrame | None:
    """The table with a row per id of the vocabulary, in its order."""
    if table is None:
        return None
    table = as_polars(table, f"the {noun} table")
    keyed = table.with_columns(canonical_ids(table[noun], noun).alias(noun))
    rest = [c for c in keyed.columns if c != noun]
    ids = vocabulary.ids.alias(noun).to_frame()
    return ids.join(keyed.select(noun, *rest), on=noun, how="left", maintain_order="left")


def titles_of(items: Vocabulary, table: pl.DataFrame | None, index: AnyInt) -> list[str]:
    """A title for each item index, from the item table where it has one, otherwise the id.

    Tags and entities, as shops have them in titles, are for machines and left out.
    """
    ids = items.take(index).cast(pl.String)
    if table is None or "title" not in table.columns:
        return ids.to_list()
    titles = plain_titles(table["title"].gather(index))
    return titles.zip_with(titles.is_not_null(), ids).to_list()
