"""Read damaged text record by record: records that do not fit are listed, the rest are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from penchant.data.reading.records import RawRecords, RecordCollector
from penchant.data.reading.text_layout import TextLayout, split_record
from penchant.wording import counted

_LONGEST_QUOTE = 1000  # lines that one quoted value may span


class ParsedRecord(NamedTuple):
    """The cells of the record at a line, or None and what is wrong with it."""

    line: int
    cells: list[str] | None
    problem: str
    content: str
    repaired: bool = False


def read_with_recovery(text: str, source: str, layout: TextLayout) -> RawRecords:
    """Read the records of `text`, which is what follows the header, one by one.

    Records of another width, with broken quotes or NUL bytes are skipped and listed.
    """
    names, separator = layout.names, layout.separator
    collected = RecordCollector[list[str]]()
    for record in _records(text.split("\n"), separator, len(names)):
        problem = record.problem
        if record.cells is not None and len(record.cells) != len(names):
            problem = f"{counted(len(record.cells), 'column')} instead of {len(names)}"
        collected.add(record.cells, problem, record.content, record.line + layout.lines_before)
    columns = zip(*collected.records, strict=True) if collected.records else ([] for _ in names)
    frame = pl.DataFrame(
        [
            pl.Series(name, values, dtype=pl.String)
            for name, values in zip(names, columns, strict=True)
        ]
    ).with_columns(pl.when(pl.all() != "").then(pl.all()))
    return collected.raw_records(frame, layout.raw_records(frame, source))


def _records(lines: list[str], separator: str, width: int) -> Iterator[ParsedRecord]:
    n = 0
    while n < len(lines):
        line = lines[n].removesuffix("\r")
        n += 1
        if not line:
            continue
        if "\0" in line:
            yield ParsedRecord(n, None, "a NUL byte", line)
            continue
        cells = split_record(line, separator)
        if cells is None and (end := _end_of_quote(lines, n)):
            joined = "\n".join(lines[n - 1 : end]).removesuffix("\r")
            joined_cells = split_record(joined, separator)
            if joined_cells is not None and len(joined_cells) == width:
                yield ParsedRecord(n, joined_cells, "", joined)
                n = end
                continue
        yield ParsedRecord(n, cells, "broken quotes" if cells is None else "", line)


def _end_of_quote(lines: list[str], start: int) -> int:
    """The index behind the line that closes a quote opened before `start`; 0 if none does."""
    for end in range(start, min(start + _LONGEST_QUOTE, len(lines))):
        if lines[end].count('"') % 2:
            return end + 1
    return 0
