"""Conditions on the columns of a log as a person writes them: `country == 'Germany'`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from penchant.errors import DataError, ParameterError

_QUOTED = r"'[^']*'|\"[^\"]*\"|`[^`]*`"
_CONDITION = re.compile(
    rf"\s*(?P<column>{_QUOTED}|[^\s=!<>]+)\s*(?P<operator>==|!=|>=|<=|>|<|\bin\b)\s*(?P<value>.*?)\s*",
    re.DOTALL,
)
_ITEM = re.compile(rf"\s*({_QUOTED}|[^,]*?)\s*(,|$)")
_FORM = (
    "written COLUMN OPERATOR VALUE with one of == != >= <= > < in, such as \"country == 'Germany'\""
    ' or "country in Germany, France"; a column with blanks stands in quotes'
)
_MISSING = "none"
_LISTED = 30  # columns in a message
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_OPERATORS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "==": lambda column, value: column == value,
    "!=": lambda column, value: column.ne_missing(pl.lit(value)),
    ">=": lambda column, value: column >= value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    "<": lambda column, value: column < value,
}


def parse_condition(
    text: str, events: pl.DataFrame, source_columns: Mapping[str, str] | None = None
) -> pl.Expr:
    """The condition that a text writes, its value typed by the column. Nothing is executed.

    A value is a number, a date, true or false, or a text, with or without quotes; after `in` there
    are several with commas between them, in brackets or not. A date without a time of day is the
    whole day. What is missing is different from every value, and neither larger nor smaller;
    `== none` and `!= none`, without quotes, are about what is missing.

    Args:
        text: the condition.
        events: what it is about.
        source_columns: the source's name of the column of each role, by which columns may be
            called, too.

    Raises:
        ParameterError: the text is no condition, or a value does not fit its column.
        DataError: there is no such column.
    """
    match = _CONDITION.fullmatch(text)
    if match is None or not match["value"]:
        raise ParameterError(f"{text!r} is no condition: it is {_FORM}.")
    name = _column(_unquoted(match["column"]), events, source_columns or {})
    dtype, operator = events.schema[name], match["operator"]
    if match["value"].lower() == _MISSING and operator in ("==", "!="):
        return pl.col(name).is_null() if operator == "==" else pl.col(name).is_not_null()
    if operator == "in":
        values = [_value(part, dtype, name) for part in _parts(match["value"], text)]
        alternatives = [_is_equal(pl.col(name), value) for value in values]
        return pl.any_horizontal(alternatives)
    value = _value(match["value"], dtype, name)
    if isinstance(value, date) and not isinstance(value, datetime):
        return _on_days(pl.col(name), operator, value)
    return _OPERATORS[operator](pl.col(name), value)


def _column(wanted: str, events: pl.DataFrame, source_columns: Mapping[str, str]) -> str:
    """The column that is called so in the log or in its source, otherwise one called alike."""
    roles = {column: role for role, column in source_columns.items() if role in events.columns}
    if wanted in events.columns or wanted in roles:
        return wanted if wanted in events.columns else roles[wanted]
    names = {**{column: column for column in events.columns}, **roles}
    alike = {meant for name, meant in names.items() if name.casefold() == wanted.casefold()}
    if len(alike) == 1:
        return alike.pop()
    listed = ", ".join(events.columns[:_LISTED]) + (" …" if events.width > _LISTED else "")
    raise DataError(f"There is no column {wanted!r} for a condition; there are {listed}.")


def _parts(value: str, text: str) -> list[str]:
    """The values after `in`."""
    brackets = {"(": ")", "[": "]"}
    if value[0] in brackets:
        if value[-1] != brackets[value[0]]:
            raise ParameterError(f"{text!r} lacks a closing {brackets[value[0]]!r}.")
        value = value[1:-1].strip().removesuffix(",")
    parts, start = [], 0
    while start <= len(value):
        match = _ITEM.match(value, start)
        if match is None or not match[1]:
            raise ParameterError(f"{text!r} has an empty or unreadable value among those of 'in'.")
        parts.append(match[1])
        start = match.end()
        if not match[2]:
            break
    return parts


def _unquoted(text: str) -> str:
    return text[1:-1] if re.fullmatch(_QUOTED, text) else text


def _value(written: str, dtype: pl.DataType, column: str) -> Any:
    """A written value as the type of its column has it.

    Raises:
        ParameterError: it does not fit the column.
    """
    text = _unquoted(written)
    try:
        if dtype == pl.Boolean:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if dtype.is_integer():
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        if dtype.is_numeric():
            return float(text)
        if dtype in (pl.Datetime, pl.Date):
            return date.fromisoformat(text) if _DATE.fullmatch(text) else _instant(text)
    except (ValueError, KeyError):
        kind = (
            "true or false"
            if dtype == pl.Boolean
            else "a date such as 2018-05-31"
            if dtype.is_temporal()
            else "a number"
        )
        raise ParameterError(
            f"The column {column!r} is compared with {kind}, and {written!r} is none."
        ) from None
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return text
    raise ParameterError(f"The column {column!r} holds values of {dtype}, which have no order.")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)


def _is_equal(column: pl.Expr, value: Any) -> pl.Expr:
    if isinstance(value, date) and not isinstance(value, datetime):
        return _on_days(column, "==", value)
    return column.eq(value)


def _on_days(column: pl.Expr, operator: str, day: date) -> pl.Expr:
    """A comparison of instants with a whole day."""
    start = datetime.combine(day, datetime.min.time())
    end = start + timedelta(days=1)
    return {
        "==": (column >= start) & (column < end),
        "!=": ((column < start) | (column >= end)).fill_null(True),
        ">=": column >= start,
        "<": column < start,
        "<=": column < end,
        ">": column >= end,
    }[operator]
