"""A quality issue of a log, and the tables of the events, users or items that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.json_values import json_value
from penchant.typing import AnyArray, AnyInt, Bool, Int32
from penchant.wording import counted

Level = Literal["wrong", "doubtful", "note"]
MakeRows: TypeAlias = Callable[[int | None], pl.DataFrame]
"""Makes a table of the first `limit` rows, of all rows where limit is None."""

Subject: TypeAlias = tuple[str, str]
"""What stands after a count of one and of several: `("event lies", "events lie")`."""

_EXAMPLES = 20
_AT_ONCE = 2**22  # events
_MIN_EVENTS = 5  # from here on a user's ratings and times should differ
_EVENT_COLUMNS = ("row", "user", "item", "rating", "time")


@dataclass(frozen=True, eq=False)
class QualityIssue:
    """One kind of issue in a log.

    Attributes:
        name: a short fixed name, such as `duplicates`.
        level: "wrong" cannot be right, "doubtful" should be looked at, "note" is good to know.
        count: how many events, users, items or records it concerns.
        share: `count` as a share of all of them, from 0 to 1.
        sentence: a description for a person.
        examples: up to 20 of them with outside ids; `row` is the record's number in its source.
    """

    name: str
    level: Level
    count: int
    share: float
    sentence: str
    examples: pl.DataFrame
    _make_rows: MakeRows = field(repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        level: Level,
        count: int,
        total: int,
        subject: Subject,
        rest: str,
        make_rows: MakeRows,
    ) -> QualityIssue:
        """An issue of `count` out of `total`, whose sentence is the count, subject and rest."""
        return cls(
            name=name,
            level=level,
            count=count,
            share=count / total if total else 0.0,
            sentence=f"{counted(count, *subject)}{rest}",
            examples=make_rows(_EXAMPLES),
            _make_rows=make_rows,
        )

    def table(self) -> pl.DataFrame:
        """All events, users, items or records concerned, with the columns of `examples`."""
        return self._make_rows(None)

    def to_dict(self) -> dict[str, Any]:
        """The issue and its examples as plain values for JSON."""
        names = ("name", "level", "count", "share", "sentence", "examples")
        return {name: json_value(getattr(self, name)) for name in names}


def event_issues(
    log: Dataset,
    name: str,
    level: Level,
    events: AnyArray | pl.Series,
    subject: Subject,
    rest: str,
    further: tuple[str, ...] = (),
) -> Iterator[QualityIssue]:
    """An issue of some events, nothing where there are none.

    Events are a mask, in which null is false, or positions; examples have `further` columns
    beside the usual ones.
    """
    array = events.fill_null(False).to_numpy() if isinstance(events, pl.Series) else events
    positions = np.flatnonzero(array) if array.dtype == np.bool_ else array

    def make(limit: int | None) -> pl.DataFrame:
        chosen = log.subset(positions[:limit]).frame()
        return chosen.select(c for c in (*_EVENT_COLUMNS, *further) if c in chosen.columns)

    if len(positions):
        yield QualityIssue.of(name, level, len(positions), len(log), subject, rest, make)


def id_issues(
    log: Dataset,
    noun: str,
    name: str,
    level: Level,
    indices: AnyInt,
    total: int,
    subject: Subject,
    rest: str,
    further: Mapping[str, AnyArray] | None = None,
) -> Iterator[QualityIssue]:
    """An issue of users or items, nothing where there are none.

    Examples have the first row, id, number of events and `further` columns.
    """
    vocabulary, _, counts = log.side(noun)

    def make(limit: int | None) -> pl.DataFrame:
        wanted = indices[:limit]
        index = pl.Series(noun, wanted.astype(np.int32))
        columns = {name: values[:limit] for name, values in (further or {}).items()}
        of_wanted = log.events.lazy().filter(pl.col(noun).is_in(index.implode()))
        first_rows = of_wanted.group_by(noun).agg(pl.col("row").min()).collect()
        rows = index.to_frame().join(first_rows, on=noun, how="left", maintain_order="left")
        return pl.DataFrame(
            {"row": rows["row"], noun: vocabulary.take(wanted), "events": counts[wanted], **columns}
        )

    if len(indices):
        yield QualityIssue.of(name, level, len(indices), total, subject, rest, make)


def constant_users(
    log: Dataset,
    column: str,
    name: str,
    verbs: Subject,
    rest: str,
    level: Level = "doubtful",
) -> Iterator[QualityIssue]:
    """Users with several events whose `rating` or `time` is always the same."""
    events, counts = log.events.select("user", column), log.user_counts
    if events[column].null_count():
        events = events.filter(pl.col(column).is_not_null())
    one, constant = _values_of_constant_users(
        events["user"].to_numpy(), events[column].to_numpy(), log.n_users
    )
    index = np.flatnonzero(constant & (counts >= _MIN_EVENTS))
    index = index[np.argsort(-counts[index], kind="stable")]
    some = f"with {_MIN_EVENTS} events or more"
    subject = (f"user {some} {verbs[0]}", f"users {some} {verbs[1]}")
    rest += f" ({counts[index].sum():,} events)"
    total = int((log.user_counts > 0).sum())
    value = {column: one[index]}
    yield from id_issues(
        log,
        "user",
        name,
        level,
        index,
        total,
        subject,
        rest,
        value,
    )


def _values_of_constant_users(
    users: Int32, values: AnyArray, n_users: int
) -> tuple[AnyArray, Bool]:
    """A value of each user, [n_users], and bool[n_users], whether all others are equal to it.

    Part by part, for most users are soon known to have two, and need not be looked at again.
    """
    one, seen = np.zeros(n_users, values.dtype), np.zeros(n_users, np.bool_)
    alike = np.ones(n_users, np.bool_)
    for start in range(0, len(users), _AT_ONCE):
        user, value = users[start : start + _AT_ONCE], values[start : start + _AT_ONCE]
        left = alike[user]
        user, value = user[left], value[left]
        new = ~seen[user]
        one[user[new]], seen[user[new]] = value[new], True
        alike[user[value != one[user]]] = False
    return one, seen & alike
