"""What every reader hands on: a source's records as they stand, before columns get a meaning."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

_SHORT = 80
_PLAIN = (bool, int, float, str, datetime.datetime, datetime.date, list, dict)


class Skip(NamedTuple):
    """A record that cannot be used."""

    row: int
    problem: str
    content: str
    where: str


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A source's records before columns get a meaning.

    Attributes:
        frame: the records under the source's own column names.
        source: what messages call the source.
        is_text: all values are text, so that ids and ratings may be numbers in disguise.
        headed: the columns have names of their own.
        decimal_comma: whether `3,5` may be a number.
        rows: each record's number from 1 where records were left out, otherwise None.
        lines: each record's line in its file, where it is not simply `row + shift`.
        shift: how many lines come before the first record; None where lines say nothing.
        skipped: records that are left out already.
    """

    frame: pl.DataFrame
    source: str
    is_text: bool = False
    headed: bool = True
    decimal_comma: bool = False
    rows: pl.Series | None = None
    lines: pl.Series | None = None
    shift: int | None = None
    skipped: tuple[Skip, ...] = ()

    @property
    def row(self) -> pl.Series:
        """uint32, the number of each record, from 1."""
        if self.rows is not None:
            return self.rows.cast(pl.UInt32)
        return pl.int_range(1, self.frame.height + 1, dtype=pl.UInt32, eager=True)

    def where(self, position: int) -> str:
        """How a message calls the place of a record."""
        if self.lines is not None:
            return f"line {self.lines[position]}"
        row = position + 1 if self.rows is None else int(self.rows[position])
        return f"record {row}" if self.shift is None else f"line {row + self.shift}"


def shorten(text: str) -> str:
    """At most 80 characters of a text, in one line."""
    text = text[: 4 * _SHORT].replace("\0", "\\0").replace("\r", "\\r").replace("\n", "\\n")
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def distinct_names(names: Iterable[object]) -> list[str]:
    """Column names without blanks around them; empty ones and repetitions are numbered."""
    result: list[str] = []
    for n, name in enumerate(names):
        wanted = unique = str(name).strip() or f"column_{n}"
        k = 1
        while unique in result:
            k += 1
            unique = f"{wanted}_{k}"
        result.append(unique)
    return result


def series_of(name: str, values: Sequence[Any]) -> pl.Series:
    """A column from Python values; values of several kinds become text, so that none is lost."""
    kinds = {type(v) for v in values if v is not None}
    if kinds == {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if not kinds or (len(kinds) == 1 and issubclass(next(iter(kinds)), _PLAIN)):
        try:
            return pl.Series(name, values)
        except (TypeError, OverflowError, pl.exceptions.PolarsError):
            pass
    return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


def stack(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Chunks of one table below one another; a column of text and something else becomes text."""
    if len(parts) == 1:
        return parts[0]
    mixed = [
        name
        for name in parts[0].columns
        if pl.String in (kinds := {p[name].dtype for p in parts}) and kinds - {pl.String, pl.Null}
    ]
    texts = [p.with_columns(pl.col(mixed).cast(pl.String)) for p in parts] if mixed else parts
    return pl.concat(texts, how="vertical_relaxed")
