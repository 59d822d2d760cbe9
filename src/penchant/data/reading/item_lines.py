"""Read text whose lines are a user with items, or a sequence of items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.preamble import find_preamble
from penchant.data.reading.records import RawRecords, SkippedRecord
from penchant.data.reading.text_layout import SPELLED_OUT, first_lines
from penchant.errors import DataError, ParameterError
from penchant.wording import counted

Layout = Literal["columns", "adjacency", "sequences"]
"""How a line of text is read: as columns, as `user item item …`, or as `item item …`."""

_INTEGERS = re.compile(r"\d{1,18}(?:[ \t]+\d{1,18})*", re.ASCII)
_NUMBER = r"^-?\d{1,18}$"
_SAMPLE = 200  # lines looked at for a separator
_MIN_LINES = 3
_MIN_WIDTHS = 3
_MAX_USUAL = 0.6  # of the lines of a table may be as long as most, and others damaged
_MIN_INTEGERS = 0.95
_MIN_USERS = 0.99  # of the lines begin with a user of their own where the first number is one


def check_layout(layout: str | None) -> None:
    """Refuse what is no layout.

    Raises:
        ParameterError: it is none.
    """
    if layout is not None and layout not in get_args(Layout):
        raise ParameterError(f"A layout is {', '.join(get_args(Layout))}, and not {layout!r}.")


def detect_item_lines(data: bytes) -> Layout | None:
    """The layout of UTF-8 text of integers in lines of many lengths; None where it is a table.

    Lines begin with the user where hardly any two begin alike.
    """
    sample = [line.strip() for line in first_lines(data[find_preamble(data).n_bytes :])]
    widths = [len(line.split()) for line in sample if _INTEGERS.fullmatch(line)]
    if len(widths) < max(_MIN_LINES, _MIN_INTEGERS * len(sample)):
        return None
    usual = max(map(widths.count, set(widths)))
    if len(set(widths)) < _MIN_WIDTHS or usual > _MAX_USUAL * len(widths):
        return None
    first = _lines(data.decode())["line"].str.extract(r"^(\S+)")
    return "adjacency" if first.n_unique() >= _MIN_USERS * len(first) else "sequences"


def read_item_lines(
    data: bytes, source: str, layout: Layout, *, separator: str | None = None
) -> RawRecords:
    """The events of UTF-8 text that has a user, or a sequence, a line.

    Lines without items are listed as skipped, and so are lines with other ids than integers where
    nearly all lines have integers alone. The place of an event among its user's is kept.

    Args:
        data: the text.
        source: its name in messages.
        layout: `adjacency` (the user comes first) or `sequences` (the user is the line's number).
        separator: what stands between ids; by default blanks, or commas where there are no blanks.

    Raises:
        DataError: no line has an item.
    """
    preamble = find_preamble(data)
    lines = _lines(data[preamble.n_bytes :].decode(), preamble.n_lines)
    divided = lines.with_columns(ids=_split(lines, separator)).drop("line")
    has_user = layout == "adjacency"
    fewest = 1 + has_user
    short = divided["ids"].list.len() < fewest
    skipped = [
        (number, "a user without items" if has_user else "no item")
        for number in divided.filter(short)["number"]
    ]
    events = divided.filter(~short)
    ids = events.explode("ids")
    strays = ids.filter(~pl.col("ids").str.contains(_NUMBER)).unique("number", keep="first")
    if 0 < len(strays) <= (1 - _MIN_USERS) * len(events):
        skipped += [
            (number, f"{stray[:40]!r} is no number as the other ids are")
            for number, stray in strays.select("number", "ids").iter_rows()
        ]
        events = events.join(strays, on="number", how="anti", maintain_order="left")
    if has_user:
        events = events.with_columns(
            user=pl.col("ids").list.first(), ids=pl.col("ids").list.slice(1)
        )
    else:
        events = events.with_columns(user=pl.col("number"))
    events = events.explode("ids").rename({"ids": "item"})
    if not len(events):
        wanted = "a user and an item" if has_user else "an item"
        raise DataError(f"{source} has no line with {wanted}.")
    place = pl.int_range(pl.len(), dtype=pl.UInt32).over("user")
    events = events.with_columns(place.alias(POSITION))
    return RawRecords(
        frame=events.select("user", "item", POSITION),
        source=source,
        is_text=True,
        lines=events["number"],
        numbers=_numbers(events["number"], [number for number, _ in skipped]),
        skipped=_records(skipped, lines, events["number"]),
        layout=layout,
    )


def describe(layout: Layout, n_lines: int) -> str:
    """What a layout means, for a message."""
    what = "the user's items in order" if layout == "adjacency" else "items in order"
    first = "a user and " if layout == "adjacency" else "a sequence of "
    users = "" if layout == "adjacency" else ", its number being the user"
    return f"as {layout}, {first}{what} on each of {counted(n_lines, 'line')}{users}"


def _lines(text: str, n_before: int = 0) -> pl.DataFrame:
    """`number` (in the file, from 1) and `line` of all lines that are not blank."""
    lines = pl.DataFrame({"line": text.split("\n")}, schema={"line": pl.String})
    lines = lines.with_row_index("number", n_before + 1)
    return lines.with_columns(pl.col("line").str.strip_chars()).filter(pl.col("line") != "")


def _split(lines: pl.DataFrame, separator: str | None) -> pl.Series:
    """The ids of each line, without empty ones."""
    text = lines["line"]
    separator = SPELLED_OUT.get(separator or "", separator)
    if separator is None:
        has_blanks = text.head(_SAMPLE).str.contains(r"\s").any()
        separator = "," if not has_blanks and text.head(_SAMPLE).str.contains(",").any() else " "
    if separator == " ":
        if text.str.contains(r"\t|\s\s").any():
            text = text.str.replace_all(r"\s+", " ")
        return text.str.split(" ")
    cells = text.str.split(separator).list.eval(pl.element().str.strip_chars())
    return cells.list.eval(pl.element().filter(pl.element() != ""))


def _numbers(lines: pl.Series, skipped: Sequence[int]) -> pl.Series | None:
    """The number of each event in the file from 1, where lines without events count as one."""
    if not skipped:
        return None
    before = pl.Series(sorted(skipped)).search_sorted(lines)
    return pl.int_range(1, len(lines) + 1, eager=True) + before


def _records(
    skipped: Sequence[tuple[int, str]], lines: pl.DataFrame, events: pl.Series
) -> tuple[SkippedRecord, ...]:
    texts = dict(lines.filter(pl.col("number").is_in([n for n, _ in skipped])).iter_rows())
    places = {n: place for place, (n, _) in enumerate(sorted(skipped))}
    return tuple(
        SkippedRecord.at(
            int(events.search_sorted(number)) + places[number] + 1,
            f"line {number}: {problem}",
            texts[number],
            line=number,
        )
        for number, problem in sorted(skipped)
    )
