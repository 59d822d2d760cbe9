"""Detect the separator, header and columns of a text file from its first records."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from penchant.data.polars_frames import distinct_names
from penchant.data.reading.column_contents import is_figure
from penchant.data.reading.column_names import is_known_name
from penchant.data.reading.records import NoRecordsError, RawRecords
from penchant.errors import DataError

_SEPARATORS = ("::", "\t", ",", ";", "|", "^", "~", " ", ":")
SPELLED_OUT = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}
_SAMPLE_BYTES = 1 << 16
_SAMPLE_RECORDS = 200


@dataclass(frozen=True)
class TextLayout:
    """The columns of a text file.

    Attributes:
        names: distinct names.
        separator: what stands between columns.
        has_header: whether the columns have names of their own.
        sample: the first records.
        lines_before: how many lines precede the first record.
        has_header_line: whether the first line names the columns, and not a comment before it.
    """

    names: list[str]
    separator: str
    has_header: bool
    sample: list[list[str]]
    lines_before: int
    has_header_line: bool

    def raw_records(self, frame: pl.DataFrame, source: str) -> RawRecords:
        """A frame of the file's records under this layout."""
        return RawRecords(
            frame=frame,
            source=source,
            is_text=True,
            has_header=self.has_header,
            decimal_comma=self.separator != ",",
        )


def detect_layout(
    data: bytes,
    source: str,
    *,
    separator: str | None = None,
    header: bool | None = None,
    named: Sequence[str] = (),
    comment: str | None = None,
) -> TextLayout:
    """Detect the layout of UTF-8 text, as far as separator and header are not given.

    A first line with one of the column names in `named` is a header. A comment before the first
    line names the columns where it has as many, a usual name among them, and the line does not.

    Raises:
        NoRecordsError: nothing follows the header.
        DataError: no separator was found, or it is impossible.
    """
    lines = first_lines(data)
    if separator:
        separator = SPELLED_OUT.get(separator, separator)
    else:
        separator = _detect_separator(lines, source)
    if '"' in separator or "\n" in separator:
        raise DataError(f"{separator!r} cannot be a separator.")
    records = [split_record(line, separator) or line.split(separator) for line in lines]
    is_header = has_header(records, named) if header is None else header
    width = _usual_width(records)
    heading = None
    if comment is not None and not is_header and header is not True:
        cells = split_record(comment, separator) or []
        if len(cells) != width:
            cells = comment.split()
        if len(cells) == width and any(is_known_name(cell) for cell in cells):
            heading = cells
    names = distinct_names(records[0] if is_header else heading or [""] * width)
    if is_header and len(records) == 1:
        raise NoRecordsError(f"{source} has a header ({', '.join(names)}) and no record.")
    return TextLayout(
        names=names,
        separator=separator,
        has_header=is_header or heading is not None,
        sample=records[is_header:],
        lines_before=int(is_header),
        has_header_line=is_header,
    )


def split_record(text: str, separator: str) -> list[str] | None:
    """A record's cells, or None where its quotes are broken.

    Quotes have a meaning only where the separator is one character.
    """
    if len(separator) > 1 or '"' not in text:
        return text.split(separator)
    try:
        lines = (line + "\n" for line in text.split("\n"))
        records = list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def first_lines(data: bytes) -> list[str]:
    """The first records as lines; the last line is left out where it may be cut."""
    size = _SAMPLE_BYTES
    while True:  # further on, where blank lines fill the beginning
        lines = data[:size].decode(errors="ignore").split("\n")
        if len(data) > size and len(lines) > 1:
            lines.pop()
        filled = [line.rstrip("\r") for line in lines if line.strip("\r")][:_SAMPLE_RECORDS]
        if len(filled) > 1 or len(data) <= size:
            return filled
        size *= 8


def _detect_separator(lines: Sequence[str], source: str) -> str:
    """The separator that splits most lines into the same number of columns."""
    best, best_share = None, 0.0
    for separator in _SEPARATORS:
        if separator not in lines[0] or (separator == ":" and "::" in lines[0]):
            continue
        widths = [len(split_record(line, separator) or "") for line in lines]
        width = max(set(widths) - {0, 1}, key=widths.count, default=0)
        share = widths.count(width) / len(widths) if width else 0.0
        # Commas may be in numbers where semicolons stand between columns.
        decimal = best == "," and separator == ";" and share == best_share and width > 2
        if share > best_share or decimal:
            best, best_share = separator, share
    if best is None:
        raise DataError(
            f"{source}: no separator was found in line 1, {lines[0][:60]!r}; "
            f"name it with separator='…' (--separator …)."
        )
    return best


def _usual_width(records: Sequence[Sequence[str]]) -> int:
    widths = [len(cells) for cells in records]
    return max(set(widths), key=widths.count)


def has_header(records: Sequence[Sequence[str]], named: Sequence[str]) -> bool:
    """Whether the first line names columns: it has no figure, and usual names or figures below."""
    first = [cell.strip() for cell in records[0]]
    if any(name in first for name in named):
        return True
    if any(is_figure(cell) for cell in first):
        return False
    if any(is_known_name(cell) for cell in first):
        return True
    below = [cells for cells in records[1:] if len(cells) == len(first)]
    columns = [[text for cells in below if (text := cells[n].strip())] for n in range(len(first))]
    return any(column and all(map(is_figure, column)) for column in columns)
