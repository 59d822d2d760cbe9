"""Decide by a whole column which part of a date is the day, the month and the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from penchant.data.times.time_range import is_possible

FORMS = {"day-first": "dmy", "month-first": "mdy", "year-first": "ymd"}
_NAMES = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
_MUCH_SHORTER = 3  # times: the right year makes a column span less than a wrong one
_SORTED = 5  # distinct instants, from which being sorted is no accident


class DateOrder(NamedTuple):
    """An order such as `dmy`, and a remark where the column would allow for another.

    `is_open` tells that all times are the same in another order, so that it was not decided.
    """

    order: str
    remark: str
    is_open: bool = False


def choose_order(
    candidates: Mapping[str, pl.Series],
    counts: pl.Series,
    rows: pl.Series,
    example: str,
    *,
    by_convention: Sequence[str] = (),
) -> DateOrder:
    """The order in which most events have possible times.

    Where several have as many, it is the one in which the records are sorted by time, then the
    one that spans less time where years may come first or last, and then the usual one.

    Args:
        candidates: the times of the distinct texts in each order, the usual order first.
        counts: how many events have each text.
        rows: the position of each event's text, in the order of the source.
        example: one of the texts.
        by_convention: orders between which the convention decides without a remark.
    """
    possible = {order: is_possible(times) for order, times in candidates.items()}
    scores = {order: int(counts.filter(mask).sum()) for order, mask in possible.items()}
    best = max(scores.values())
    equal = [order for order in candidates if scores[order] == best]
    chosen = equal[0]
    rivals = [order for order in equal if not candidates[order].equals(candidates[chosen])]
    if not rivals:
        return DateOrder(chosen, "", is_open=len(equal) > 1)
    same = [o for o in equal if candidates[o].equals(candidates[chosen])]
    reason = ""
    if len(in_order := [o for o in equal if _is_sorted(candidates[o].gather(rows))]) == 1:
        chosen, reason = in_order[0], ", in which the records are in order of time"
    elif "ymd" in equal:
        spans = {order: _span(candidates[order].filter(possible[order])) for order in equal}
        if _MUCH_SHORTER * spans["ymd"] < spans[chosen]:
            chosen = "ymd"
        elif _MUCH_SHORTER * spans[chosen] < spans["ymd"]:
            equal.remove("ymd")
    others = [order for order in equal if not candidates[order].equals(candidates[chosen])]
    if not others or (not reason and not set(equal) - set(by_convention)):
        return DateOrder(chosen, "", is_open=chosen in same and len(same) > 1)
    form = next(form for form, order in FORMS.items() if order == others[0])
    return DateOrder(
        chosen,
        f"dates such as {example!r} may be {' or '.join(_NAMES[order] for order in equal)}, and "
        f"are read as {_NAMES[chosen]}{reason}; override with time_format={form!r} "
        f"(--time-format {form})",
    )


def _is_sorted(times: pl.Series) -> bool:
    times = times.drop_nulls()
    if times.n_unique() < _SORTED:
        return False
    return times.is_sorted() or times.is_sorted(descending=True)


def _span(times: pl.Series) -> float:
    """The microseconds from the first time to the last."""
    physical = times.to_physical()
    low, high = physical.min(), physical.max()
    return float(high) - float(low) if isinstance(low, int) and isinstance(high, int) else 0.0
