"""Read tables of other programs, from files and frames, with the columns that an audit needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.auditing.material import Lists
from penchant.data.dataset import Dataset
from penchant.data.reading.column_names import (
    plain_name,
    roles_by_name,
    tells_rows_apart,
)
from penchant.data.reading.formats import read_records
from penchant.data.reading.typed_columns import infer_type
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError
from penchant.typing import Bool, Float64, Int32, Int64

_LONGEST = 100
_SHOWN_IDS = 3


@dataclass(frozen=True, eq=False)
class NamedPairs:
    """The users and items that a table names.

    Attributes:
        user: int32[n_rows], indices in the log's vocabulary, -1 where it has no such user.
        item: int32[n_rows], likewise.
        keys: int64[n_rows], user · n_items + item, -1 where one of them is unknown.
        ids: columns `user` and `item`, as the table has them.
    """

    user: Int32
    item: Int32
    keys: Int64
    ids: pl.DataFrame

    @property
    def unknown(self) -> Bool:
        """bool[n_rows], whether the log does not have the user or the item."""
        return self.keys < 0


def named_pairs(log: Dataset, frame: pl.DataFrame, what: str) -> NamedPairs:
    """The users and items of a table, found in the log.

    Args:
        log: has the ids.
        frame: the table.
        what: what the table is called in messages.

    Raises:
        DataError: a column is missing, or the log has none of the users, or none of the items.
    """
    columns = pair_columns(frame, what)
    found = {}
    for noun, column, vocabulary in zip(
        ("user", "item"), columns, (log.users, log.items), strict=True
    ):
        found[noun] = indices(vocabulary, frame[column])
        if len(frame) and (found[noun] < 0).all():
            raise DataError(
                f"The log has none of the {noun}s of {what}, which are such as "
                f"{_some(frame[column])}: give the ids of the log, such as "
                f"{_some(vocabulary.ids)}, and not the indices of another program."
            )
    ids = pl.DataFrame({"user": frame[columns[0]], "item": frame[columns[1]]})
    user, item = found["user"], found["item"]
    return NamedPairs(user, item, _keys(log, user, item), ids)


def _some(ids: pl.Series) -> str:
    return ", ".join(map(str, ids.head(10_000).unique(maintain_order=True).head(_SHOWN_IDS)))


def frame_of(source: Any) -> tuple[pl.DataFrame, str]:
    """The columns of any source with their types, and what to call it.

    Raises:
        DataError: it cannot be read.
    """
    records = read_records(source)
    frame = records.frame
    if records.is_text:
        ids = {c for r, c in roles_by_name(frame.columns).items() if r in ("user", "item")}
        frame = frame.select(
            infer_type(frame[c]) if c in ids else _number(frame[c]) for c in frame.columns
        )
    name = Path(source).stem if isinstance(source, str | Path) else ""
    return frame, name


def _number(values: pl.Series) -> pl.Series:
    """A column of text as numbers where all of it are such, however they are written."""
    typed = infer_type(values)
    if typed.dtype != pl.String:
        return typed
    # Programs write 5 and 3.60 in one column, which `infer_type` keeps as text, as it may be codes.
    numbers = values.cast(pl.Float64, strict=False)
    return numbers if numbers.null_count() == values.null_count() < len(values) else values


def pair_columns(frame: pl.DataFrame, what: str) -> tuple[str, str]:
    """The names of the user and the item column.

    Raises:
        DataError: there is no such column.
    """
    roles = roles_by_name(frame.columns)
    for role in ("user", "item"):
        if role not in roles:
            raise DataError(
                f"There is no {role} column in {what}, only {', '.join(frame.columns)}: name it "
                f"{role}."
            )
    return roles["user"], roles["item"]


def indices(vocabulary: Vocabulary, ids: pl.Series) -> Int32:
    """int32[n], the index of each id, -1 for unknown ones, whichever type the file gave them."""
    if vocabulary.kind == "string":
        return vocabulary.indices(ids.cast(pl.String))
    return vocabulary.indices(ids.cast(pl.Int64, strict=False))


def keys_of(log: Dataset, users: pl.Series, items: pl.Series) -> Int64:
    """int64[n], user · n_items + item, -1 where one of them is unknown."""
    return _keys(log, indices(log.users, users), indices(log.items, items))


def _keys(log: Dataset, user: Int32, item: Int32) -> Int64:
    keys = user.astype(np.int64) * max(1, log.n_items) + item
    return np.where((user >= 0) & (item >= 0), keys, -1)


def value_columns(frame: pl.DataFrame, taken: tuple[str, ...]) -> list[str]:
    """Numeric columns that can be predictions; a `rating` beside others is the truth."""
    names = [
        c
        for c in frame.columns
        if c not in taken and frame[c].dtype.is_numeric() and not tells_rows_apart(c)
    ]
    others = [c for c in names if plain_name(c) not in ("rating", "truth", "target")]
    return others or names


def aligned(pairs: NamedPairs, values: Float64, wanted: Int64, what: str) -> Float64:
    """float64[n_wanted], the value of each wanted key, NaN where there is none.

    Raises:
        DataError: rows of one pair have different values, and do not stand as those wanted.
    """
    keys = pairs.keys
    if len(keys) == len(wanted) and (keys == wanted).all():
        return values
    known = pl.DataFrame({"key": keys, "value": values}).filter(pl.col("key") >= 0)
    twice = known.unique().filter(pl.col("key").is_duplicated())
    if len(twice):
        user, item = pairs.ids.row(int(np.flatnonzero(keys == twice["key"].min())[0]))
        raise DataError(
            f"{what} predicts different numbers for item {item} of user {user}: keep one row of "
            "each user and item, or give the rows in the order of the test events."
        )
    order = np.argsort(keys, kind="stable")
    if not len(order):
        return np.full(len(wanted), np.nan)
    place = np.searchsorted(keys[order], wanted).clip(0, len(order) - 1)
    is_known = keys[order][place] == wanted
    return np.where(is_known, values[order][place], np.nan)


def lists_of(pairs: NamedPairs, frame: pl.DataFrame, what: str) -> Lists:
    """Recommendations from one row a recommended item: by rank, by score, or as they stand."""
    users, items = pair_columns(frame, what)
    named = {plain_name(c): c for c in frame.columns}
    table = pl.DataFrame({"user": pl.Series(pairs.user), "item": pl.Series(pairs.item)})
    rank = next((named[n] for n in ("rank", "position", "place") if n in named), None)
    score = next(iter(value_columns(frame, (users, items))), None)
    if rank is not None:
        table = table.with_columns(order=frame[rank].cast(pl.Float64))
    elif score is not None:
        table = table.with_columns(order=-frame[score].cast(pl.Float64))
    else:
        table = table.with_columns(order=pl.int_range(pl.len()).cast(pl.Float64))
    twice = frame.filter(pl.struct(users, items).is_duplicated())
    if len(twice):
        raise DataError(
            f"{what} recommends item {twice[items][0]} to user {twice[users][0]} twice: keep one "
            "row of each user and item."
        )
    table = table.filter(pl.col("user") >= 0).sort("user", "order", maintain_order=True)
    owner = table["user"].to_numpy()
    known, starts, counts = np.unique(owner, return_index=True, return_counts=True)
    place = np.arange(len(owner)) - np.repeat(starts, counts)
    keep = place < _LONGEST
    lists = np.full((len(known), int(min(counts.max(initial=1), _LONGEST))), -1, np.int32)
    row = np.repeat(np.arange(len(known)), counts)
    lists[row[keep], place[keep]] = table["item"].to_numpy()[keep]
    return Lists(known.astype(np.int32), lists, external=True)
