"""What rules say of items by columns of a table: masks, groups, ages and places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl

from penchant.data.quality.conditions import parse_condition
from penchant.data.reading.shop_columns import present, prices
from penchant.data.times import parse_times
from penchant.errors import DataError, ParameterError
from penchant.rules.schema import Categories, Price
from penchant.typing import Bool, Float32, Int32

_LISTED = 30  # columns in a message
_DAY = 86_400_000_000  # microseconds


def column_of(table: pl.DataFrame, name: str, rule: str) -> pl.Series:
    """A column of the items.

    Raises:
        DataError: there is none of this name.
    """
    if name in table.columns:
        return table[name]
    alike = [column for column in table.columns if column.casefold() == name.casefold()]
    if len(alike) == 1:
        return table[alike[0]]
    names = table.columns[1:]
    listed = ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
    there = f"there are {listed}" if names else "they have none"
    raise DataError(
        f"{rule}: the items have no column {name!r}, {there}; a table that has it is named with "
        "items = '@FILE'."
    )


def where(table: pl.DataFrame, condition: str, rule: str) -> Bool:
    """bool[n_items], for which items a condition such as `stock == 0` holds.

    Raises:
        ParameterError: it is no condition, or does not fit its column.
        DataError: the items have no such column.
    """
    if table.width < 2:
        raise DataError(
            f"{rule}: the items have no columns for the condition {condition!r}; a table that has "
            "some is named with items = '@FILE'."
        )
    try:
        expression = parse_condition(condition, table)
        holds = table.select(expression.fill_null(False).alias("holds"))["holds"]
    except (ParameterError, DataError) as error:
        raise type(error)(f"{rule}: {str(error)[:1].lower()}{str(error)[1:]}") from None
    return holds.to_numpy().astype(np.bool_)


def in_categories(values: pl.Series, wanted: Sequence[object]) -> Bool:
    """bool[n_items], which items have one of the values, alone or in a list."""
    lists = values if isinstance(values.dtype, pl.List) else None
    if isinstance(values.dtype, pl.Array):
        lists = values.arr.to_list()
    inner = values.dtype if lists is None else lists.dtype.inner  # type: ignore[attr-defined]
    if inner.is_numeric():
        numbers = [_number(value) for value in wanted]
        target = pl.Series([n for n in numbers if n is not None], dtype=pl.Float64)
        of_items = values.cast(pl.Float64) if lists is None else lists.cast(pl.List(pl.Float64))
    else:
        target = pl.Series([_text(value) for value in wanted], dtype=pl.String)
        of_items = values.cast(pl.String) if lists is None else lists.cast(pl.List(pl.String))
    if lists is None:
        found = of_items.is_in(target.implode())
    else:
        found = of_items.list.eval(pl.element().is_in(target.implode())).list.any()
    return found.fill_null(False).to_numpy().astype(np.bool_)


def unknown_values(values: pl.Series, wanted: Sequence[object]) -> list[object]:
    """Those of the values that no item has."""
    return [value for value in wanted if not in_categories(values, [value]).any()]


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def of_categories(table: pl.DataFrame, categories: Categories) -> tuple[Bool, list[object]]:
    """bool[n_items], which items the categories leave, and the values that no item has."""
    values = column_of(table, categories.column, "[[categories]]")
    keep = ~in_categories(values, categories.never)
    only = categories.only
    if only is not None:
        keep &= in_categories(values, only)
    return keep, unknown_values(values, (*(only or ()), *categories.never))


def within_price(table: pl.DataFrame, price: Price) -> Bool:
    """bool[n_items], which items the bounds leave.

    Raises:
        DataError: the column has no numbers.
    """
    numbers = _numbers(column_of(table, price.column, "[price]"), "[price]")
    within = (numbers >= price.min) & (numbers <= price.max)
    return within.fill_null(price.unknown == "allowed").to_numpy().astype(np.bool_)


def _numbers(values: pl.Series, rule: str) -> pl.Series:
    """float64, numbers and texts such as `19,90 €`, as prices of a log are read.

    Raises:
        DataError: a value is none.
    """
    if values.dtype.is_nested() or values.dtype == pl.Object:
        raise DataError(f"{rule}: the column {values.name!r} has lists and no numbers.")
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        return values.cast(pl.Float64)
    texts = present(values)
    numbers = prices(texts, pl.Float64)
    wrong = texts.filter(numbers.is_null() & texts.is_not_null())
    if len(wrong):
        raise DataError(
            f"{rule}: the column {values.name!r} has values that are no numbers, such as "
            f"{wrong[0]!r}."
        )
    return numbers


def groups(values: pl.Series) -> Int32:
    """int32[n_items, most values of an item], a number for each value; -1 where there is none."""
    lists = values.arr.to_list() if isinstance(values.dtype, pl.Array) else values
    if not isinstance(lists.dtype, pl.List):
        codes = lists.cast(pl.String).rank("dense").cast(pl.Int32) - 1
        return codes.fill_null(-1).to_numpy().reshape(-1, 1).astype(np.int32)
    owner = pl.int_range(len(lists), eager=True)
    long = pl.DataFrame({"owner": owner, "value": lists}).explode("value").drop_nulls().unique()
    codes = long["value"].cast(pl.String).rank("dense").cast(pl.Int32) - 1
    long = long.with_columns(codes.alias("code")).sort("owner", "code")
    place = long.select(pl.int_range(pl.len()).over("owner").alias("n"))["n"].to_numpy()
    table = np.full((len(lists), max(1, 1 + int(place.max(initial=0)))), -1, np.int32)
    if len(long):
        table[long["owner"].to_numpy(), place] = long["code"].to_numpy()
    return table


def instants(values: pl.Series, rule: str) -> pl.Series:
    """Dates of release in microseconds since 1970, null where there is none.

    Raises:
        DataError: the column has no dates.
    """
    if values.dtype == pl.Date:
        return values.cast(pl.Datetime("us")).to_physical()
    if isinstance(values.dtype, pl.Datetime):
        naive = values.dt.convert_time_zone("UTC") if values.dtype.time_zone else values
        return naive.dt.replace_time_zone(None).cast(pl.Datetime("us")).to_physical()
    times = parse_times(values).values
    if not len(values) or times.null_count() == len(values):
        raise DataError(f"{rule}: the column {values.name!r} has no dates.")
    return times.cast(pl.Datetime("us")).to_physical()


def is_new(since: pl.Series, as_of: datetime, days: float) -> Bool:
    """bool[n_items], which dates, in microseconds since 1970, lie in the last days."""
    end = int(pl.Series([as_of]).cast(pl.Datetime("us")).to_physical()[0])
    recent = (since >= end - int(days * _DAY)) & (since <= end)
    return recent.fill_null(False).to_numpy().astype(np.bool_)


def places_of(values: pl.Series, rule: str) -> Float32:
    """float32[n_items], how many places each item goes up by a column; 0 where it has none.

    Raises:
        DataError: a value is no number, or below 0.
    """
    numbers = _numbers(values, rule).cast(pl.Float32)
    places = numbers.fill_null(0).fill_nan(0).to_numpy()
    if (places < 0).any() or not np.isfinite(places).all():
        raise DataError(f"{rule}: places of {values.name!r} must be 0 or more: items go up only.")
    return places
