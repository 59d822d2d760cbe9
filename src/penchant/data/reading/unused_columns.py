"""Name columns that play no part in a log though they look as if they could."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from penchant.data.reading.column_contents import ColumnContent
from penchant.data.reading.records import RawRecords

_SAMPLE = 200  # records looked at
_COLUMNS = 200  # looked at
_NAMED = 3  # columns in a message
_NO_FIGURES = (
    *("price", "cost", "amount", "id", "code", "year"),
    *("age", "zip", "index", "number", "no"),
)
"""Ends of the names of columns of numbers that are no opinion and no count of events."""


class Unused(NamedTuple):
    """Columns that look like something that a log has not got.

    Attributes:
        times: dates, where there is no time.
        numbers: numbers, where there is neither a rating nor a weight, or columns have no names.
        rating: the rating or weight that there is, if any.
    """

    times: list[str]
    numbers: list[str]
    rating: str | None


def unused_columns(records: RawRecords, columns: Mapping[str, str]) -> Unused:
    """Look for dates and numbers among the columns without a role.

    Args:
        records: of the source.
        columns: the column of each role.
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
    rating = columns.get("rating", columns.get("weight"))
    if rating is not None and records.has_header:
        numbers = []
    return Unused([] if "time" in columns else times, numbers, rating)


def remarks_on_unused(unused: Unused, *, wants_rating: bool, wants_time: bool) -> list[str]:
    """A sentence for each role that a column could have.

    Args:
        unused: the columns.
        wants_rating: whether nobody has asked for a log without ratings and weights.
        wants_time: whether nobody has asked for a log without times.
    """
    remarks = []
    if unused.times and wants_time:
        names, first = _listed(unused.times), unused.times[0]
        remarks.append(
            f"no time was recognised; {names} look{_s(unused.times)} like one "
            f"(time={first!r}, --time {first})"
        )
    if unused.numbers and wants_rating and unused.rating is not None:
        names, first = _listed(unused.numbers), unused.numbers[0]
        remarks.append(
            f"{names} {'has' if len(unused.numbers) == 1 else 'have'} numbers, too, and "
            f"{unused.rating} is taken for the rating (rating={first!r}, --rating {first})"
        )
    elif unused.numbers and wants_rating:
        names, first = _listed(unused.numbers), unused.numbers[0]
        remarks.append(
            f"no rating was recognised; {names} may be one (rating={first!r}, --rating {first}), "
            f"or a weight of events such as plays (--weight {first})"
        )
    return remarks


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _s(names: list[str]) -> str:
    return "s" if len(names) == 1 else ""
