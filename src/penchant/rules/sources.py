"""Files that rules name: tables of items, ids, and pairs of users and items."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.data.reading.column_names import roles_by_name
from penchant.data.reading.formats import read_records
from penchant.data.reading.id_lists import ids_in_file
from penchant.data.reading.id_tables import id_table
from penchant.data.reading.id_values import clean_ids
from penchant.data.reading.nested import plain_values
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError

_MOST_BYTES = 10**9  # of a table, as it lies on the disk


def refuse_large(path: Path, most: int, advice: str) -> None:
    """Refuse a file that is larger than rules have any use for.

    Raises:
        DataError: it has more bytes.
    """
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        return  # reading says what is wrong
    if size > most:
        raise DataError(f"{path.name} has more than {most:,} bytes: {advice}.")


def read_item_table(path: Path, ids: pl.Series | None) -> pl.DataFrame:
    """A table of items, whose ids are in the first column, `item`.

    Args:
        path: of a CSV, Parquet or JSON-lines file.
        ids: those of the log, by which the column of ids is found.

    Raises:
        DataError: the file cannot be read.
    """
    refuse_large(path, _MOST_BYTES, "leave the items alone that the rules are about")
    records = read_records(path)
    return id_table(records, "item", pl.Series("item", [], pl.String) if ids is None else ids).frame


def read_ids(vocabulary: Vocabulary, path: Path) -> list[str]:
    """The texts of ids in a file.

    Raises:
        DataError: the file cannot be read.
    """
    refuse_large(path, _MOST_BYTES, "a list of ids is shorter")
    return ids_in_file(vocabulary, path)


def read_pairs(source: pl.DataFrame | Path) -> pl.DataFrame:
    """A table of users and items as a frame of texts or numbers, `user` and `item`.

    Their columns are found by their names, otherwise they are the first two. Rows that lack one
    are left out.

    Raises:
        DataError: the file cannot be read, or has fewer than two columns.
    """
    if isinstance(source, Path):
        if source.is_file() and not source.stat().st_size:  # nobody has any
            return pl.DataFrame(schema={"user": pl.String, "item": pl.String})
        refuse_large(source, _MOST_BYTES, "leave the pairs alone that the rules are about")
        records = read_records(source)
        frame, name = records.frame, records.source
    else:
        frame, name = source, "the table"
    by_name = roles_by_name(frame.columns)
    names = [by_name.get("user"), by_name.get("item")]
    if None in names:
        names = list(frame.columns[:2])
    if len(set(names)) < 2:
        raise DataError(
            f"{name} has no two columns, of users and of items, only {', '.join(frame.columns)}."
        )
    columns = []
    for noun, column in zip(("user", "item"), names, strict=True):
        assert column is not None
        values, _ = plain_values(frame[column], noun, column, name)
        columns.append(clean_ids(values).alias(noun))
    return pl.DataFrame(columns).drop_nulls()
