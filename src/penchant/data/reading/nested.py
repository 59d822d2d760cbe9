"""Take plain values out of the types that wrap them: structs, lists, binary, objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NoReturn

import polars as pl

from penchant.data.reading.column_guessing import ColumnChoice
from penchant.data.reading.column_names import plain_name, roles_by_name
from penchant.data.reading.listed_items import explode_call
from penchant.data.reading.records import RawRecords
from penchant.data.vocabulary import text_of_binary
from penchant.errors import DataError

_ID_FIELDS = ("id", "key", "uuid", "guid")
_TYPED_TEXT = r'^\{"\$\w+": ?"?([^"{}]*)"?\}$'
_INTEGERS = ("$numberInt", "$numberLong")
_OF_PANDAS = {"pandas.period": "dt.to_timestamp()"}
_REMEDIES = {
    "duration": {
        "rating": "make it a number first, such as pl.col({0!r}).dt.total_seconds()",
        "time": "add it to a date first, such as pl.lit(datetime(2024, 1, 1)) + pl.col({0!r})",
    },
    "time": {"time": "it has no date: join one first, such as pl.col('date').dt.combine({0!r})"},
}


def with_nested_fields(records: RawRecords, choices: Mapping[str, ColumnChoice]) -> RawRecords:
    """The records with a column for each choice, such as `user.id`, of a field of a struct."""
    columns = []
    for choice in choices.values():
        if not isinstance(choice, str) or choice in records.frame.columns:
            continue
        parts = choice.split(".")
        for n in range(1, len(parts)):
            column = ".".join(parts[:n])
            if column in records.frame.columns:
                values = _field(records.frame[column], parts[n:])
                if values is not None:
                    columns.append(values.alias(choice))
    return replace(records, frame=records.frame.with_columns(columns)) if columns else records


def with_plain_columns(frame: pl.DataFrame, role: str, source: str) -> pl.DataFrame:
    """The frame with those of its columns without wrappers that may hold ids of the role."""
    columns = []
    for values in frame.get_columns():
        wraps = values.dtype in (pl.Binary, pl.Object)
        if isinstance(values.dtype, pl.Struct):
            names = [field.name for field in values.dtype.fields]
            wraps = all(name.startswith("$") for name in names)
        if wraps:
            columns.append(plain_values(values, role, values.name, source)[0])
    return frame.with_columns(columns)


def plain_values(
    values: pl.Series, role: str, column: str, source: str, beside: pl.DataFrame | None = None
) -> tuple[pl.Series, str]:
    """The values of a role's column without wrappers, and a remark where a field was chosen.

    A struct of one field is that field, and so are the types of MongoDB's JSON, such as `$oid`; of
    other structs it is the field whose name says that it is the role's. Lists of one element are
    the element, binary values are text.

    Args:
        values: of the column.
        role: such as `user`.
        column: its name in messages.
        source: of the records, in messages.
        beside: all columns, of which messages name those with lists of the same lengths.

    Raises:
        DataError: the type has no clear value for the role.
    """
    dtype = values.dtype
    refuse = partial(_refuse, role=role, column=column, source=source)
    if isinstance(dtype, pl.Struct):
        return _of_struct(values, role, column, source)
    if isinstance(dtype, pl.List | pl.Array):
        lists = values.arr.to_list() if isinstance(dtype, pl.Array) else values
        longest = lists.list.len().max()
        if isinstance(longest, int) and longest > 1:
            frame = lists.alias(column).to_frame()
            if beside is not None and column in beside.columns:  # and not a field of a struct
                frame = beside
            refuse(
                f"is of type list, with up to {longest} values a record: make a record of each, "
                f"such as with {explode_call(frame, column)}"
            )
        return plain_values(lists.list.first(), role, column, source)
    if dtype == pl.Binary:
        return text_of_binary(values), ""
    if isinstance(dtype, pl.BaseExtension):
        if dtype.ext_name().startswith("pandas."):  # its storage counts in units of its own
            remedy = _OF_PANDAS.get(dtype.ext_name(), "astype(str)")
            refuse(
                f"is of type {dtype.ext_name()}: make it another first, such as with "
                f"frame[{column!r}].{remedy} in pandas"
            )
        return plain_values(values.ext.storage(), role, column, source)
    if dtype == pl.Object:
        texts = [None if value is None else str(value) for value in values]
        return pl.Series(values.name, texts, dtype=pl.String), ""
    if dtype == pl.String and values.str.starts_with('{"$').any():
        # Text and MongoDB's types in one column, which a reader has turned into JSON text
        return values.str.replace(_TYPED_TEXT, "${1}"), ""
    _check_type(values, role, column, source)
    return values, ""


def _of_struct(values: pl.Series, role: str, column: str, source: str) -> tuple[pl.Series, str]:
    names = [field.name for field in values.dtype.fields]  # type: ignore[attr-defined]
    if not names:
        return pl.repeat(None, len(values), dtype=pl.String, eager=True).alias(values.name), ""
    fields = {name: values.struct.field(name) for name in names}
    present = [name for name in names if fields[name].count()]
    if len(present) <= 1:
        name = present[0] if present else names[0]
        inner, remark = plain_values(fields[name], role, f"{column}.{name}", source)
        if name in _INTEGERS and inner.dtype == pl.String:
            numbers = inner.cast(pl.Int64, strict=False)
            inner = numbers if numbers.null_count() == inner.null_count() else inner
        return inner.alias(values.name), remark
    if all(name.startswith("$") for name in present):  # a type a record, as in `$numberInt`
        typed = [plain_values(fields[name], role, column, source)[0] for name in present]
        texts = [series.cast(pl.String).alias(f"{n}") for n, series in enumerate(typed)]
        merged = pl.DataFrame(texts).select(pl.coalesce(pl.all()))
        return merged.to_series().alias(values.name), ""
    field = _field_of_role(present, role)
    listed = ", ".join(present)
    if field is None:
        _refuse(
            f"is of type struct, with the fields {listed}: name one of them, such as "
            f"{role}='{column}.{present[0]}' (--{role} {column}.{present[0]})",
            role, column, source,
        )  # fmt: skip
    inner, remark = plain_values(fields[field], role, f"{column}.{field}", source)
    chosen = (
        f"of the fields of {column!r} ({listed}) {field!r} is the {role}; override with "
        f"{role}='{column}.…' (--{role} {column}.…)"
    )
    return inner.alias(values.name), f"{chosen}; {remark}" if remark else chosen


def _field_of_role(names: list[str], role: str) -> str | None:
    """The field whose name is a usual one of the role."""
    if role in ("user", "item"):
        by_name = {plain_name(name): name for name in reversed(names)}
        for name in _ID_FIELDS:
            if name in by_name:
                return by_name[name]
    return roles_by_name(names).get(role)


def _field(values: pl.Series, path: list[str]) -> pl.Series | None:
    """A field of a field of a struct, None where there is no such field."""
    for name in path:
        if not isinstance(values.dtype, pl.Struct):
            return None
        if name not in [field.name for field in values.dtype.fields]:
            return None
        values = values.struct.field(name)
    return values


def _check_type(values: pl.Series, role: str, column: str, source: str) -> None:
    """Refuse types that no value of the role can have.

    Raises:
        DataError: such as a duration for a time.
    """
    dtype = values.dtype
    name = str(dtype.base_type()).lower()
    is_date = dtype in (pl.Date, pl.Datetime)
    fits = {
        "rating": not (is_date or dtype in (pl.Duration, pl.Time)),
        "time": dtype not in (pl.Duration, pl.Time, pl.Boolean),
        "user": dtype != pl.Duration,
        "item": dtype != pl.Duration,
    }
    if not fits.get(role, True):
        remedy = _REMEDIES.get(name, {}).get(role, f"name another column with {role}='…'")
        _refuse(f"is of type {name}: {remedy.format(column)}", role, column, source)


def _refuse(problem: str, role: str, column: str, source: str) -> NoReturn:
    without = "" if role in ("user", "item") else f", or go without with {role}=False"
    raise DataError(f"{source}: the {role} column {column!r} {problem}{without}.")
