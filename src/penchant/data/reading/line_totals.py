"""Prices of one piece where a shop's lines say what the whole line came to."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from penchant.data.reading.column_names import by_plain_name, plain_name
from penchant.data.reading.records import RawRecords
from penchant.data.reading.shop_columns import is_quantity, prices
from penchant.errors import DataError

_TOTALS = (
    *("linetotal", "lineamount", "linevalue", "linesubtotal", "lineitemtotal", "lineitemamount"),
    *("totallineprice", "itemtotal", "itemsubtotal", "rowtotal", "extendedprice", "extprice"),
    *("extendedamount", "saleamount", "salesamount", "salesvalue", "salevalue"),
)
_PERHAPS = (
    *("salesprice", "totalprice", "totalamount", "amount", "total", "sales", "revenue"),
    *("netamount", "grossamount", "netsales", "netrevenue", "turnover", "umsatz", "betrag"),
    *("gesamtpreis", "subtotal", "value"),
)
"""Names of totals of lines, too, but also of prices of a piece and of totals of orders."""

SAMPLE = 200_000
"""The first records, in which it is looked at how totals grow with quantities."""
_FEWEST = 20  # records of items in several quantities that say something
_SURELY, _HARDLY = 0.8, 0.5  # powers of the quantity with which a total grows


class LineTotal(NamedTuple):
    """Two columns of the source: what a line came to, and how many pieces it has."""

    total: str
    quantity: str

    @property
    def name(self) -> str:
        """The price of a piece, as `price=` takes it."""
        return f"{self.total}/{self.quantity}"


def requested_total(choice: object, names: Sequence[str], source: str) -> LineTotal | None:
    """The columns of a wish such as `SALES_PRICE/AMOUNT`; None where it is no such wish.

    Raises:
        DataError: there is no such column.
    """
    if not isinstance(choice, str) or "/" not in choice or choice in names:
        return None
    left, _, right = choice.partition("/")
    columns = by_plain_name(names)
    total, quantity = (columns.get(plain_name(side)) for side in (left, right))
    if total is None or quantity is None:
        listed = ", ".join(repr(n) for n in names[:30])
        raise DataError(
            f"{source} has no columns {left.strip()!r} and {right.strip()!r}, of which a price of "
            f"one piece is {choice!r}: it has {listed}."
        )
    return LineTotal(total, quantity)


def perhaps_totals(names: Sequence[str]) -> list[str]:
    """The columns that have names of totals of lines, the surest first."""
    by_name = by_plain_name(names)
    return [by_name[plain] for plain in (*_TOTALS, *_PERHAPS) if plain in by_name]


def guessed_total(
    records: RawRecords,
    columns: Mapping[str, str],
    are_numbers: Callable[[str], bool] | None = None,
) -> LineTotal | None:
    """The column of a line's total beside one of quantities, where names and contents agree.

    A name such as `line_total` is enough where the contents do not speak against it. Others, such
    as `amount`, may be a price of a piece or the total of an order: of these the total must grow as
    the quantity does where lines of one item have several quantities. Ta-Feng's `SALES_PRICE`
    beside a quantity `AMOUNT` is known.

    Args:
        records: of the source.
        columns: the source's column of each role; there is no price.
        are_numbers: whether a column has numbers, where the records are the first ones alone.
    """
    quantity = _quantity(records, columns)
    if quantity is None:
        return None
    free = [name for name in records.frame.columns if name not in columns.values()]
    for name in perhaps_totals(free):
        has_numbers = _is_number(records.frame[name]) if are_numbers is None else are_numbers(name)
        if name == quantity or not has_numbers:
            continue
        power = growth(records.frame, columns["item"], name, quantity)
        plain = plain_name(name)
        is_known = plain in _TOTALS or (plain == "salesprice" and plain_name(quantity) == "amount")
        if (is_known and (power is None or power >= _HARDLY)) or (power or 0) >= _SURELY:
            return LineTotal(name, quantity)
    return None


def remark_on_price(records: RawRecords, columns: Mapping[str, str]) -> str | None:
    """That a column of prices seems to be one of totals, and how to have these divided."""
    quantity = _quantity(records, columns)
    price = columns.get("price")
    if quantity is None or price is None or price not in records.frame.columns:
        return None
    power = growth(records.frame, columns["item"], price, quantity)
    if power is None or power < _SURELY:
        return None
    wish = LineTotal(price, quantity).name
    return (
        f"{price} grows with {quantity}, as totals of lines do, and is taken for the price of one "
        f"piece: price={wish!r} (--price {shlex.quote(wish)}) divides it"
    )


def growth(frame: pl.DataFrame, item: str, value: str, quantity: str) -> float | None:
    """The power of the quantity with which a value grows within items: 1 of totals, 0 of prices.

    None where too few lines say anything.
    """
    some = frame.select(item, value, quantity).head(SAMPLE)
    if some[item].dtype.is_nested() or some[item].dtype == pl.Object:
        return None
    logs = pl.DataFrame(
        {
            "item": some[item],
            "value": prices(some[value]).cast(pl.Float64).abs(),
            "pieces": prices(some[quantity]).cast(pl.Float64).abs(),
        }
    ).filter((pl.col("value") > 0) & (pl.col("pieces") > 0))
    logs = logs.with_columns(pl.col("value", "pieces").log())
    logs = logs.with_columns(
        pl.col("value", "pieces") - pl.col("value", "pieces").mean().over("item")
    )
    logs = logs.filter(pl.col("pieces").abs() > 1e-9)
    if len(logs) < _FEWEST:
        return None
    value_part, pieces_part = logs["value"].to_numpy(), logs["pieces"].to_numpy()
    return float(np.dot(value_part, pieces_part) / np.dot(pieces_part, pieces_part))


def price_of_piece(frame: pl.DataFrame, total: LineTotal, columns: Mapping[str, str]) -> pl.Series:
    """float32[n_lines], totals divided by quantities; null where there is none.

    Args:
        frame: typed lines whose `price` is the total.
        total: where both come from.
        columns: the source's column of each role.
    """
    roles = [role for role in ("quantity", "weight") if columns.get(role) == total.quantity]
    pieces = prices(frame[(*roles, total.quantity)[0]]).cast(pl.Float64)
    came_to = frame["price"].cast(pl.Float64)
    # A line that takes pieces back has its price, whether or not its total is below 0.
    share = pl.when(pieces < 0).then(came_to.abs() / pieces.abs()).otherwise(came_to / pieces)
    found = pl.select(pl.when(pieces != 0).then(share).alias("price")).to_series()
    return found.cast(pl.Float32)


def _quantity(records: RawRecords, columns: Mapping[str, str]) -> str | None:
    """The column of quantities, also where it is the weight, or another with such a name."""
    if "quantity" in columns:
        return columns["quantity"]
    weight = columns.get("weight")
    if weight is not None:
        return weight if is_quantity(weight) else None
    names = [n for n in records.frame.columns if is_quantity(n) and n not in columns.values()]
    return next((n for n in names if _is_whole(records.frame[n])), None)


def _is_whole(values: pl.Series) -> bool:
    """Whether a column has whole numbers, as no `amount` of money has."""
    if not _is_number(values):
        return False
    known = prices(values).drop_nulls()
    return bool((known == known.round()).all())


def _is_number(values: pl.Series) -> bool:
    if values.dtype.is_nested() or values.dtype == pl.Object:
        return False
    return mostly_numbers(prices(values).count(), values.count())


def mostly_numbers(n_numbers: int, n: int) -> bool:
    """Whether nearly all of `n` values that are not null are numbers."""
    return n_numbers > 0 and n_numbers >= 0.9 * n
