"""Read text whose lines are a user with items, a sequence of items, or a basket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.layouts.lines import numbered_lines, record_numbers, skipped_lines_of
from penchant.data.reading.records import RawRecords
from penchant.data.reading.text_layout import SPELLED_OUT
from penchant.errors import DataError, ParameterError

ItemLines: TypeAlias = Literal["adjacency", "sequences", "baskets"]

_MEANINGS = {
    "adjacency": "a user and the user's items in order on each of {0:line}",
    "sequences": "a sequence of items in order on each of {0:line}, its number being the user",
    "baskets": "a basket of items bought together on each of {0:line}",
}
_NUMBER = r"^-?\d{1,18}$"
_MIN_LINES = 10  # that begin with different ids, by which these are known to be no items
_EMPTY = 0.1  # share of lines that may have an id and no item
_SAMPLE = 200  # lines looked at for a separator
_MOST_STRAYS = 0.01  # of the lines have other ids than integers where nearly all are integers
_BASKET_SEPARATORS = (";", "\t", "|", ",")
_SEPARATED = 0.3  # of the lines of baskets at least have a separator; the others have one item


def read_item_lines(
    data: bytes,
    source: str,
    layout: ItemLines,
    *,
    separator: str | None = None,
    leading: Sequence[str] | None = None,
) -> RawRecords:
    """The events of UTF-8 text that has a user, a sequence or a basket a line.

    Lines without items are listed as skipped, and so are lines with other ids than integers where
    nearly all lines have integers alone. The place of an event among its user's is kept.

    Args:
        data: the text.
        source: its name in messages.
        layout: `adjacency` (the user comes first), `sequences` (the user is the line's number), or
            `baskets` (the basket is the line's number).
        separator: what stands between ids; by default blanks, or commas where there are no blanks;
            for baskets, whose items may have blanks in them, tabs and the like before blanks.
        leading: which ids the lines begin with, of `user` and `basket`; by default a user in an
            adjacency, and a basket where no two lines begin alike, nor with an item.

    Raises:
        DataError: no line has an item.
    """
    lines = numbered_lines(data)
    divided = lines.with_columns(ids=_split(lines["line"], separator, layout)).drop("line")
    if layout == "adjacency":
        leading = ("user",)
    elif leading is None:
        leading = ("basket",) if layout == "baskets" and _begin_with_ids(divided["ids"]) else ()
    short = divided["ids"].list.len() <= len(leading)
    what = " and a ".join(leading)
    skipped = [
        (number, f"a {what} without items" if leading else "no item")
        for number in divided.filter(short)["number"]
    ]
    events = divided.filter(~short)
    ids = events.explode("ids")
    strays = ids.filter(~pl.col("ids").str.contains(_NUMBER)).unique("number", keep="first")
    if 0 < len(strays) <= _MOST_STRAYS * len(events):
        skipped += [
            (number, f"{stray[:40]!r} is no number as the other ids are")
            for number, stray in strays.select("number", "ids").iter_rows()
        ]
        events = events.join(strays, on="number", how="anti", maintain_order="left")
    n_lines = len(events)
    events = events.with_columns(
        *(pl.col("ids").list.get(n).alias(role) for n, role in enumerate(leading)),
        ids=pl.col("ids").list.slice(len(leading)),
    )
    line_ids = ["basket" if layout == "baskets" else "user"]
    line_ids = [role for role in line_ids if role not in leading]
    events = events.with_columns(pl.col("number").alias(role) for role in line_ids)
    events = events.explode("ids").rename({"ids": "item"})
    if not len(events):
        raise DataError(
            f"{source} has no line with {f'a {what} and an item' if leading else 'an item'}."
        )
    columns = [name for name in ["user", "item", "basket"] if name in events.columns]
    if "user" in columns:
        place = pl.int_range(pl.len(), dtype=pl.UInt32).over("user")
        events = events.with_columns(place.alias(POSITION))
        columns.append(POSITION)
    return RawRecords(
        frame=events.select(columns),
        source=source,
        is_text=True,
        lines=events["number"],
        numbers=record_numbers(events["number"], [number for number, _ in skipped]),
        skipped=skipped_lines_of(skipped, lines, events["number"]),
        layout=layout,
        line_ids=tuple(line_ids),
        tallies={_meaning(layout, leading): n_lines},
    )


def leading_ids(layout: str | None, choices: dict[str, Any]) -> tuple[str, ...] | None:
    """The roles of ids that stand before the items of baskets, by the positions asked for.

    These are taken out of `choices`, since the columns are called as the roles are.

    Raises:
        ParameterError: an id is at another place than the beginning.
    """
    if layout != "baskets":
        return None
    roles = [r for r in ("user", "basket") if type(choices.get(r)) is int]
    roles.sort(key=lambda role: int(choices[role]))
    if [choices[role] for role in roles] != list(range(len(roles))):
        raise ParameterError(
            "In baskets the ids of user and basket come first: user=0 (--user 0), basket=1 "
            "(--basket 1) or the other way round."
        )
    for role in roles:
        choices[role] = None
    return tuple(roles) or None


def _begin_with_ids(lines: pl.Series) -> bool:
    """Whether no two lines begin alike, none with what stands elsewhere, and few have no more."""
    if len(lines) < _MIN_LINES or (lines.list.len() < 2).sum() > _EMPTY * len(lines):
        return False
    first, others = lines.list.first(), lines.list.slice(1).explode()
    return first.n_unique() == len(first) and not first.is_in(others.implode()).any()


def _meaning(layout: str, leading: Sequence[str]) -> str:
    if layout != "baskets":
        return _MEANINGS[layout]
    first = f", after the ids of {' and '.join(leading)}" if leading else ""
    without = "" if "user" in leading else ", without users"
    return _MEANINGS[layout] + first + without


def _split(lines: pl.Series, separator: str | None, layout: str) -> pl.Series:
    """The ids of each line, without empty ones."""
    text = lines.str.strip_chars()
    separator = SPELLED_OUT.get(separator or "", separator)
    sample = text.head(_SAMPLE)
    if separator is None and layout == "baskets":
        counts = {
            mark: int(sample.str.contains(mark, literal=True).sum()) for mark in _BASKET_SEPARATORS
        }
        best = max(counts, key=lambda mark: counts[mark])
        separator = best if counts[best] >= _SEPARATED * len(sample) else " "
    elif separator is None:
        has_blanks = sample.str.contains(r"\s").any()
        separator = "," if not has_blanks and sample.str.contains(",").any() else " "
    if separator == " ":
        if text.str.contains(r"\t|\s\s").any():
            text = text.str.replace_all(r"\s+", " ")
        return text.str.split(" ")
    cells = text.str.split(separator).list.eval(pl.element().str.strip_chars())
    return cells.list.eval(pl.element().filter(pl.element() != ""))
