"""The slow, tolerant reader of text: it sorts out records that do not fit and reads the rest."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from penchant.data.reading.raw import Raw, Skip, shorten

_REACH = 1000  # lines that one quoted value may span


class _Record(NamedTuple):
    line: int
    cells: list[str] | None
    problem: str
    content: str


def read_carefully(text: str, source: str, names: list[str], sep: str, *, headed: bool) -> Raw:
    """Read the records below the header, one by one; those that do not fit are listed."""
    shift = int(headed)
    good: list[list[str]] = []
    rows: list[int] = []
    lines: list[int] = []
    skipped: list[Skip] = []
    for row, record in enumerate(_records(text.split("\n"), sep, len(names)), start=1):
        problem = record.problem
        if record.cells is not None and len(record.cells) != len(names):
            problem = f"{len(record.cells)} columns instead of {len(names)}"
        line = record.line + shift
        if problem:
            skipped.append(Skip(row, problem, shorten(record.content), f"line {line}"))
        elif record.cells is not None:
            good.append(record.cells)
            rows.append(row)
            lines.append(line)
    columns = zip(*good, strict=True) if good else ([] for _ in names)
    frame = pl.DataFrame(
        [pl.Series(n, c, dtype=pl.String) for n, c in zip(names, columns, strict=True)]
    )
    return Raw(
        frame=frame.with_columns(pl.when(pl.all() != "").then(pl.all())),
        source=source,
        is_text=True,
        headed=headed,
        decimal_comma=sep != ",",
        rows=pl.Series("row", rows, dtype=pl.UInt32),
        lines=pl.Series("line", lines, dtype=pl.UInt32),
        skipped=tuple(skipped),
    )


def split_record(text: str, sep: str) -> list[str] | None:
    """A record's cells, or None where its quotes are broken; quotes count with one character."""
    if len(sep) > 1 or '"' not in text:
        return text.split(sep)
    try:
        lines = (line + "\n" for line in text.split("\n"))
        rows = list(csv.reader(lines, delimiter=sep, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _records(lines: list[str], sep: str, width: int) -> Iterator[_Record]:
    n = 0
    while n < len(lines):
        line = lines[n].removesuffix("\r")
        n += 1
        if not line:
            continue
        if "\0" in line:
            yield _Record(n, None, "a NUL byte", line)
            continue
        cells = split_record(line, sep)
        if cells is None and (end := _closing(lines, n)):
            whole = "\n".join(lines[n - 1 : end]).removesuffix("\r")
            joined = split_record(whole, sep)
            if joined is not None and len(joined) == width:
                yield _Record(n, joined, "", whole)
                n = end
                continue
        yield _Record(n, cells, "broken quotes" if cells is None else "", line)


def _closing(lines: list[str], start: int) -> int:
    """Behind the line that closes a quote opened in the line before `start`; 0 if none does."""
    for end in range(start, min(start + _REACH, len(lines))):
        if lines[end].count('"') % 2:
            return end + 1
    return 0
