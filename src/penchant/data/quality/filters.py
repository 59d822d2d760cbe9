"""Filters that keep some of a log's events and record in its origin what they dropped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_columns import quantities_of
from penchant.data.quality.conditions import parse_condition
from penchant.data.quality.duplicates import repeated_lines
from penchant.data.required import require_log
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, ParameterError
from penchant.typing import Bool, Int64
from penchant.wording import counted

Moment = str | date | datetime


def k_core(log: Dataset, user: int = 5, item: int = 5) -> Dataset:
    """Keep users with at least `user` and items with at least `item` events, until both hold.

    Users and items without any events leave, too.

    Raises:
        ParameterError: a limit is negative.

    Example:
        >>> log = planted_pairs(n_users=50, n_items=20)
        >>> core = pn.k_core(log, user=5, item=12)
        >>> bool(core.item_counts.min() >= 12), len(core) < len(log)
        (True, True)
    """
    require_log(log)
    if user < 0 or item < 0:
        raise ParameterError("The numbers of events of a k-core must be 0 or more.")
    users, items = log.events["user"].to_numpy(), log.events["item"].to_numpy()
    positions = np.arange(len(log))
    rounds = 0
    while len(positions):
        n_user = np.bincount(users[positions], minlength=log.n_users)
        n_item = np.bincount(items[positions], minlength=log.n_items)
        keep = (n_user[users[positions]] >= user) & (n_item[items[positions]] >= item)
        if keep.all():
            break
        positions = positions[keep]
        rounds += 1
    mask = np.zeros(len(log), dtype=bool)
    mask[positions] = True
    title = f"k-core ({counted(user, 'event')} per user, {item:,} per item)"
    note = f" in {counted(rounds, 'round')}"
    return _filtered(log, mask, title, note, keep_inactive=False)


def rating_range(log: Dataset, low: float | None = None, high: float | None = None) -> Dataset:
    """Keep ratings from `low` to `high`, both included.

    Raises:
        DataError: the log has no ratings.
        ParameterError: `low` is above `high`.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2], "item": [*"abb"], "rating": [3.0, 5.0, 4.0]})
        >>> len(pn.rating_range(pn.read(frame), low=4))
        2
    """
    require_log(log)
    if low is not None and high is not None and low > high:
        raise ParameterError(f"The lowest rating, {low:g}, is above the highest, {high:g}.")
    mask = np.ones(len(log), dtype=bool)
    if low is not None:
        mask &= log.ratings >= np.float32(low)
    if high is not None:
        mask &= log.ratings <= np.float32(high)
    return _filtered(log, mask, f"ratings {_span(low, high)}")


def between(log: Dataset, start: Moment | None = None, end: Moment | None = None) -> Dataset:
    """Keep events from `start` to `end`, both included; an end without a time is a whole day.

    Events without a time are dropped.

    Raises:
        DataError: the log has no times.
        ParameterError: a text is no ISO date, or `start` is after `end`.

    Example:
        >>> days = ["2026-01-31", "2026-02-01"]
        >>> frame = pl.DataFrame({"user": [1, 1], "item": ["a", "b"], "time": days})
        >>> len(pn.between(pn.read(frame), "2026-01-01", "2026-01-31"))
        1
    """
    require_log(log)
    if "time" not in log.events.columns:
        raise DataError(f"The log {log.name!r} has no times.")
    low, high = _moment(start, time.min), _moment(end, time.max)
    if low is not None and high is not None and low > high:
        raise ParameterError(f"The start, {start}, is after the end, {end}.")
    times = log.events["time"]
    inside = pl.col("time").is_not_null()
    if low is not None:
        inside &= pl.col("time") >= low
    if high is not None:
        inside &= pl.col("time") <= high
    missing = times.null_count()
    note = f" ({missing:,} of them without a time)" if missing else ""
    title = f"dates {_span(start, end)}"
    mask = _mask(log.events, inside)
    return _filtered(log, mask, title, note, anonymous=_anonymous_mask(log, inside))


def drop_duplicates(
    log: Dataset,
    by: Literal["item", "text", "line"] = "item",
    keep: Literal["first", "last", "sum"] = "last",
) -> Dataset:
    """Keep one event of each user and item, of each user and text, or of equal lines.

    First and last go by time where every event has one, then by row. With `sum` the last one is
    kept with the weights of all; where events have no weights each counts 1, so that the log gets
    weights of how often things happened. Events without a text are no duplicates by text.
    By `line` the first is kept of events that are alike in all columns but the row, as orders have
    them that were exported twice; what is bought again at another time is kept.

    Raises:
        DataError: the log has no texts.
        ParameterError: `by` or `keep` is something else.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 1], "item": [*"aab"], "rating": [3.0, 5.0, 4.0]})
        >>> pn.drop_duplicates(pn.read(frame)).ratings.tolist()
        [5.0, 4.0]
    """
    require_log(log)
    if by == "line":
        again = np.isin(np.arange(len(log)), repeated_lines(log, np.arange(len(log))))
        return _filtered(log, ~again, "lines that are wholly alike (first kept)")
    if by not in ("item", "text") or keep not in ("first", "last", "sum"):
        raise ParameterError(
            "Duplicates go by 'item', 'text' or 'line' and keep the 'first', the 'last' or the "
            "'sum'."
        )
    if by not in log.events.columns:
        raise DataError(f"The log {log.name!r} has no texts.")
    if keep == "sum":
        events = log.events
        if log.weights is None:
            events = events.with_columns(weight=pl.lit(1.0, pl.Float32))
        total = pl.col("weight").cast(pl.Float64).sum().over("user", by).cast(pl.Float32)
        if by == "text":
            total = pl.when(_has_text()).then(total).otherwise("weight")
        events = events.with_columns(weight=total)
        if (quantities := quantities_of(events)) is not None:
            events = events.with_columns(quantity=pl.Series(quantities, dtype=pl.Float64))
            pieces = pl.col("quantity").sum().over("user", by)
            if by == "text":
                pieces = pl.when(_has_text()).then(pieces).otherwise("quantity")
            events = events.with_columns(quantity=pieces.cast(pl.Float32))
        log = replace(log, events=events)
    order = ["time", "row"] if log.has_times else ["row"]
    events = log.events.select({"user", by, *order}).with_row_index("position").sort(order)
    has_key = pl.lit(True) if by == "item" else _has_text()
    one: Literal["first", "last"] = "first" if keep == "first" else "last"
    distinct = events.filter(has_key).unique(["user", by], keep=one, maintain_order=False)
    mask = np.zeros(len(log), dtype=bool)
    for kept in (distinct, events.filter(~has_key)):
        mask[kept["position"].to_numpy()] = True
    return _filtered(log, mask, f"duplicates of user and {by} ({keep} kept)")


def _has_text() -> pl.Expr:
    return pl.col("text").is_not_null() & (pl.col("text") != "")


def where(log: Dataset, expr: pl.Expr | str) -> Dataset:
    """Keep events for which a condition is true; it sees outside ids.

    Events without a user are kept by the same condition, in which they have no user.

    Args:
        log: the log.
        expr: a Polars expression, or a text such as `country == 'Germany'`; see
            `penchant.data.quality.conditions`.

    Raises:
        DataError: the condition does not fit the log's columns or is not boolean.
        ParameterError: a text is no condition.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2], "item": [*"abb"], "shop": [*"xxy"]})
        >>> len(pn.where(pn.read(frame), "shop == 'x'"))
        2
    """
    require_log(log)
    title = f"the condition {expr}"
    frame = log.frame()
    if isinstance(expr, str):
        expr = parse_condition(expr, frame, log.origin.columns)
    return _filtered(log, _mask(frame, expr), title, anonymous=_anonymous_mask(log, expr))


def _mask(events: pl.DataFrame, condition: pl.Expr) -> Bool:
    """bool[n_events], whether a condition is true of each; where that is unknown it is not."""
    try:
        keep = events.select(condition.alias("keep")).to_series()
    except pl.exceptions.PolarsError as error:
        raise DataError(f"The condition does not fit the log: {error}") from None
    if keep.dtype != pl.Boolean or len(keep) != len(events):
        raise DataError("The condition must be true or false for each event.")
    return keep.fill_null(False).to_numpy()


def _anonymous_mask(log: Dataset, condition: pl.Expr) -> Bool | None:
    """The same of events without a user, where columns that they lack are unknown."""
    unknown = log.anonymous_frame()
    if unknown is None:
        return None
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in log.frame().schema.items()
        if name not in unknown.columns
    ]
    return _mask(unknown.with_columns(missing), condition)


def _filtered(
    log: Dataset,
    mask: Bool,
    title: str,
    note: str = "",
    *,
    anonymous: Bool | None = None,
    keep_inactive: bool = True,
) -> Dataset:
    """The events under the mask, with vocabularies and tables cut to their users and items.

    With `keep_inactive`, users and items that had no event before stay. `anonymous` is a mask of
    the events without a user, which stay by default as far as their items do.
    """
    events = log.events.filter(pl.Series(mask, dtype=pl.Boolean))
    unknown = log.anonymous
    if unknown is not None and anonymous is not None:
        unknown = unknown.filter(pl.Series(anonymous, dtype=pl.Boolean))
    parts: dict[str, Any] = {}
    dropped = []
    for noun in ("user", "item"):
        vocabulary, table, counts = log.side(noun)
        index = events[noun].to_numpy()
        keep = np.bincount(index, minlength=len(vocabulary)) > 0
        inactive = counts == 0
        if noun == "item" and unknown is not None and log.anonymous is not None:
            inactive &= _counts(log.anonymous, len(vocabulary)) == 0
            keep |= (_counts(unknown, len(vocabulary)) > 0) & keep_inactive
        keep |= inactive & keep_inactive
        new_index = np.cumsum(keep, dtype=np.int32) - np.int32(1)
        events = events.with_columns(pl.Series(noun, new_index[index], dtype=pl.Int32))
        if noun == "item" and unknown is not None:
            unknown = unknown.filter(pl.Series(keep[unknown[noun].to_numpy()]))
            position = new_index[unknown[noun].to_numpy()]
            unknown = unknown.with_columns(pl.Series(noun, position, dtype=pl.Int32))
        if table is not None:
            parts[f"{noun}_table"] = table.filter(pl.Series(keep, dtype=pl.Boolean))
        if not keep.all():
            ids = vocabulary.take(np.flatnonzero(keep))
            parts[f"{noun}s"] = Vocabulary(ids, noun=vocabulary.noun)
        dropped.append(counted(int((~keep).sum()), noun))
    n_unknown = 0
    if unknown is not None and log.anonymous is not None:
        n_unknown = len(log.anonymous) - len(unknown)
        parts["anonymous"] = None if unknown.is_empty() else unknown
    also = f", {counted(n_unknown, 'event')} without a user" if n_unknown else ""
    sentence = (
        f"{title} dropped {len(log) - len(events):,} of {len(log):,} events{also}, "
        f"{' and '.join(dropped)}{note}"
    )
    origin = replace(log.origin, dropped=(*log.origin.dropped, sentence))
    return replace(log, events=events, origin=origin, **parts)


def _counts(events: pl.DataFrame, n_items: int) -> Int64:
    return np.bincount(events["item"].to_numpy(), minlength=n_items)


def _span(low: object, high: object) -> str:
    if low is None:
        return "of any value" if high is None else f"to {high}"
    return f"from {low}" + ("" if high is None else f" to {high}")


def _moment(value: Moment | None, time_of_day: time) -> datetime | None:
    """A moment as a datetime; `time_of_day` completes a date."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            raise ParameterError(f"{value!r} is no date such as 2018-05-31.") from None
    if isinstance(value, datetime) or value is None:
        return value
    return datetime.combine(value, time_of_day)
