"""Read CSV, TSV and other text with separators: fast where intact, with recovery where not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.reading.preamble import find_preamble
from penchant.data.reading.quotes import first_lines_of_records
from penchant.data.reading.records import NoRecordsError, RawRecords
from penchant.data.reading.recovery import read_with_recovery
from penchant.data.reading.text_layout import TextLayout, detect_layout

_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def read_text(
    data: bytes,
    source: str,
    *,
    separator: str | None = None,
    header: bool | None = None,
    named: Sequence[str] = (),
) -> RawRecords:
    """Read UTF-8 text with separators; no value loses a character.

    Columns become integers where each value is written as an integer is, without zeros or signs
    in front; all others stay text. A first line with one of the column names in `named` is a
    header.

    Raises:
        NoRecordsError: there is no record.
        DataError: no separator was found.
    """
    data = _without_blank_ends(data)
    if not data:
        raise NoRecordsError(f"{source} is empty.")
    layout, start = layout_of_head(data, source, separator=separator, header=header, named=named)
    return read_body(data[start:], source, layout)


def layout_of_head(
    data: bytes,
    source: str,
    *,
    separator: str | None = None,
    header: bool | None = None,
    named: Sequence[str] = (),
) -> tuple[TextLayout, int]:
    """The columns of UTF-8 text, and the position at which its records begin.

    Args:
        data: the text, or as much of it as `detect_layout` looks at, without blank lines in front.
        source: its name in messages.
        separator: as `read_text` takes it.
        header: as `read_text` takes it.
        named: as `read_text` takes it.

    Raises:
        NoRecordsError: nothing follows the header.
        DataError: no separator was found.
    """
    preamble = find_preamble(data)
    layout = detect_layout(
        data[preamble.n_bytes :],
        source,
        separator=separator or preamble.separator,
        header=header,
        named=named,
        comment=preamble.last_comment,
    )
    layout = replace(layout, lines_before=layout.lines_before + preamble.n_lines)
    end_of_header = data.find(b"\n", preamble.n_bytes) + 1 if layout.has_header_line else 0
    return layout, end_of_header or preamble.n_bytes


def read_body(body: bytes, source: str, layout: TextLayout) -> RawRecords:
    """The records of UTF-8 text below its header."""
    integers = _integer_columns(layout) if b'"' not in body else []
    records = _read_intact(body, source, layout, integers)
    if records is None and integers:
        records = _read_intact(body, source, layout, [])
    if records is None:
        records = read_with_recovery(body.decode(), source, layout)
    return records


def _integer_columns(layout: TextLayout) -> list[int]:
    """Which columns hold plain integers in all records of the sample."""
    width = len(layout.names)
    return [
        n
        for n in range(width)
        if layout.sample
        and all(len(cells) == width and _INTEGER.fullmatch(cells[n]) for cells in layout.sample)
    ]


def _read_intact(
    body: bytes, source: str, layout: TextLayout, integers: Sequence[int]
) -> RawRecords | None:
    """Read with Polars; None where a record does not fit, since Polars fills short records."""
    names, separator = layout.names, layout.separator
    if b"\0" in body or not body:
        return None
    doubled = len(separator) == 2 and separator[0] == separator[1]
    if not doubled and (len(separator) != 1 or not separator.isascii()):
        return None
    # `a::b` is `a:b` with an empty column between.
    width = 2 * len(names) - 1 if doubled else len(names)
    step = 2 if doubled else 1
    quoted = not doubled and b'"' in body
    columns = [f"{n}" for n in range(width)]
    schema = dict.fromkeys(columns, pl.String) | {columns[step * n]: pl.Int64 for n in integers}
    try:
        frame = (
            pl.scan_csv(
                body,
                separator=separator[0],
                has_header=False,
                quote_char='"' if quoted else None,
                schema=schema,
            )
            .select(columns[::step])
            .collect()
        )
    except pl.exceptions.PolarsError:
        return None
    if (quoted or doubled) and frame[columns[-1]].null_count():
        return None
    if not quoted and _length(frame, body, step) != len(body):
        return None
    frame.columns = names
    if quoted:
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    records = replace(layout.raw_records(frame, source), lines_before=layout.lines_before)
    if quoted and frame.height != body.count(b"\n") + (not body.endswith(b"\n")):
        lines = first_lines_of_records(body, layout.lines_before)
        fit = len(lines) == frame.height
        records = replace(records, lines=lines if fit else None, lines_before=None)
    return records


def _length(frame: pl.DataFrame, body: bytes, step: int) -> int:
    """The text's length in bytes if every record has every column: the proof that none is short.

    Polars itself refuses records that are too long, unless some columns are not asked for;
    then the last column, which a short record lacks, must be complete.
    """
    cells = sum(_written_bytes(frame[column]) for column in frame.columns)
    newline = 2 if body[: body.find(b"\n") + 1].endswith(b"\r\n") else 1
    newlines = frame.height - (not body.endswith(b"\n"))
    return cells + step * (frame.width - 1) * frame.height + newline * newlines


def _written_bytes(column: pl.Series) -> int:
    """The bytes of a column's values as text; -1 for integers that the file writes otherwise."""
    if column.dtype == pl.String:
        return int(column.str.len_bytes().sum())
    values = column.to_numpy() if not column.null_count() else np.array([-1])
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if low < 0:
        return -1  # a sign, or a gap: no length that could be right
    low = int(values.min(initial=high))
    digits = range(len(str(low)), len(str(high)))
    return len(values) * len(str(low)) + sum(int((values >= 10**n).sum()) for n in digits)


def _without_blank_ends(data: bytes) -> bytes:
    if data[:1] in b"\r\n" or data[-2:] in (b"\n\n", b"\r\n") or data[-3:-1] == b"\n\r":
        return data.strip(b"\r\n")
    return data
