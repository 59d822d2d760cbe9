"""Guess the roles of columns without names from what stands in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from penchant.data.reading.rating_words import may_be_ratings

Kind = Literal["empty", "time", "number", "count", "text", "id"]
"""What a column may be: `number` has decimals, a sign or ratings as words, `count` whole numbers
from 0."""

OTHER_TEXTS = 0.1
"""Of the values of a column of numbers at most are none, but for a single one."""

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4}"
    r"|[A-Za-z]{3,9} \d{1,2},? \d{4})(\D.*)?"
)
_DECIMAL_COMMA = re.compile(r"^(-?\d+),(\d+)$")
_WHOLE_WITH_ZEROS = re.compile(r"\d+\.0+")
_IDS = re.compile(r"[A-Za-z]*\d+\S*( [A-Za-z]*\d+\S*)+")  # lists of ids
_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_AMAZON_USER = re.compile(r"A[0-9A-Z]{8,20}")
_MOST_LEVELS = 11  # distinct values of a scale of ratings, 0 to 10
_WIDEST_SCALE = 10.0
_ABOVE = (3, 0.02)  # so many different counts, and this share of all, are above a scale's top
_TAIL = 10  # times the median that the highest count is at least
_MATRIX_COLUMNS = 4  # from so many columns of ratings on a table has a column for each item
_SAMPLE = 200  # records whose values are looked at one by one
_MATRIX_SAMPLE = 100  # columns by which a matrix is recognised
_LOOKED_AT = 200_000  # records in which different values are counted
_MOST_COLUMNS = 15  # without names: more are features, not a log


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def is_figure(text: str) -> bool:
    """Whether a text is a number, also with a decimal comma, or a date."""
    return is_number(_with_point(text)) or bool(_DATE.fullmatch(text))


def _with_point(text: str) -> str:
    return _DECIMAL_COMMA.sub(r"\1.\2", text)


def _numbers(texts: Sequence[str]) -> list[float]:
    """Those of some texts that are numbers, also with a decimal comma."""
    return [float(text) for text in map(_with_point, texts) if is_number(text)]


def may_be_date(texts: Sequence[str]) -> bool:
    """Whether most of some texts are written as dates are, with separators."""
    dates = sum(bool(_DATE.fullmatch(text)) for text in texts)
    return dates > len(texts) / 2


def may_be_instant(number: float) -> bool:
    """Whether a number may be an instant from 1985 to 2060 in some unit since 1970."""
    return any(4.7e8 <= number / unit <= 2.85e9 for unit in (1, 1e3, 1e6, 1e9))


@dataclass(frozen=True)
class ColumnContent:
    """What is in a column.

    Attributes:
        kind: what it may be.
        n_distinct: how many different values it has, in as many records as are looked at.
        is_scale: whether it has whole numbers of which ratings could be, and few of them.
        is_row_number: whether it counts the records, from any number on.
    """

    kind: Kind
    n_distinct: int
    is_scale: bool
    is_row_number: bool

    @classmethod
    def of(cls, column: pl.Series) -> ColumnContent:
        """Look at all values of a column."""
        cells = cells_of(column)
        kind, numbers = _kind(cells), _numbers(cells)
        column = column.head(_LOOKED_AT)
        n_distinct = column.drop_nulls().n_unique()
        in_scale = all(number.is_integer() and abs(number) <= _WIDEST_SCALE for number in numbers)
        return cls(
            kind=kind,
            n_distinct=n_distinct,
            is_scale=kind in ("count", "number") and in_scale and n_distinct <= _MOST_LEVELS,
            is_row_number=kind == "count" and _counts_records(column),
        )

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        return self.n_distinct <= 1


def cells_of(column: pl.Series) -> list[str]:
    """The first values as texts without blanks around them, none of them empty."""
    if column.dtype.is_nested():
        return []
    texts = column.head(_SAMPLE).drop_nulls().cast(pl.String, strict=False)
    return [text.strip() for text in texts if text and text.strip()]


def roles_by_content(names: Sequence[str], frame: pl.DataFrame) -> dict[str, str]:
    """The columns that may be user, item, rating or weight, time and text, as far as there are any.

    Users stand before items but in Amazon's files. A column that counts the records is neither
    where two others can be. The rating is the first number that is not constant, or the weight
    where it looks like a count, such as of plays.

    Args:
        names: columns that may have a role.
        frame: all columns.
    """
    contents = {name: ColumnContent.of(frame[name]) for name in names}
    user_item = _user_and_item(contents)
    if (
        len(user_item) == 2
        and _all_match(_ASIN, cells_of(frame[user_item[0]]))
        and _all_match(_AMAZON_USER, cells_of(frame[user_item[1]]))
    ):
        user_item.reverse()  # Amazon's 2018 files put the item first
    roles = dict(zip(("user", "item"), user_item, strict=False))
    rest = {n: c for n, c in contents.items() if n not in user_item and not c.is_row_number}
    numbers = [
        n for n, c in rest.items() if c.kind in ("count", "number") and _has_ratings(frame[n])
    ]
    numbers.sort(key=lambda name: contents[name].is_constant)  # keeps their order otherwise
    number = "weight" if numbers and _are_weights(frame[numbers[0]]) else "rating"
    for role, columns in (
        (number, numbers),
        ("time", [n for n, c in rest.items() if c.kind == "time"]),
        ("text", [n for n, c in rest.items() if c.kind == "text"]),
    ):
        if columns:
            roles[role] = columns[0]
    return roles


def has_long_tail(numbers: pl.Series) -> bool:
    """Whether these are whole numbers from 0, most of them small and a few large, as counts are."""
    above = numbers.filter(numbers > _WIDEST_SCALE)
    if above.n_unique() < _ABOVE[0] or len(above) < _ABOVE[1] * len(numbers):
        return False
    if (numbers < 0).any() or (numbers != numbers.round()).any():
        return False
    median, values = numbers.quantile(0.5, "lower") or 0.0, numbers.to_numpy()
    return bool(values.max() >= _TAIL * max(median, 1.0) and values.mean() > median)


def _has_ratings(column: pl.Series) -> bool:
    """Whether nearly all values are numbers, not the first ones alone, or the first ones words."""
    if column.dtype != pl.String or may_be_ratings(cells_of(column)):
        return True
    texts = column.drop_nulls().str.strip_chars()
    numbers = texts.str.replace(_DECIMAL_COMMA.pattern, "$1.$2").cast(pl.Float64, strict=False)
    return numbers.null_count() <= max(1, OTHER_TEXTS * len(numbers))


def _are_weights(column: pl.Series) -> bool:
    numbers = column.cast(pl.Float64, strict=False).drop_nulls()
    is_whole = len(numbers) == len(column) - column.null_count()
    return is_whole and bool((numbers > 0).all()) and has_long_tail(numbers)


def refusal_of_guess(frame: pl.DataFrame, *, has_header: bool) -> str | None:
    """Why roles cannot be guessed, a clause after the source's name; None where they may be.

    Args:
        frame: all columns.
        has_header: whether they have names of their own.
    """
    if frame.width > _MATRIX_COLUMNS or has_header:
        some = frame.columns[1:_MATRIX_SAMPLE]
        contents = [ColumnContent.of(frame[name]) for name in some]
        numbers = [content for content in contents if content.kind in ("number", "count")]
        scales = [c for c in numbers if has_header or c.is_scale or c.kind == "number"]
        if frame.width > 2 and len(scales) == len(some):
            return (
                "looks like a matrix, with a row per user and a column per item: if it is one, "
                "read it with layout='wide' (--layout wide)"
            )
    lists = [name for name in frame.columns[:_MATRIX_SAMPLE] if _has_lists(cells_of(frame[name]))]
    if not has_header and lists:
        return (
            f"has lists of ids in {lists[0]!r}: turn it into one row per event, for example with "
            "explode of Polars or pandas"
        )
    if not has_header and frame.width > _MOST_COLUMNS:
        return (
            f"has {frame.width} columns without names: say which are user and item by their "
            "positions, as in user=0, item=1 (--user 0 --item 1)"
        )
    return None


def _user_and_item(contents: Mapping[str, ColumnContent]) -> list[str]:
    ids = [name for name, content in contents.items() if content.kind in ("id", "count")]
    first = contents[ids[0]] if ids else None
    others = [name for name in ids[1:] if not contents[name].is_scale]
    if first is not None and first.is_row_number and _is_index(contents, ids, others):
        ids = ids[1:]
    if len(ids) >= 3 and contents[ids[1]].is_scale and not contents[ids[2]].is_scale:
        beyond = contents[ids[2]]
        if beyond.kind == "id" or beyond.n_distinct > 2 * contents[ids[1]].n_distinct:
            del ids[1]  # the rating stands in the middle
    return ids[:2]


def _is_index(
    contents: Mapping[str, ColumnContent], ids: Sequence[str], others: Sequence[str]
) -> bool:
    """Whether a first column that counts the records is their number, and not the user."""
    if len(ids) < 3:
        return False
    has_rating = any(content.kind == "number" for content in contents.values())
    return len(ids) > 3 or has_rating or len(others) >= 2


def _kind(values: Sequence[str]) -> Kind:
    if not values:
        return "empty"
    numbers = _numbers(values)
    if len(numbers) > len(values) / 2:
        if may_be_instant(sorted(numbers)[len(numbers) // 2]):
            return "time"
        if all(value.isdecimal() for value in values):
            return "count"
        # Ids that were fractional numbers on their way here, such as 17850.0.
        whole = all(_WHOLE_WITH_ZEROS.fullmatch(value) for value in values)
        return "count" if whole and max(numbers) > _WIDEST_SCALE else "number"
    if sum(bool(_ISO_DATE.match(value)) for value in values) > len(values) / 2:
        return "time"
    if may_be_date(values):
        return "time"
    if may_be_ratings(values):
        return "number"
    if _has_lists(values):
        return "text"
    return "text" if sum(value.count(" ") for value in values) > 4 * len(values) else "id"


def _has_lists(values: Sequence[str]) -> bool:
    """Whether most of some texts are several ids, with blanks between them."""
    lists = sum(bool(_IDS.fullmatch(value)) for value in values)
    return lists > len(values) / 2 and not may_be_date(values)


def _counts_records(column: pl.Series) -> bool:
    """Whether each value is one more than the value before it."""
    numbers = column if column.dtype.is_integer() else column.cast(pl.Int64, strict=False)
    return len(numbers) > 1 and not numbers.null_count() and bool((numbers.diff()[1:] == 1).all())


def _all_match(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(value) for value in values)
