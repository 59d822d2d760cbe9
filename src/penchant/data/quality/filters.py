"""Leave out events on purpose, and keep account of what was left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, ParameterError
from penchant.typing import Bool

Moment = str | date | datetime


def k_core(log: Dataset, user: int = 5, item: int = 5) -> Dataset:
    """Keep users with at least `user` and items with at least `item` events, until both hold.

    Users and items without any events leave, too.

    Raises:
        ParameterError: a limit is negative.
    """
    if user < 0 or item < 0:
        raise ParameterError("The numbers of events of a k-core must be 0 or more.")
    users, items = log.events["user"].to_numpy(), log.events["item"].to_numpy()
    left = np.arange(len(log))
    rounds = 0
    while len(left):
        n_user = np.bincount(users[left], minlength=log.n_users)
        n_item = np.bincount(items[left], minlength=log.n_items)
        keep = (n_user[users[left]] >= user) & (n_item[items[left]] >= item)
        if keep.all():
            break
        left = left[keep]
        rounds += 1
    mask = np.zeros(len(log), dtype=bool)
    mask[left] = True
    what = f"k-core ({user:,} events per user, {item:,} per item)"
    return _kept(
        log, mask, what, f" in {rounds} round{'' if rounds == 1 else 's'}", catalogue=False
    )


def rating_range(log: Dataset, low: float | None = None, high: float | None = None) -> Dataset:
    """Keep ratings from `low` to `high`, both included.

    Raises:
        DataError: the log has no ratings.
        ParameterError: `low` is above `high`.
    """
    if low is not None and high is not None and low > high:
        raise ParameterError(f"The lowest rating, {low:g}, is above the highest, {high:g}.")
    mask = np.ones(len(log), dtype=bool)
    if low is not None:
        mask &= log.ratings >= np.float32(low)
    if high is not None:
        mask &= log.ratings <= np.float32(high)
    return _kept(log, mask, f"ratings {_span(low, high)}")


def between(log: Dataset, start: Moment | None = None, end: Moment | None = None) -> Dataset:
    """Keep events from `start` to `end`, both included; an end without a time is a whole day.

    Events without a time are dropped.

    Raises:
        DataError: the log has no times.
        ParameterError: a text is no ISO date, or `start` is after `end`.
    """
    if "time" not in log.events.columns:
        raise DataError(f"The log {log.name!r} has no times.")
    low, high = _moment(start, time.min), _moment(end, time.max)
    if low is not None and high is not None and low > high:
        raise ParameterError(f"The start, {start}, is after the end, {end}.")
    times = log.events["time"]
    mask = times.is_not_null()
    if low is not None:
        mask &= times >= low
    if high is not None:
        mask &= times <= high
    missing = times.null_count()
    note = f" ({missing:,} of them without a time)" if missing else ""
    return _kept(log, mask.fill_null(False).to_numpy(), f"dates {_span(start, end)}", note)


def drop_duplicates(
    log: Dataset,
    by: Literal["item", "text"] = "item",
    keep: Literal["first", "last"] = "last",
) -> Dataset:
    """Keep one event of each user and item, or of each user and text.

    First and last go by time where every event has one, then by row. Events without a text are
    no duplicates by text.

    Raises:
        DataError: the log has no texts.
        ParameterError: `by` or `keep` is something else.
    """
    if by not in ("item", "text") or keep not in ("first", "last"):
        raise ParameterError("Duplicates go by 'item' or 'text' and keep the 'first' or 'last'.")
    if by not in log.events.columns:
        raise DataError(f"The log {log.name!r} has no texts.")
    order = ["time", "row"] if log.has_times else ["row"]
    events = log.events.select({"user", by, *order}).with_row_index("position").sort(order)
    told = pl.col(by).is_not_null()
    if by == "text":
        told &= pl.col("text") != ""
    told_events, others = events.filter(told), events.filter(~told)
    chosen = told_events.unique(["user", by], keep=keep, maintain_order=False)
    mask = np.zeros(len(log), dtype=bool)
    mask[chosen["position"].to_numpy()] = True
    mask[others["position"].to_numpy()] = True
    return _kept(log, mask, f"duplicates of user and {by} ({keep} kept)")


def where(log: Dataset, expr: pl.Expr) -> Dataset:
    """Keep events for which a Polars expression is true; it sees outside ids.

    Raises:
        DataError: the expression does not fit the log's columns or is not boolean.
    """
    try:
        chosen = log.frame().select(expr.alias("keep")).to_series()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The condition does not fit the log: {error}") from None
    if chosen.dtype != pl.Boolean or len(chosen) != len(log):
        raise DataError("The condition must be true or false for each event.")
    return _kept(log, chosen.fill_null(False).to_numpy(), f"the condition {expr}")


def _kept(
    log: Dataset, mask: Bool, what: str, note: str = "", *, catalogue: bool = True
) -> Dataset:
    """The events under the mask, with vocabularies and tables cut to what is left.

    With `catalogue`, users and items that had no event before stay.
    """
    events = log.events.filter(pl.Series(mask, dtype=pl.Boolean))
    stay = {}
    for noun, before in (("user", log.user_counts), ("item", log.item_counts)):
        after = np.bincount(events[noun].to_numpy(), minlength=len(before))
        stay[noun] = (after > 0) | ((before == 0) & catalogue)
    users, items = log.users, log.items
    gone = {noun: int((~keep).sum()) for noun, keep in stay.items()}
    if gone["user"]:
        users = Vocabulary(log.users.take(np.flatnonzero(stay["user"])), noun="user")
    if gone["item"]:
        items = Vocabulary(log.items.take(np.flatnonzero(stay["item"])), noun="item")
    renumbered = []
    for noun, keep in stay.items():
        index = np.cumsum(keep, dtype=np.int32) - np.int32(1)
        renumbered.append(pl.Series(noun, index[events[noun].to_numpy()], dtype=pl.Int32))
    dropped = len(log) - len(events)
    sentence = (
        f"{what} dropped {dropped:,} of {len(log):,} events, "
        f"{gone['user']:,} users and {gone['item']:,} items{note}"
    )
    return replace(
        log,
        events=events.with_columns(renumbered),
        users=users,
        items=items,
        user_table=_cut(log.user_table, stay["user"]),
        item_table=_cut(log.item_table, stay["item"]),
        origin=replace(log.origin, dropped=(*log.origin.dropped, sentence)),
    )


def _cut(table: pl.DataFrame | None, keep: Bool) -> pl.DataFrame | None:
    return None if table is None else table.filter(pl.Series(keep, dtype=pl.Boolean))


def _span(low: object, high: object) -> str:
    if low is None:
        return "of any value" if high is None else f"to {high}"
    return f"from {low}" + ("" if high is None else f" to {high}")


def _moment(value: Moment | None, edge: time) -> datetime | None:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise ParameterError(f"{value!r} is no date such as 2018-05-31.") from None
    if isinstance(value, datetime) or value is None:
        return value
    return datetime.combine(value, edge)
