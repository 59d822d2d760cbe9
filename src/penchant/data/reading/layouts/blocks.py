"""Read text in blocks: a line such as `1:`, and below it a line for each event of that item."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import polars as pl

from penchant.data.reading.column_contents import ColumnContent
from penchant.data.reading.layouts.lines import numbered_lines, record_numbers, skipped_lines_of
from penchant.data.reading.records import RawRecords
from penchant.data.reading.text_layout import SPELLED_OUT
from penchant.errors import DataError
from penchant.wording import counted

_ITEM_HEAD = r"^\s*([^\s,;|]+):\s*$"  # `1:`, of Netflix
_USER_HEAD = r"^\s*([^\s,;|]+)\|\d+\s*$"  # `507|20`, a user and the number of ratings, of Yahoo
_SEPARATORS = (",", "\t", ";", "|", " ")
_SAMPLE = 200  # lines below the first head that say how many columns there are
_MIN_USUAL = 0.9  # of the lines of blocks have as many columns as most


def are_blocks(sample: Sequence[str]) -> bool:
    """Whether the first lines of a text are blocks."""
    head = next((h for h in (_ITEM_HEAD, _USER_HEAD) if sample and re.match(h, sample[0])), None)
    if head is None:
        return False
    body = [line for line in sample if not re.match(head, line)]
    if not body or (len(body) + 1 == len(sample) and not _has_columns(body)):
        return False
    if head == _USER_HEAD and not _has_counted_lines(sample):
        return False
    separator = _separator(body[0])
    widths = Counter(len(line.split(separator)) for line in body)
    return max(widths.values()) >= _MIN_USUAL * len(body)


def read_blocks(data: bytes, source: str, *, separator: str | None = None) -> RawRecords:
    """The events of UTF-8 text in blocks, such as Netflix's.

    A line such as `1:` begins the block of an item, whose lines are a user, or a user, a rating
    and a date; a line such as `507|20` begins that of a user, whose lines are items. Lines with
    another number of columns than most are listed as skipped.

    Raises:
        DataError: there are no blocks.
    """
    lines = numbered_lines(data)
    first = "" if not len(lines) else str(lines["line"][0])
    head, block, inner = (
        (_USER_HEAD, "user", "item")
        if re.match(_USER_HEAD, first)
        else (_ITEM_HEAD, "item", "user")
    )
    lines = lines.with_columns(pl.col("line").str.extract(head).alias(block))
    n_blocks = lines[block].count()
    lines = lines.with_columns(is_event=pl.col(block).is_null()).with_columns(
        pl.col(block).forward_fill()
    )
    body = lines.filter("is_event").drop("is_event")
    events = body.filter(pl.col(block).is_not_null())
    if not n_blocks or not len(events):
        raise DataError(
            f"{source} is not in blocks: a line such as '1:' begins that of an item, and a line "
            "for each of its events, such as '7,4,2005-09-06', stands below it."
        )
    separator = SPELLED_OUT.get(separator or "", separator) or _separator(str(events["line"][0]))
    cells = events["line"].str.strip_chars().str.split(separator)
    widths = cells.list.len()
    width = int(widths.head(_SAMPLE).mode().max())  # type: ignore[arg-type]
    problems = [
        (n, "a line before the first block") for n in body.filter(pl.col(block).is_null())["number"]
    ]
    problems += (
        [
            (number, f"{counted(n, 'column')} instead of {width}")
            for number, n in zip(events["number"], widths, strict=True)
            if n != width
        ]
        if (widths != width).any()
        else []
    )
    events = events.with_columns(cells=cells).filter(widths == width)
    columns = [
        events["cells"].list.get(n).str.strip_chars().replace("", None).alias(f"column_{n}")
        for n in range(width)
    ]
    frame = pl.DataFrame([columns[0].alias(inner), events[block], *_named(columns[1:])])
    return RawRecords(
        frame=frame.select("user", "item", *frame.columns[2:]),
        source=source,
        is_text=True,
        decimal_comma=separator != ",",
        lines=events["number"],
        numbers=record_numbers(events["number"], [number for number, _ in problems]),
        skipped=skipped_lines_of(problems, body.select("number", "line"), events["number"]),
        layout="blocks",
        tallies={f"a line for each event of {{0:{block}}}, whose id stands above them": n_blocks},
    )


def _named(columns: Sequence[pl.Series]) -> list[pl.Series]:
    """Columns, of which the first times and the first other numbers are called so."""
    contents = [ColumnContent.of(column) for column in columns]
    names = [column.name for column in columns]
    for role, kinds in (("time", ("time",)), ("rating", ("number", "count"))):
        place = next((n for n, c in enumerate(contents) if c.kind in kinds), None)
        if place is not None:
            names[place] = role
    return [column.alias(name) for column, name in zip(columns, names, strict=True)]


def _separator(line: str) -> str:
    return next((mark for mark in _SEPARATORS if mark in line.strip()), ",")


def _has_columns(lines: Sequence[str]) -> bool:
    """Whether lines below a single head are records, and not prose."""
    separator = _separator(lines[0])
    return separator != " " and len(lines[0].split(separator)) > 1


def _has_counted_lines(sample: Sequence[str]) -> bool:
    """Whether as many lines stand below the first user as its line says, as far as can be seen."""
    wanted = int(sample[0].rpartition("|")[2])
    after = next((n for n, line in enumerate(sample[1:]) if re.match(_USER_HEAD, line)), None)
    return wanted >= len(sample) - 1 if after is None else wanted == after
