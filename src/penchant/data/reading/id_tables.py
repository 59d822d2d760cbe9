"""Tables with a row per user or item: find their column of ids and join them to a log."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reading.column_names import id_column, plain_name, title_column
from penchant.data.reading.id_values import plain_ids
from penchant.data.reading.item_titles import with_titles
from penchant.data.reading.nested import plain_values, with_plain_columns
from penchant.data.reading.records import RawRecords
from penchant.data.reading.typed_columns import infer_type
from penchant.data.vocabulary import (
    canonical_ids,
    difference_in_writing,
    distinct_texts,
    written_otherwise,
)
from penchant.errors import DataError
from penchant.wording import counted

logger = logging.getLogger(__name__)

_NAMED_COLUMNS = 12  # in a message
_LIST_SHARE = 0.05  # of a column's texts have a bar: from here on all are read as lists


@dataclass(frozen=True, eq=False)
class IdTable:
    """A table of users or items from a file or frame, before it joins a log.

    The ids are in a first column called `noun`; the source calls that `column`.
    """

    noun: str
    frame: pl.DataFrame
    source: str
    column: str


def id_table(
    records: RawRecords, noun: str, ids: pl.Series, log_column: str | None = None
) -> IdTable:
    """Turn the records of a source into a table of users or items.

    The ids are in the column that has the name of the log's, in one with a usual name, in `id`,
    or in the first: in whichever of them the log's ids are found most often. Texts of a text
    file such as `Comedy|Drama` become lists, titles excepted. Records without an id are left out
    with a message. `log_column` is the name of the column of these ids in the log's source, where
    it is known.
    """
    table = with_plain_columns(records.frame, noun, records.source)
    column = _find_id_column(table, noun, ids, log_column)
    values, _ = plain_values(table[column], noun, column, records.source)
    table_ids = plain_ids(values, is_text=records.is_text)[0].alias(noun)
    others = table.drop(column)
    if noun in others.columns:
        others = others.rename({noun: f"source_{noun}"})
    if records.is_text:
        title = title_column(others.columns) if noun == "item" else None
        typed = [infer_type(others[c]) for c in others.columns]
        others = others.select(c if c.name == title else _split_lists(c) for c in typed)
    for remark in records.remarks:
        logger.warning(f"{records.source}: {remark}.")
    missing = table_ids.null_count() + len(records.skipped)
    if missing:
        where = f"of the {noun} table"
        are = counted(missing, f"record {where} is", f"records {where} are")
        logger.warning(f"{records.source}: {are} malformed and left out.")
    frame = table_ids.to_frame().hstack(others).filter(pl.col(noun).is_not_null())
    return IdTable(noun, frame, records.source, column)


def say_differences(table: IdTable, ids: pl.Series) -> None:
    """Warn where some of a table's ids are the log's and others may be, but for their writing.

    Args:
        table: the table.
        ids: the log's, which may repeat.
    """
    known = distinct_texts(ids).unique().drop_nulls().cast(pl.String)
    added = canonical_ids(table.frame[table.noun], table.noun).cast(pl.String)
    new = added.filter(~added.is_in(known.implode()))
    lacking = known.filter(~known.is_in(added.implode()))
    if len(new) == len(added) or (found := written_otherwise(new, lacking)) is None:
        return
    difference, some = found
    are = "is the log's own" if len(some) == 1 else "are the log's own"
    logger.warning(
        f"{table.source}: of {counted(len(new), f'new {table.noun}')} {len(some):,}, such as "
        f"{some[0]!r}, probably {are}, for {difference}."
    )


def same_type(
    frame: pl.DataFrame, table: pl.DataFrame, noun: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make both ids texts where only one side is integers: `12` and 12 are the same id."""
    are_texts = [t[noun].dtype.base_type() in (pl.String, pl.Categorical) for t in (frame, table)]
    if not any(are_texts) or all(are_texts):
        return frame, table
    as_text = pl.col(noun).cast(pl.String)
    return frame.with_columns(as_text), table.with_columns(as_text)


def with_table(log: Dataset, table: IdTable) -> Dataset:
    """Add a table's columns to those of the log's own table, and its further ids to the log.

    A message says how many of the ids are the log's.

    Raises:
        DataError: the table is empty, has an id twice or none of the log's, or has a column that
            the log's own table has.
    """
    noun, source = table.noun, table.source
    added = table.frame.with_columns(canonical_ids(table.frame[noun], noun).alias(noun))
    vocabulary, own, _ = log.side(noun)
    if own is None:
        own = vocabulary.ids.alias(noun).to_frame()
    titles = None
    if noun == "item" and "title" in log.origin.columns and "title" in own.columns:
        titles, own = own.select("item", "title").drop_nulls(), own.drop("title")
    if noun == "item" and "title" not in own.columns:
        added = _with_title(added, source)
    _refuse_unusable(added, own, table, log.name)
    events, typed = same_type(log.frame(), added, noun)
    anonymous = log.anonymous_frame()
    if anonymous is not None and noun == "item":
        anonymous, _ = same_type(anonymous, added, noun)
    added = typed
    own, _ = same_type(own, added, noun)
    n_known = int(added[noun].is_in(own[noun].implode()).sum())
    if not n_known:
        cause = difference_in_writing(added[noun], vocabulary.ids)
        raise DataError(
            f"{source}: none of its {noun} ids, such as {added[noun][0]!r} in the column "
            f"{table.column!r}, is in the log {log.name!r}, which has ids such as "
            f"{vocabulary.ids[0]!r}; {cause or f'if another column has them, call it {noun!r}'}."
        )
    tables = {"user": log.user_table, "item": log.item_table}
    tables[noun] = own.join(added, on=noun, how="full", coalesce=True)
    if titles is not None:
        titles, _ = same_type(titles, added, noun)
        tables[noun] = with_titles(tables[noun], titles)
    names = added.columns[1:]
    listed = ", ".join(names[:_NAMED_COLUMNS]) + (" …" if len(names) > _NAMED_COLUMNS else "")
    new = f" and {len(added) - n_known:,} new" if len(added) > n_known else ""
    logger.warning(
        f"{source}: {n_known:,} of the log's {len(vocabulary):,} {noun}s{new}, known by "
        f"{table.column!r}, with {listed or 'no further column'}."
    )
    return Dataset.from_frame(
        events,
        user_table=tables["user"],
        item_table=tables["item"],
        name=log.name,
        scale=log.scale,
        positive=log.positive,
        in_sessions=log.in_sessions,
        origin=log.origin,
        anonymous=anonymous,
    )


def _with_title(added: pl.DataFrame, source: str) -> pl.DataFrame:
    """A table of items whose column of names, such as `product_name`, is called `title`."""
    texts = [name for name, dtype in added.schema.items() if dtype == pl.String]
    name = title_column(texts[1:] if texts[:1] == ["item"] else texts)
    if "title" in added.columns or name is None:
        return added
    logger.warning(f"{source}: {name!r} is the title of items; to override call another so.")
    return added.rename({name: "title"})


def _refuse_unusable(added: pl.DataFrame, own: pl.DataFrame, table: IdTable, name: str) -> None:
    noun = table.noun
    if not len(added):
        raise DataError(f"{table.source} has no {noun}: name a file with a row per {noun}.")
    repeated = added[noun].filter(added[noun].is_duplicated())
    if len(repeated):
        raise DataError(
            f"{table.source} has the {noun} {repeated[0]!r} more than once in the column "
            f"{table.column!r}: leave one row of each."
        )
    both = [c for c in added.columns[1:] if c in own.columns]
    if both:
        raise DataError(
            f"{table.source} and the {noun} table of {name!r} both have {', '.join(both)}: take "
            "out or rename what is there already."
        )


def _find_id_column(frame: pl.DataFrame, noun: str, ids: pl.Series, log_column: str | None) -> str:
    """The column in which the log's ids are found most often, among the likely ones."""
    names = frame.columns
    columns = {plain_name(name): name for name in reversed(names)}
    usual = id_column(names, noun)
    same_name = None if log_column is None else columns.get(plain_name(log_column))
    last = [usual, columns.get("id")]
    if plain_name(usual).endswith(("title", "name")):  # ids in a log that has no others
        last.reverse()
    candidates = [columns.get(noun), same_name, *last, names[0]]
    likely = list(dict.fromkeys(name for name in candidates if name is not None))
    if len(likely) == 1:
        return likely[0]
    known = ids.unique().cast(pl.String).implode()

    def n_known(name: str) -> int:
        column = _whole_to_integer(frame[name])
        if not (column.dtype.is_integer() or column.dtype in (pl.String, pl.Categorical, pl.Enum)):
            return 0
        return int(column.cast(pl.String).str.strip_chars().is_in(known).sum())

    return max(likely, key=n_known)


def _whole_to_integer(column: pl.Series) -> pl.Series:
    """A column of fractional numbers as integers, null where one is not whole."""
    if not (column.dtype.is_float() or column.dtype.is_decimal()):
        return column
    numbers = column.cast(pl.Float64)
    integers = numbers.cast(pl.Int64, strict=False).alias("integer").to_frame()
    whole = pl.col("integer").cast(pl.Float64) == numbers
    return integers.select(pl.when(whole).then("integer")).to_series()


def _split_lists(column: pl.Series) -> pl.Series:
    """Texts such as `Comedy|Drama` as lists, where a column has enough of them."""
    if column.dtype != pl.String:
        return column
    share = column.str.contains(r"\S\|\S").mean()
    has_urls = column.str.contains("^https?://").any()
    if not isinstance(share, float) or share < _LIST_SHARE or has_urls:
        return column
    return column.str.split("|")
