"""Read tables with a row per user and a column per item, such as Jester's or a pivot table."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np
import polars as pl

from penchant.data.reading.column_names import has_usual_name, is_known_name
from penchant.data.reading.layouts.cells import Cells, cleaned, numbers_of
from penchant.data.reading.records import RawRecords, concat_chunks
from penchant.data.reading.several_events import as_events
from penchant.errors import DataError

EmptyValue: TypeAlias = float | Literal[False] | None
"""The number in cells that are not rated; None finds it, False says that there is none."""

_MIN_COLUMNS = 4  # a user and three items
_MIN_COLUMNS_WITHOUT_HEADER = 5
_MIN_COUNTS = 0.95  # of the rows begin with the number of their ratings, as Jester's do
_SAMPLE_ROWS = 2000
_CELLS_AT_ONCE = 20_000_000


def is_wide(records: RawRecords) -> bool:
    """Whether a table has a row per user and a column per item, by its names and contents."""
    frame = records.frame
    names = frame.columns
    fewest = _MIN_COLUMNS if records.has_header else _MIN_COLUMNS_WITHOUT_HEADER
    if records.layout != "columns" or len(names) < fewest or not len(frame):
        return False
    if records.has_header and any(is_known_name(name) for name in names[1:]):
        return False
    if any(dtype.is_nested() or dtype.is_temporal() for dtype in frame.dtypes):
        return False
    first, others = frame.to_series(0), frame[:, 1:]
    if not Cells(others, decimal_comma=records.decimal_comma).are_of_one_scale():
        return False
    if _has_ids(records):
        return first.n_unique() == len(first)
    if _counts_ratings(records):
        return True
    return Cells(frame, decimal_comma=records.decimal_comma).are_of_one_scale()


def read_wide(records: RawRecords, user: str | None = None, empty: EmptyValue = None) -> RawRecords:
    """The events of a table with a row per user and a column per item.

    The first column has the users; where it has none, users are the rows' numbers. A first column
    that is called as items are, such as `movie`, makes the rows items and the columns users.
    Items without names are the columns' numbers. Columns without a number are no items. Cells that
    are empty, or say that nobody rated, are no events, and rows without an event are listed as
    skipped. Cells that look like counts are weights; those that are the same everywhere are
    neither weights nor ratings.

    Args:
        records: the table.
        user: the column of users.
        empty: the number in cells that are not rated.

    Raises:
        DataError: no cell has a number that is a rating.
    """
    typed = [
        column.name
        for column in records.frame.get_columns()
        if (column.dtype.is_nested() or column.dtype.is_temporal()) and column.name != user
    ]
    frame = records.frame.drop(typed)
    if frame.width < 2:
        raise DataError(f"{records.source} has no columns of items.")
    records = replace(records, frame=frame)
    first, others = frame.to_series(0), frame[:, 1:]
    rows, columns = user or "user", "item"
    ids: pl.Series | None = first
    clauses: dict[str, int] = {}
    if user is not None:
        ids, others = frame[user], frame.drop(user)
    elif _counts_ratings(records):
        ids = None
        clauses["the first column is the number of a row's ratings"] = 1
    elif not _has_ids(records):
        ids, others = None, frame
    elif _names_items(first.name, records):
        rows, columns = "item", "user"
    cells = Cells(others, decimal_comma=records.decimal_comma)
    empty = cells.empty_value() if empty is None else empty
    empty = None if empty is False else empty
    value = "weight" if cells.are_counts(empty) else "rating"
    names = others.columns if records.has_header else range(1, others.width + 1)
    events, without_number = _events_of(others, records, empty)
    n_items = others.width - len(without_number)
    without_number += typed
    if not len(events):
        raise DataError(
            f"{records.source} is no table with a row per user and a column per item: no cell has "
            "a number that is a rating."
        )
    place = events["place"]
    events = events.with_columns(
        (records.row if ids is None else ids).gather(place).alias(rows),
        pl.Series(columns, names).gather(events["column"]),
    )
    if events["value"].n_unique() == 1:
        events = events.drop("value")
        clauses["all cells are alike, and so no ratings"] = 1
    elif value == "weight":
        clauses["cells are weights, since they look like counts"] = 1
    mark = "empty" if empty is None else f"{empty:g} or empty"
    override = "" if empty is None else " (with empty=False, --empty none, only empty ones)"
    clauses[f"{{0:cell is/cells are}} {mark}, which counts as not rated{override}"] = n_items * len(
        frame
    ) - len(events)
    if without_number:
        listed = ", ".join(without_number[:3]) + (" …" if len(without_number) > 3 else "")
        clauses[f"{{0:column/columns}} without a number left out: {listed}"] = len(without_number)
    tallies = {
        f"a row for each of {{0:{rows}}}": len(frame),
        f"a column for each of {{0:{columns}}}": n_items,
    } | clauses
    roles = [pl.col(name).alias(value) for name in events.columns if name == "value"]
    log = as_events(records, events.select(rows, columns, *roles), place, "a row without ratings")
    return replace(log, has_header=True, layout="wide", tallies=tallies)


def _events_of(
    columns: pl.DataFrame, records: RawRecords, empty: float | None
) -> tuple[pl.DataFrame, list[str]]:
    """`place` (of the row), `column` (its position) and `value` of cells, row by row.

    Columns that have texts and no number are none; their names are returned, too.
    """
    cells = cleaned(columns, decimal_comma=records.decimal_comma)
    step = max(1, _CELLS_AT_ONCE // max(1, cells.width))
    has_number = np.zeros(cells.width, bool)
    has_text = np.zeros(cells.width, bool)
    chunks = []
    for start in range(0, max(len(cells), 1), step):  # once where every row is malformed
        some = cells[start : start + step]
        numbers = numbers_of(some)
        is_number = ~np.isnan(numbers)
        is_event = some.select(pl.all().is_not_null()).to_numpy()
        is_text = is_event & ~is_number
        has_number |= is_number.any(axis=0)
        has_text |= is_text.any(axis=0)
        if empty is not None:
            is_event = is_event & (numbers != empty)
        row, column = np.nonzero(is_event)
        value = pl.Series("value", numbers[row, column])
        if is_text.any():
            texts = [some[int(r), int(c)] for r, c in zip(*np.nonzero(is_text), strict=True)]
            at = np.flatnonzero(is_text[row, column])
            value = value.cast(pl.String).scatter(at, texts)
        chunks.append(pl.DataFrame({"place": row + start, "column": column, "value": value}))
    events = concat_chunks(chunks)
    without_number = [
        name for name, idle in zip(columns.columns, has_text & ~has_number, strict=True) if idle
    ]
    if without_number:
        positions = [columns.columns.index(name) for name in without_number]
        events = events.filter(~pl.col("column").is_in(positions))
    return events, without_number


def _has_ids(records: RawRecords) -> bool:
    """Whether the first column has ids of the rows, and not ratings of an item."""
    first, others = records.frame.to_series(0), records.frame[:, 1:]
    is_named = has_usual_name(first.name, "user") or has_usual_name(first.name, "item")
    if records.has_header and is_named:
        return True
    if first.null_count() or first.n_unique() < len(first):
        return False
    numbers = first.cast(pl.Float64, strict=False)
    if numbers.null_count():
        return True
    if (numbers != numbers.round()).any():
        return False
    highest = Cells(others, decimal_comma=records.decimal_comma).numbers.max()
    return records.has_header or bool((numbers > (highest or 0)).any())


def _names_items(name: str, records: RawRecords) -> bool:
    is_item = has_usual_name(name, "item") and not has_usual_name(name, "user")
    return records.has_header and is_item


def _counts_ratings(records: RawRecords) -> bool:
    """Whether the first column is the number of ratings in its row."""
    sample = cleaned(records.frame.head(_SAMPLE_ROWS), decimal_comma=records.decimal_comma)
    numbers = numbers_of(sample)
    counts, others = numbers[:, 0], numbers[:, 1:]
    if len(counts) < 2:
        return False
    empty = Cells(records.frame[:, 1:], decimal_comma=records.decimal_comma).empty_value()
    is_rated = ~np.isnan(others) & (others != empty)
    return bool((counts == is_rated.sum(axis=1)).mean() >= _MIN_COUNTS)
