"""Tables with a row per user or item: which column has the ids, and how they join a log."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reading.column_guessing import id_column, plain
from penchant.data.reading.raw import Raw
from penchant.data.reading.typed_columns import clean_ids, untext, whole_numbers
from penchant.data.vocabulary import canonical
from penchant.errors import DataError
from penchant.run import say

_SHOWN = 12  # columns that are named
_LISTS = 0.05  # the share of a column's texts with a bar from which all are lists


@dataclass(frozen=True, eq=False)
class IdTable:
    """What is known of users or items, before it is part of a log.

    Attributes:
        noun: `user` or `item`.
        frame: the ids in a first column of that name, then all other columns.
        source: the file or frame that it came from.
        column: what the column of ids is called there.
    """

    noun: str
    frame: pl.DataFrame
    source: str
    column: str


def id_table(raw: Raw, noun: str, ids: pl.Series, named: str | None = None) -> IdTable:
    """The records of a source as a table of users or items.

    The ids are in the column that the log calls so, else in one with a usual name, in `id`, or in
    the first: in whichever of them the log's ids are found most often. Texts of a text file that
    are lists, as in `Comedy|Drama`, become lists. Records without an id are left out, which is
    said.

    Args:
        raw: the records.
        noun: `user` or `item`.
        ids: of the log.
        named: what the log's source calls its column of these ids, where it is known.
    """
    column = _id_column(raw.frame, noun, ids, named)
    found = clean_ids(raw.frame[column]).alias(noun)
    further = raw.frame.drop(column)
    if noun in further.columns:
        further = further.rename({noun: f"source_{noun}"})
    if raw.is_text:
        found = whole_numbers(found)
        further = further.select(_listed(untext(further[c])) for c in further.columns)
    missing = found.null_count() + len(raw.skipped)
    if missing:
        say(f"{raw.source}: {missing:,} records of the {noun} table are malformed and left out.")
    frame = found.to_frame().hstack(further).filter(pl.col(noun).is_not_null())
    return IdTable(noun, frame, raw.source, column)


def same_type(
    frame: pl.DataFrame, table: pl.DataFrame, noun: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make both ids texts where only one side is integers: `12` and 12 are the same id."""
    texts = [t[noun].dtype == pl.String for t in (frame, table)]
    if not any(texts) or all(texts):
        return frame, table
    as_text = pl.col(noun).cast(pl.String)
    return frame.with_columns(as_text), table.with_columns(as_text)


def with_table(log: Dataset, table: IdTable) -> Dataset:
    """The log with the columns of a table beside those it has, and with the table's further ids.

    How many of the ids are the log's own is said.

    Raises:
        DataError: the table is empty, has an id twice or none of the log's, or has a column that
            the log's own table has.
    """
    noun, source = table.noun, table.source
    given = table.frame.with_columns(canonical(table.frame[noun], noun).alias(noun))
    vocabulary = log.items if noun == "item" else log.users
    own = log.item_table if noun == "item" else log.user_table
    if own is None:
        own = vocabulary.ids.alias(noun).to_frame()
    _refuse_bad(given, own, table, log.name)
    events, given = same_type(log.frame(), given, noun)
    own, _ = same_type(own, given, noun)
    old = int(given[noun].is_in(own[noun].implode()).sum())
    if not old:
        raise DataError(
            f"{source}: none of its {noun} ids, such as {given[noun][0]!r} in the column "
            f"{table.column!r}, is in the log {log.name!r}, which has ids such as "
            f"{vocabulary.ids[0]!r}; if another column has them, call that one {noun!r}."
        )
    tables = {"user": log.user_table, "item": log.item_table}
    tables[noun] = own.join(given, on=noun, how="full", coalesce=True)
    names = given.columns[1:]
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    new = f" and {len(given) - old:,} new" if len(given) > old else ""
    say(
        f"{source}: {old:,} of the log's {len(vocabulary):,} {noun}s{new}, known by "
        f"{table.column!r}, with {shown or 'no further column'}."
    )
    return Dataset.from_frame(
        events,
        user_table=tables["user"],
        item_table=tables["item"],
        name=log.name,
        scale=log.scale,
        origin=log.origin,
    )


def _refuse_bad(given: pl.DataFrame, own: pl.DataFrame, table: IdTable, name: str) -> None:
    noun = table.noun
    if not len(given):
        raise DataError(f"{table.source} has no {noun}: name a file with a row per {noun}.")
    twice = given[noun].filter(given[noun].is_duplicated())
    if len(twice):
        raise DataError(
            f"{table.source} has the {noun} {twice[0]!r} more than once in the column "
            f"{table.column!r}: leave one row of each."
        )
    both = [c for c in given.columns[1:] if c in own.columns]
    if both:
        raise DataError(
            f"{table.source} and the {noun} table of {name!r} both have {', '.join(both)}: take "
            "out or rename what is there already."
        )


def _id_column(frame: pl.DataFrame, noun: str, ids: pl.Series, named: str | None) -> str:
    names = frame.columns
    places = {plain(name): name for name in reversed(names)}
    usual = id_column(names, noun)
    called = None if named is None else places.get(plain(named))
    wishes = [places.get(noun), called, usual, places.get("id"), names[0]]
    if plain(usual).endswith(("title", "name")):  # ids in a log that has no others
        wishes[2:4] = [places.get("id"), usual]
    likely = list(dict.fromkeys(name for name in wishes if name is not None))
    if len(likely) == 1:
        return likely[0]
    known = ids.unique().cast(pl.String).implode()

    def hits(name: str) -> int:
        column = frame[name]
        if column.dtype.is_float() or column.dtype.is_decimal():
            whole = column.cast(pl.Float64).cast(pl.Int64, strict=False)
            column = (
                whole.to_frame()
                .select(
                    pl.when(pl.first().cast(pl.Float64) == column.cast(pl.Float64)).then(pl.first())
                )
                .to_series()
            )
        if not (column.dtype.is_integer() or column.dtype in (pl.String, pl.Categorical, pl.Enum)):
            return 0
        return int(column.cast(pl.String).str.strip_chars().is_in(known).sum())

    return max(likely, key=hits)


def _listed(column: pl.Series) -> pl.Series:
    """Texts such as `Comedy|Drama` as lists, where a column has enough of them."""
    if column.dtype != pl.String:
        return column
    bars = column.str.contains(r"\S\|\S").mean()
    if not isinstance(bars, float) or bars < _LISTS or column.str.contains("^https?://").any():
        return column
    return column.str.split("|")
