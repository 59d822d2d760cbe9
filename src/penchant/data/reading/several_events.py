"""Turn records that hold several events each into one record an event, with all accounted for."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penchant.data.reading.layouts.lines import record_numbers
from penchant.data.reading.records import RawRecords, RecordsOfFile, SkippedRecord, shorten


def as_events(
    records: RawRecords, events: pl.DataFrame, place: pl.Series, problem: str
) -> RawRecords:
    """The events that records hold, each with a number and the line of its record.

    Args:
        records: the records.
        events: a row an event, in the order of the records.
        place: int, the position of each event's record, rising.
        problem: what is wrong with records without an event, which are listed as skipped.
    """
    row = records.row.gather(place)
    idle = pl.int_range(len(records.frame), eager=True)
    idle = idle.filter(~idle.is_in(place.unique().implode()))
    skipped = list(records.skipped)
    for position in idle:
        cells = ", ".join("" if c is None else str(c) for c in records.frame.row(position))
        number, location = int(records.row[position]), records.location(position)
        skipped.append(SkippedRecord(number, problem, shorten(cells), location))
    skipped.sort()
    rows_without = pl.Series([record.row for record in skipped], dtype=pl.UInt32)
    lines = None
    if records.lines is not None:
        lines = records.lines.gather(place)
    elif records.lines_before is not None:
        lines = row + records.lines_before
    return replace(
        records,
        frame=events,
        lines=lines,
        numbers=record_numbers(row, rows_without.to_list()),
        skipped=tuple(
            record._replace(row=int(row.search_sorted(record.row)) + before + 1)
            for before, record in enumerate(skipped)
        ),
        parts=tuple(_events_of_file(part, place, row, rows_without) for part in records.parts),
    )


def _events_of_file(
    part: RecordsOfFile, place: pl.Series, row: pl.Series, rows_without: pl.Series
) -> RecordsOfFile:
    """A file of rows as one of events: `place` and `row` are those of all events' rows."""
    start = int(place.search_sorted(part.position))
    records = part.records
    local = place.slice(start).cast(pl.Int64) - part.position
    numbers = records.numbers
    if numbers is not None:
        local = local.filter(local < len(numbers))
        numbers = numbers.gather(local)
    elif records.lines_before is not None:
        numbers = (local + 1).cast(pl.UInt32)
    lines = None if records.lines is None else records.lines.gather(local)
    n_before = sum(
        int(numbers.search_sorted(part.n_before, side="right")) for numbers in (row, rows_without)
    )
    return RecordsOfFile(start, n_before, replace(records, numbers=numbers, lines=lines))
