"""CSV, TSV and other text with separators: a fast reader, where a file is as it should be."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.data.reading.column_guessing import is_known_name, is_number
from penchant.data.reading.raw import Raw, distinct_names
from penchant.data.reading.recovery import read_carefully, split_record
from penchant.errors import DataError

_SEPARATORS = ("::", "\t", ",", ";", "|", "^", "~", " ", ":")
_SPELLED = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";"}
_LOOK = 1 << 16  # bytes looked at to tell separator and header
_SAMPLE = 200  # records looked at
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


def read_text(
    data: bytes,
    source: str,
    *,
    separator: str | None = None,
    header: bool | None = None,
    named: Sequence[str] = (),
) -> tuple[Raw, list[list[str]]]:
    """Read UTF-8 text with separators; no value loses a character.

    Columns become integers where each value is written as an integer is, without zeros or signs
    in front; all others stay text.

    Returns the records and a sample of them. `named` are column names that the caller asks
    for: where one stands in the first line, that line is a header.

    Raises:
        DataError: there is no record, or no separator can be told.
    """
    data = _without_blank_ends(data)
    if not data:
        raise DataError(f"{source} is empty.")
    sample = _sample(data)
    sep = _SPELLED.get(separator, separator) if separator else _sniff(sample, source)
    if '"' in sep or "\n" in sep:
        raise DataError(f"{separator!r} cannot be a separator.")
    table = [split_record(line, sep) or line.split(sep) for line in sample]
    headed = _has_header(table, named) if header is None else header
    width = len(table[0]) if headed else _usual_width(table)
    names = table[0] if headed else [""] * width
    names = distinct_names(names)
    body = data[data.find(b"\n") + 1 :] if headed and b"\n" in data else data
    if headed and len(table) == 1:
        raise DataError(f"{source} has a header ({', '.join(names)}) and no record.")
    integers = _integer_columns(table[headed:], len(names)) if b'"' not in body else []
    raw = _read_fast(body, source, names, sep, headed=headed, integers=integers)
    if raw is None and integers:
        raw = _read_fast(body, source, names, sep, headed=headed, integers=[])
    if raw is None:
        raw = read_carefully(body.decode(), source, names, sep, headed=headed)
    return raw, table[headed:]


def _integer_columns(sample: Sequence[Sequence[str]], width: int) -> list[int]:
    """Which columns hold plain integers in all records looked at."""
    return [
        n
        for n in range(width)
        if sample and all(len(cells) == width and _INTEGER.fullmatch(cells[n]) for cells in sample)
    ]


def _read_fast(
    body: bytes,
    source: str,
    names: list[str],
    sep: str,
    *,
    headed: bool,
    integers: Sequence[int],
) -> Raw | None:
    """Let Polars read it; None where anything does not fit, since Polars fills short records."""
    if b"\0" in body or not body:
        return None
    doubled = len(sep) == 2 and sep[0] == sep[1]
    if not doubled and (len(sep) != 1 or not sep.isascii()):
        return None
    # `a::b` is `a:b` with an empty column between.
    width = 2 * len(names) - 1 if doubled else len(names)
    step = 2 if doubled else 1
    quoted = not doubled and b'"' in body
    columns = [f"{n}" for n in range(width)]
    schema = {
        c: pl.Int64 if n in {step * i for i in integers} else pl.String
        for n, c in enumerate(columns)
    }
    try:
        frame = (
            pl.scan_csv(
                body,
                separator=sep[0],
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
    one_line_each = not quoted or frame.height == body.count(b"\n") + (not body.endswith(b"\n"))
    return Raw(
        frame=frame,
        source=source,
        is_text=True,
        headed=headed,
        decimal_comma=sep != ",",
        shift=int(headed) if one_line_each else None,
    )


def _length(frame: pl.DataFrame, body: bytes, step: int) -> int:
    """How long the text would be if each record had each column: the proof that none is short.

    Polars itself refuses records that are too long, unless some columns are not asked for;
    then the last column, which a short record lacks, must be complete.
    """
    cells = sum(_characters(frame[column]) for column in frame.columns)
    newline = 2 if body[: body.find(b"\n") + 1].endswith(b"\r\n") else 1
    newlines = frame.height - (not body.endswith(b"\n"))
    return cells + step * (frame.width - 1) * frame.height + newline * newlines


def _characters(column: pl.Series) -> int:
    """How many bytes the values of a column take when they are written without more ado."""
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


def _sample(data: bytes) -> list[str]:
    """The first records as lines; the last line is left out where it may be cut."""
    lines = data[:_LOOK].decode(errors="ignore").split("\n")
    if len(data) > _LOOK and len(lines) > 1:
        lines.pop()
    return [line.rstrip("\r") for line in lines if line.strip("\r")][:_SAMPLE]


def _sniff(sample: Sequence[str], source: str) -> str:
    """The separator that splits most lines into the same number of columns."""
    best, best_share = None, 0.0
    for sep in _SEPARATORS:
        if sep not in sample[0] or (sep == ":" and "::" in sample[0]):
            continue
        widths = [len(split_record(line, sep) or "") for line in sample]
        width = max(set(widths) - {0, 1}, key=widths.count, default=0)
        share = widths.count(width) / len(widths) if width else 0.0
        if share > best_share:
            best, best_share = sep, share
    if best is None:
        raise DataError(
            f"{source}: no separator was found in line 1, {sample[0][:60]!r}; "
            f"name it with separator='…' (--separator …)."
        )
    return best


def _usual_width(table: Sequence[Sequence[str]]) -> int:
    widths = [len(cells) for cells in table]
    return max(set(widths), key=widths.count)


def _has_header(table: Sequence[Sequence[str]], named: Sequence[str]) -> bool:
    """Whether the first line names columns: no number in it, and names or numbers below."""
    first = [cell.strip() for cell in table[0]]
    if any(name in first for name in named):
        return True
    if any(is_number(cell) for cell in first):
        return False
    if any(is_known_name(cell) for cell in first):
        return True
    below = [cells for cells in table[1:] if len(cells) == len(first)]
    return bool(below) and any(
        all(is_number(cells[n]) for cells in below) for n in range(len(first))
    )
