"""Parse the lines of a Book-Crossing file into records, with every line accounted for.

The original dump has `;` between quoted fields, Latin-1, and a backslash before a quote inside
one; copies have commas and doubled quotes. Lines that are as they should be are found by a
pattern and read at once; each of the others is looked at by itself.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from penchant.data.reading.column_names import plain_name
from penchant.data.reading.files import load_bytes
from penchant.data.reading.records import SkippedRecord
from penchant.data.reading.recovery import ParsedRecord
from penchant.data.reading.text_layout import split_record
from penchant.errors import DataError
from penchant.wording import counted

Repair = Callable[[list[str]], "list[str] | None"]
_MOST_LINES = 20  # lines that one record may span
_HEADER_BYTES = 1 << 12  # bytes looked at to tell what a file holds
_GZIP = b"\x1f\x8b"
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^";]*)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NULLS = ("", "NULL", "\\N")


@dataclass(frozen=True)
class Records:
    """The records of a file, and its other lines.

    Attributes:
        frame: the records, all columns text, and `row`: the line's number below the header.
        skipped: the lines that are no record.
        lines: how many lines there are below the header: the sum of the records, the lines
            skipped, those empty and those `continued`.
        blank: how many lines are empty.
        continued: how many lines continue a record that began in an earlier line.
        repaired: how many records were brought to the right number of columns.
        source: the file's name.
        encoding: how it was decoded.
    """

    frame: pl.DataFrame
    skipped: tuple[SkippedRecord, ...]
    lines: int
    blank: int
    continued: int
    repaired: int
    source: str
    encoding: str


def header_of(path: Path) -> list[str]:
    """The column names of a file, in lower case and without punctuation; empty if unreadable."""
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER_BYTES)
        if start.startswith(_GZIP):
            start = zlib.decompressobj(31).decompress(start, _HEADER_BYTES)
    except (OSError, zlib.error):
        return []
    head, newline, _ = start.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    text = head.decode("latin-1")
    return [plain_name(cell) for cell in _header_cells(text)] if newline else []


def read_records(path: Path, names: Mapping[str, str], repair: Repair | None = None) -> Records:
    """Read a file, whatever its separator and encoding.

    Args:
        path: the file, which may be compressed.
        names: what to call the columns, by their plain names; others are left out.
        repair: makes a record with a wrong number of columns right, or returns None.

    Raises:
        DataError: the file cannot be read, or has no header.
    """
    text, encoding, bad = _decode(load_bytes(path), path.name)
    head, _, body = text.partition("\n")
    cells = _header_cells(head)
    plain = map(plain_name, cells)
    chosen = {n: names[name] for n, name in enumerate(plain) if name in names}
    if not chosen:
        raise DataError(f"{path.name} has none of the columns {', '.join(names)}: {head[:80]!r}.")
    sep = ";" if ";" in head else ","
    lines = pl.Series("line", [body], dtype=pl.String).str.split("\n").explode()
    if body.endswith("\n") or not body:
        lines = lines.head(-1)
    lines = lines.str.strip_suffix("\r")
    fits = lines.str.contains(_pattern(sep, len(cells)))
    fits = fits & ~pl.Series([False]).new_from_index(0, len(lines)).scatter(bad, True)
    good = _parse_table(lines.filter(fits), sep, len(cells))
    places = (
        ~fits if good is not None else pl.Series([True]).new_from_index(0, len(lines))
    ).arg_true()
    reader = _LineParser(lines, set(bad), sep, len(cells), repair)
    irregular = list(reader.read(places.to_list()))
    columns = [f"{n}" for n in range(len(cells))]
    parsed = [o for o in irregular if o.cells is not None]
    frame = pl.DataFrame(
        [o.cells for o in parsed], schema=dict.fromkeys(columns, pl.String), orient="row"
    ).with_columns(pl.Series("row", [o.line for o in parsed], dtype=pl.UInt32))
    if good is not None:
        rows = (fits.arg_true() + 1).cast(pl.UInt32).alias("row")
        regular = good.with_columns(rows)
        frame = pl.concat([regular, frame]).sort("row") if parsed else regular
    frame = frame.select("row", *(pl.col(f"{n}").alias(name) for n, name in chosen.items()))
    texts = pl.col(pl.String)
    return Records(
        frame=frame.with_columns(pl.when(~texts.is_in(_NULLS)).then(texts)),
        skipped=tuple(
            SkippedRecord.at(o.line, o.problem, o.content, o.line + 1)
            for o in irregular
            if o.cells is None
        ),
        lines=len(lines),
        blank=reader.blank,
        continued=reader.continued,
        repaired=sum(o.repaired for o in irregular),
        source=path.name,
        encoding=encoding,
    )


def _decode(data: bytes, name: str) -> tuple[str, str, list[int]]:
    """The text, its encoding, and which lines below the header are not in it."""
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    try:
        return data.decode(), "UTF-8", []
    except UnicodeDecodeError:
        head, _, body = data.partition(b"\n")
    # The original is Latin-1, of which single lines may well be UTF-8 too.
    if b";" in head or not _is_utf8(head):
        return data.decode("latin-1"), "Latin-1", []
    non_ascii = [(n, line) for n, line in enumerate(body.split(b"\n")) if not line.isascii()]
    bad = [n for n, line in non_ascii if not _is_utf8(line)]
    if 2 * len(bad) > len(non_ascii):
        return data.decode("latin-1"), "Latin-1", []
    return data.decode(errors="replace"), "UTF-8", bad


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _header_cells(head: str) -> list[str]:
    return [cell.strip('" \r') for cell in head.split(";" if ";" in head else ",")]


def _pattern(sep: str, width: int) -> str:
    """What a line looks like that any reader of such files reads alike."""
    escape = r"\\" if sep == ";" else ""
    bare = rf'[^"{sep}\r\x00{escape}]*'
    quoted = rf'"(?:[^"\r\x00{escape}]|"")*"'
    field = f"(?:{bare}|{quoted})"
    return f"^{field}(?:{sep}{field}){{{width - 1}}}$"


def _parse_table(lines: pl.Series, sep: str, width: int) -> pl.DataFrame | None:
    """The cells of lines that fit the pattern; None where they cannot be read as one table."""
    schema = {f"{n}": pl.String for n in range(width)}
    if not len(lines):
        return pl.DataFrame(schema=schema)
    body = lines.str.join("\n").item().encode()
    quote = '"' if b'"' in body else None
    try:
        frame = pl.read_csv(body, separator=sep, has_header=False, quote_char=quote, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == len(lines) else None


class _LineParser:
    """Reads the lines that do not fit, and joins those that make one record together."""

    def __init__(
        self, lines: pl.Series, bad: set[int], sep: str, width: int, repair: Repair | None
    ) -> None:
        self.lines, self.bad, self.sep, self.width, self.repair = lines, bad, sep, width, repair
        self.blank = 0
        self.continued = 0

    def read(self, places: list[int]) -> Iterator[ParsedRecord]:
        """The record or the problem in each of these lines, which are in ascending order."""
        texts = self.lines.gather(places).to_list()
        n = 0
        while n < len(places):
            row, line = places[n] + 1, texts[n]
            n += 1
            if not line:
                self.blank += 1
                continue
            if problem := self._unreadable(places[n - 1], line):
                yield ParsedRecord(row, None, problem, line)
                continue
            cells = self._split(line)
            if cells is None and (joined := self._join_lines(places, texts, n)):
                cells, end = joined
                self.continued += end - n
                n = end
            yield self._check_width(row, cells, line)

    def _join_lines(
        self, places: list[int], texts: list[str], start: int
    ) -> tuple[list[str], int] | None:
        """The record that the line before `start` begins, and behind which line it ends."""
        # Only lines that are no record by themselves can continue one.
        for end in range(start + 1, min(start + _MOST_LINES, len(places)) + 1):
            if places[end - 1] != places[end - 2] + 1 or self._unreadable(
                places[end - 1], texts[end - 1]
            ):
                return None
            cells = self._split("\n".join(texts[start - 1 : end]))
            if cells is not None and len(cells) == self.width:
                return cells, end
        return None

    def _unreadable(self, place: int, line: str) -> str:
        if place in self.bad:
            return "bytes that are not UTF-8"
        if "\0" in line:
            return "a NUL byte"
        return "a carriage return within the line" if "\r" in line else ""

    def _split(self, text: str) -> list[str] | None:
        return _unescaped(text) if self.sep == ";" else split_record(text, self.sep)

    def _check_width(self, row: int, cells: list[str] | None, line: str) -> ParsedRecord:
        if cells is None:
            return ParsedRecord(row, None, "broken quotes", line)
        if len(cells) == self.width:
            return ParsedRecord(row, cells, "", line)
        repaired = self.repair(cells) if self.repair is not None else None
        if repaired is not None and len(repaired) == self.width:
            return ParsedRecord(row, repaired, "", line, repaired=True)
        problem = f"{counted(len(cells), 'column')} instead of {self.width}"
        return ParsedRecord(row, None, problem, line)


def _unescaped(text: str) -> list[str] | None:
    """The cells between semicolons where a backslash stands before a quote; None if broken."""
    cells: list[str] = []
    at = 0
    while True:
        field = _FIELD.match(text, at)
        if field is None:
            return None
        quoted, bare = field.groups()
        cells.append(bare if quoted is None else _ESCAPED.sub(r"\1", quoted))
        at = field.end()
        if at == len(text):
            return cells
        if text[at] != ";":
            return _between_quotes(text)
        at += 1


def _between_quotes(text: str) -> list[str] | None:
    """The cells where quotes inside them were not escaped, but those around them are plain."""
    if not (text.startswith('"') and text.endswith('"') and len(text) > 1):
        return None
    cells = text[1:-1].split('";"')
    # A cell that ends or begins within quotes would say that the separator was part of a text.
    return None if any(cell.count('"') % 2 for cell in cells) else cells
