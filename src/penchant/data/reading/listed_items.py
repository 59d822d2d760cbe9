"""Columns whose cells are lists of items, beside or in place of a column of single ones."""

from __future__ import annotations

import re

import polars as pl

from penchant.data.reading.column_contents import cells_of
from penchant.data.reading.column_names import has_usual_name, plain_name
from penchant.errors import DataError

_ID = r"['\"]?[A-Za-z_]*\d[\w-]*['\"]?"
_LIST = re.compile(rf"[\[({{]?\s*{_ID}(?:[\s,;|]+{_ID})*\s*[\])}}]?")
_SEVERAL = re.compile(r"\w[\s,;|'\"]+\w")
_ENDS = re.compile(r"(list|s|seq|sequence|history)$")
_PAST = ("history", "sequence", "itemhistory")


def refuse_listed_items(frame: pl.DataFrame, item: str | None, source: str, *, asked: bool) -> None:
    """Refuse items that stand in lists in a cell, which would be one item or none at all.

    Args:
        frame: all columns.
        item: the column of items, if there is one.
        source: the name of the source in messages.
        asked: whether somebody has named the column of items, so that others are left out on
            purpose.

    Raises:
        DataError: the items, or those before them, are lists.
    """
    names = [item] if asked and item is not None else frame.columns
    listed = next((name for name in names if _has_items_in_lists(frame, name, item)), None)
    if listed is None:
        return
    problem = f"{source}: the column {listed!r} has lists of items in its cells"
    if item is None or item == listed:
        if isinstance(frame.schema[listed], pl.List):
            raise DataError(
                f"{problem}: make it one row per event with {explode_call(frame, listed)}."
            )
        raise DataError(
            f"{problem}: make it one row per event, in Polars with "
            f"pl.col({listed!r}).str.split(' ') and explode, or rename it where each text is one "
            "item."
        )
    raise DataError(
        f"{problem}, beside the single items of {item!r}: write one sequence a line, the items of "
        "the list and then the last one, and read that with --layout sequences "
        f"(layout='sequences'), or go without the lists with --item {item} (item={item!r})."
    )


def lists_alike(frame: pl.DataFrame, column: str) -> list[str]:
    """The column and all others whose lists are as long in each row, in the frame's order."""
    lengths = _lengths(frame[column])
    return [
        name
        for name, dtype in frame.schema.items()
        if name == column
        or (isinstance(dtype, pl.List | pl.Array) and _lengths(frame[name]).equals(lengths))
    ]


def explode_call(frame: pl.DataFrame, column: str) -> str:
    """How to make a row of each entry of a column of lists, in Polars and pandas.

    Lists that stand beside each other are named together: one after the other would pair each
    entry with all of the other list.
    """
    alike = lists_alike(frame, column)
    return f"frame.explode({column!r})" if len(alike) == 1 else f"frame.explode({alike!r})"


def _lengths(lists: pl.Series) -> pl.Series:
    lists = lists.arr.to_list() if isinstance(lists.dtype, pl.Array) else lists
    return lists.list.len().alias("n")


def _has_items_in_lists(frame: pl.DataFrame, name: str, item: str | None) -> bool:
    """Whether a column is called like a list of items, and has several ids in most cells."""
    plain, dtype = plain_name(name), frame.schema[name]
    thing = _ENDS.sub("", plain)
    if plain not in _PAST and (thing == plain or not has_usual_name(thing, "item")):
        return False
    if item not in (None, name) and plain not in _PAST:
        # Other things may be listed beside items, such as the artists of a song.
        kinds = {"item", plain_name(str(item)).removesuffix("id")}
        if thing.removesuffix("id") not in kinds:
            return False
    if isinstance(dtype, pl.List):
        return dtype.inner is not None and not dtype.inner.is_nested()
    if dtype != pl.String:
        return False
    cells = cells_of(frame[name])
    several = sum(bool(_SEVERAL.search(cell)) for cell in cells if _LIST.fullmatch(cell))
    return several > len(cells) / 2
