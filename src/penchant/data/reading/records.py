"""The records of a source as every reader returns them, before columns get a role and a type."""

from __future__ import annotations

import bisect
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, Self, TypeVar

import polars as pl

from penchant.data.origin import Layout
from penchant.errors import DataError
from penchant.wording import counted

logger = logging.getLogger(__name__)

R = TypeVar("R")
_SHORT = 80  # characters


class NoRecordsError(DataError):
    """A source is intact and has no record."""


class SkippedRecord(NamedTuple):
    """A record that cannot be used.

    Attributes:
        row: its number in the source, from 1.
        problem: what is wrong with it.
        content: the record as text, shortened.
        location: where a message says it is, such as `line 3`.
    """

    row: int
    problem: str
    content: str
    location: str

    @classmethod
    def at(cls, row: int, problem: str, content: str | bytes, line: int | None = None) -> Self:
        """A record at a line of a file; the line is `row` unless it is given."""
        text = content.decode(errors="replace") if isinstance(content, bytes) else content
        return cls(row, problem, shorten(text), f"line {line or row}")


@dataclass(frozen=True, kw_only=True)
class RawRecords:
    """A source's records before columns get a role and a type.

    Attributes:
        frame: the records under the source's own column names.
        source: the name of the source in messages.
        is_text: all values are text, so that ids and ratings may be numbers written as text.
        has_header: the columns have names of their own.
        decimal_comma: whether `3,5` may be a number.
        numbers: each record's number from 1 where records were left out, otherwise None.
        lines: each record's line in its file, where it is not its number plus `lines_before`.
        lines_before: how many lines precede the first record; None where records are not lines.
        skipped: the records that a reader left out.
        layout: whether a line of text was a record with columns, or had several events.
        line_ids: columns of ids that are numbers of lines, and so begin anew in every file.
        may_lack_columns: whether a record need not have all columns, as in JSON.
        remarks: what was decided by convention, a clause each.
        tallies: what is said of a layout, as clauses with a place for a number, and the numbers.
        parts: of each file, where the source is several.
        n_elsewhere: how many records more the source has, which are not in the frame.
    """

    frame: pl.DataFrame
    source: str
    is_text: bool = False
    has_header: bool = True
    decimal_comma: bool = False
    numbers: pl.Series | None = None
    lines: pl.Series | None = None
    lines_before: int | None = None
    skipped: tuple[SkippedRecord, ...] = ()
    layout: Layout = "columns"
    line_ids: tuple[str, ...] = ()
    may_lack_columns: bool = False
    remarks: tuple[str, ...] = ()
    tallies: dict[str, int] = field(default_factory=dict)
    parts: tuple[RecordsOfFile, ...] = ()
    n_elsewhere: int = 0

    @property
    def n_total(self) -> int:
        """The number of records, those left out included."""
        return self.frame.height + len(self.skipped) + self.n_elsewhere

    @property
    def row(self) -> pl.Series:
        """uint32, the number of each record in the source, from 1."""
        if self.numbers is not None:
            return self.numbers.cast(pl.UInt32)
        return pl.int_range(1, self.frame.height + 1, dtype=pl.UInt32, eager=True)

    def location(self, position: int) -> str:
        """Where a message says the record at this position is: `line 3` or `record 3`."""
        if self.parts:
            part = self.parts[_last_before(position, [part.position for part in self.parts])]
            return f"{part.records.location(position - part.position)} of {part.records.source}"
        if self.lines is not None:
            return f"line {self.lines[position]}"
        row = position + 1 if self.numbers is None else int(self.numbers[position])
        return f"record {row}" if self.lines_before is None else f"line {row + self.lines_before}"

    def number_in_file(self, row: int) -> str:
        """How a message numbers the record of this number: `3`, or `3 of part-0.csv`."""
        if not self.parts:
            return str(row)
        part = self.parts[_last_before(row - 1, [part.n_before for part in self.parts])]
        return f"{row - part.n_before} of {part.records.source}"

    def with_files(self, skipped: pl.DataFrame | None) -> pl.DataFrame | None:
        """A table of skipped records with the `file` of each and its number there as `record`."""
        if skipped is None or not self.parts:
            return skipped
        n_before = pl.Series([part.n_before for part in self.parts], dtype=pl.UInt32)
        place = n_before.search_sorted(skipped["row"] - 1, side="right") - 1
        names = pl.Series([part.records.source for part in self.parts])
        return skipped.with_columns(
            file=names.gather(place), record=skipped["row"] - n_before.gather(place)
        )

    def head(self, limit: int) -> RawRecords:
        """The first `limit` records, those left out among them."""
        if self.numbers is None:
            lines = None if self.lines is None else self.lines.head(limit)
            return replace(self, frame=self.frame.head(limit), lines=lines)
        n = int((self.numbers <= limit).sum())
        return replace(
            self,
            frame=self.frame.head(n),
            numbers=self.numbers.head(n),
            lines=None if self.lines is None else self.lines.head(n),
            skipped=tuple(record for record in self.skipped if record.row <= limit),
        )

    def behind(self, n_before: int) -> RawRecords:
        """These, read apart from as many records of the same file that stand before them.

        Lines are numbers in the file already.
        """
        if not n_before:
            return self
        lines_before = None if self.lines_before is None else self.lines_before - n_before
        return replace(
            self,
            numbers=self.row + n_before,
            lines_before=lines_before,
            skipped=tuple(record._replace(row=record.row + n_before) for record in self.skipped),
        )


@dataclass(frozen=True)
class RecordsOfFile:
    """Which of the records of several files are those of one.

    Attributes:
        position: of its first record.
        n_before: how many records the files before it have, those left out included.
        records: its name, and the numbers and lines of its records, without them.
    """

    position: int
    n_before: int
    records: RawRecords


def _last_before(number: int, starts: Sequence[int]) -> int:
    return max(0, bisect.bisect_right(starts, number) - 1)


class RecordCollector(Generic[R]):
    """Collects the records of a source one by one, and accounts for those that are skipped."""

    def __init__(self) -> None:
        self.records: list[R] = []
        self.skipped: list[SkippedRecord] = []
        self._numbers: list[int] = []
        self._lines: list[int] = []

    def __len__(self) -> int:
        return len(self.records) + len(self.skipped)

    def add(self, record: R | None, problem: str, content: str, line: int | None = None) -> None:
        """Add a record, or skip it where it is None or has a problem."""
        number = len(self) + 1
        if record is None or problem:
            place = f"record {number}" if line is None else f"line {line}"
            self.skipped.append(SkippedRecord(number, problem, shorten(content), place))
            return
        self.records.append(record)
        self._numbers.append(number)
        if line is not None:
            self._lines.append(line)

    def raw_records(self, frame: pl.DataFrame, like: RawRecords) -> RawRecords:
        """The records as a frame, with their numbers and lines; all else is that of `like`."""
        return replace(
            like,
            frame=frame,
            numbers=pl.Series(self._numbers, dtype=pl.UInt32),
            lines=pl.Series(self._lines, dtype=pl.UInt32) if self._lines else None,
            skipped=tuple(self.skipped),
        )


def shorten(text: str) -> str:
    """At most 80 characters of a text, in one line."""
    text = text[: 4 * _SHORT].replace("\0", "\\0").replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def record_texts(records: RawRecords, rows: pl.Series) -> pl.Series:
    """Some records as texts, shortened, by their numbers in the source."""
    wanted = records.frame.with_columns(records.row.alias("row of source"))
    wanted = (
        rows.cast(pl.UInt32)
        .alias("row of source")
        .to_frame()
        .join(wanted, on="row of source", how="left", maintain_order="left")
    )
    cells = wanted.drop("row of source")
    if any(dtype.is_nested() or dtype == pl.Object for dtype in cells.dtypes):
        texts = [", ".join("" if c is None else str(c) for c in row) for row in cells.rows()]
        return pl.Series("content", [shorten(text) for text in texts], dtype=pl.String)
    joined = pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=", ")
    contents = cells.select(joined.alias("content")).to_series()
    return pl.Series("content", [shorten(text) for text in contents], dtype=pl.String)


def concat_chunks(chunks: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Chunks of one table below one another; a column of text and other types becomes text."""
    if len(chunks) == 1:
        return chunks[0]
    mixed = []
    for name in chunks[0].columns:
        types = {chunk[name].dtype for chunk in chunks}
        if pl.String in types and types - {pl.String, pl.Null}:
            mixed.append(name)
    alike = [chunk.with_columns(pl.col(mixed).cast(pl.String)) for chunk in chunks]
    return pl.concat(alike, how="vertical_relaxed")


def skipped_table(skipped: Sequence[SkippedRecord]) -> pl.DataFrame | None:
    """Skipped records as the table `Origin.skipped`; None where there are none."""
    table = skipped_lines([("", skipped)])
    return None if table is None else table.drop("file")


def skipped_lines(files: Iterable[tuple[str, Sequence[SkippedRecord]]]) -> pl.DataFrame | None:
    """`row`, `problem`, `content` and `file` of skipped records of files with these names."""
    rows = [(s.row, s.problem, s.content, name) for name, lines in files for s in lines]
    schema = {"row": pl.UInt32, "problem": pl.String, "content": pl.String, "file": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row") if rows else None


def merge_skipped(*tables: pl.DataFrame | None) -> pl.DataFrame | None:
    """Tables of skipped records as one, in the order of the records; None where there are none."""
    present = [table for table in tables if table is not None]
    return pl.concat(present).sort("row", maintain_order=True) if present else None


def announce_skipped(name: str, skipped: pl.DataFrame | None) -> None:
    """Say how many lines of a data set were left out."""
    if skipped is not None:
        one, several = "line is no record and was", "lines are no records and were"
        count = counted(len(skipped), one, several)
        logger.warning(f"{name}: {count} left out; see pn.check(log).")
