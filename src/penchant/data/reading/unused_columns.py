"""Name columns that play no part in a log though they look as if they could."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from penchant.data.reading.column_contents import ColumnContent
from penchant.data.reading.column_names import plain_name
from penchant.data.reading.records import RawRecords
from penchant.data.reading.shop_columns import has_usual_shop_name, is_quantity

_SAMPLE = 200  # records looked at
_COLUMNS = 200  # looked at
_NAMED = 3  # columns in a message
_NO_FIGURES = (
    *("price", "cost", "amount", "id", "code", "year"),
    *("age", "zip", "index", "number", "no", "timeframe", "position"),
)
_PLACES = ("position", "order", "seq", "step", "sequence", "eventorder", "itemorder", "eventnumber")
"""Ends of the names of columns of numbers that are no opinion and no count of events."""


_KINDS = {"quantity": "a quantity", "price": "a price", "event": "a kind of event"}
_MOST_KINDS = 30


class Unused(NamedTuple):
    """Columns that look like something that a log has not got.

    Attributes:
        times: dates, where there is no time.
        numbers: numbers, where there is neither a rating nor a weight, or columns have no names.
        rating: the rating or weight that there is, if any.
        places: columns whose names say in which order events came, where there is no time.
        shop: columns with a usual name of quantities, prices or kinds of events, where there is no
            `weight`, `price` or `event`, by that role.
    """

    times: list[str]
    numbers: list[str]
    rating: str | None
    places: list[str]
    shop: dict[str, list[str]]


def unused_columns(
    records: RawRecords, columns: Mapping[str, str], passed_over: Sequence[str] = ()
) -> Unused:
    """Look for dates and numbers among the columns without a role.

    Args:
        records: of the source.
        columns: the column of each role.
        passed_over: columns of which something was said already.
    """
    taken = set(columns.values())
    free = [name for name in records.frame.columns if name not in taken][:_COLUMNS]
    frame = records.frame.select(free).head(_SAMPLE)
    contents = {name: ColumnContent.of(frame[name]) for name in free}
    times = [n for n in free if contents[n].kind == "time" or frame[n].dtype.is_temporal()]
    numbers = [
        name
        for name, content in contents.items()
        if content.kind in ("number", "count")
        and not content.is_constant
        and not content.is_row_number
        and not name.lower().rstrip("s").endswith(_NO_FIGURES)
    ]
    rating = columns.get("rating", columns.get("weight", columns.get("quantity")))
    if rating is not None and records.has_header:
        numbers = []
    shop: dict[str, list[str]] = {}
    if records.has_header:
        for role, is_usual in _SHOP_NAMES.items():
            likely = [n for n in free if is_usual(n) and n not in passed_over]
            usual = [n for n in likely if _may_play(contents[n], role)]
            if role not in columns and usual:
                shop[role] = usual
    places = [n for n in free if contents[n].kind == "count" and plain_name(n) in _PLACES]
    named = {*places, *(name for names in shop.values() for name in names)}
    numbers = [name for name in numbers if name not in named]
    has_time = "time" in columns
    return Unused([] if has_time else times, numbers, rating, [] if has_time else places, shop)


def remarks_on_unused(
    unused: Unused,
    *,
    wants_rating: bool,
    wants_time: bool,
    wants_order: bool,
    unwanted: Collection[str] = (),
) -> list[str]:
    """A sentence for each role that a column could have.

    Args:
        unused: the columns.
        wants_rating: whether nobody has asked for a log without ratings and weights.
        wants_time: whether nobody has asked for a log without times.
        wants_order: whether nobody has said in which order events came.
        unwanted: other roles that nobody wants.
    """
    remarks = []
    if unused.times and wants_time:
        names, first = _listed(unused.times), unused.times[0]
        remarks.append(
            f"no time was recognised; {names} look{_s(unused.times)} like one "
            f"(time={first!r}, --time {shlex.quote(first)})"
        )
    if unused.places and wants_order:
        remarks.append(
            f"{unused.places[0]}, by its name the order of events, plays no part: sort the rows by "
            "it and read them with order='rows' (--order rows)"
        )
    if unused.numbers and wants_rating and unused.rating is not None:
        names, first = _listed(unused.numbers), unused.numbers[0]
        option = shlex.quote(first)
        remarks.append(
            f"{names} {'has' if len(unused.numbers) == 1 else 'have'} numbers, too, and "
            f"{unused.rating} is taken for the rating (rating={first!r}, --rating {option})"
        )
    elif unused.numbers and wants_rating:
        names, first = _listed(unused.numbers), unused.numbers[0]
        option = shlex.quote(first)
        remarks.append(
            f"no rating was recognised; {names} may be one (rating={first!r}, --rating {option}), "
            f"or a weight of events such as plays (--weight {option})"
        )
    parts = [
        f"{_listed(names)} look{_s(names)} like {_KINDS[role]} ({role}={names[0]!r}, "
        f"--{role} {shlex.quote(names[0])})"
        for role, names in unused.shop.items()
        if role not in unwanted
    ]
    if parts:
        remarks.append(f"what plays no part: {', '.join(parts)}")
    return remarks


def _may_play(content: ColumnContent, role: str) -> bool:
    """Whether the contents of a column do not speak against a role."""
    if role == "event":
        return content.kind in ("id", "count") and content.n_distinct <= _MOST_KINDS
    if role == "quantity" and content.kind == "number":
        return False
    return content.kind in ("number", "count") and not content.is_row_number


def _is_price(name: str) -> bool:
    return has_usual_shop_name(name, "price") or plain_name(name).endswith("price")


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""


_SHOP_NAMES: dict[str, Callable[[str], bool]] = {
    "quantity": is_quantity,
    "price": _is_price,
    "event": lambda name: has_usual_shop_name(name, "event"),
}
