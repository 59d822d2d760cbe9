"""Turn typed records of purchases into events: cancellations netted, kinds weighed, users known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from penchant.data.categories import with_texts
from penchant.data.reading.cancellations import Netted, are_cancellations, net_cancellations
from penchant.data.reading.event_kinds import keep_kinds, kinds_remark
from penchant.data.reading.item_titles import item_titles
from penchant.data.reading.order_columns import (
    states_remark,
    unknown_states_remark,
    with_places_of_baskets,
    with_states_of_baskets,
)
from penchant.data.reading.records import RawRecords
from penchant.data.reading.returns import ReturnedLines, Returns, returned_lines, tells_orders
from penchant.data.reading.shop_columns import bought_by_weight, is_quantity
from penchant.errors import DataError
from penchant.typing import Bool, Float64, Int64
from penchant.wording import counted

CANCELLATION = "cancellation"
"""How the problems of records begin that cancel others, or are cancelled."""

_NETTED = f"{CANCELLATION} of earlier purchases"
_PARTLY = f"{CANCELLATION} of more than the earlier purchases"
_UNMATCHED = f"{CANCELLATION} without an earlier purchase"
_WITHOUT_USER = f"{CANCELLATION} without a user"
_CANCELLED = f"{CANCELLATION} of this purchase came later"
_ITSELF = f"{CANCELLATION} of this very order"
_PROBLEMS = (_CANCELLED, _NETTED, _PARTLY, _UNMATCHED, _WITHOUT_USER, _ITSELF)
UNMATCHED = (_PARTLY, _UNMATCHED, _WITHOUT_USER)
"""The problems of records that cancel more than there is."""


@dataclass
class OrderLines:
    """The events of a log of purchases, as they are worked out step by step.

    Attributes:
        frame: one row an event, `user` null where it has none.
        titles: `item` and `title`, where lines carry titles.
        skipped: cancellations and purchases that were cancelled, as in `Origin.skipped`.
        netted: what other logs may take back, as in `Origin.netted`.
        remarks: what was decided, a clause each.
        dropped: what was left out by kind, a sentence each, as in `Origin.dropped`.
    """

    frame: pl.DataFrame
    titles: pl.DataFrame | None = None
    skipped: pl.DataFrame | None = None
    netted: pl.DataFrame | None = None
    remarks: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def divide(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The events with a user, and those without one; None where all have one."""
    if not frame["user"].null_count():
        return frame, None
    is_known = pl.col("user").is_not_null()
    return frame.filter(is_known), frame.filter(~is_known).drop("user")


def order_lines(
    frame: pl.DataFrame,
    records: RawRecords,
    columns: Mapping[str, str],
    kinds: Mapping[str, float] | None,
    returns: Returns,
    texts_of: Callable[[pl.Series], pl.Series],
) -> OrderLines:
    """Net cancellations, weigh kinds of events, and take titles of items out of the lines.

    Where quantities are the weights, too, both become what is left of them.

    Args:
        frame: typed records; quantities, and weights that are some, may be below 0, and texts of
            users, items, baskets, kinds and titles may be categories.
        records: the same as the source has them, for messages.
        columns: the source's column of each role.
        kinds: the weight of each kind of events; others are left out.
        returns: whether lines of returns, refunds and cancelled orders are netted, too, or count.
        texts_of: gives the records of rising numbers as texts, as `record_texts` does.

    Raises:
        DataError: there are kinds and no column of kinds of events, or nothing is left.
    """
    if "user" not in frame.columns:
        frame = frame.with_columns(user=pl.lit(None, pl.Int64))
    lines = OrderLines(frame)
    if "title" in columns:
        lines.titles = item_titles(frame["item"], frame["title"])
        lines.frame = frame.drop("title")
    weighed_by_quantity = "rating" not in columns and bought_by_weight(columns)
    if weighed_by_quantity:
        lines.frame = lines.frame.rename({"weight": "quantity"})
    if "rating" not in columns:
        lines.frame = with_states_of_baskets(lines.frame)
        returned = None if returns == "keep" else returned_lines(lines.frame, columns, kinds)
        if returns != "keep" and tells_orders(lines.frame, columns):
            unknown = unknown_states_remark(lines.frame)
            lines.remarks += [] if unknown is None else [unknown]
        _net(lines, columns, returned)
        if lines.skipped is not None:
            texts = texts_of(lines.skipped["row"])
            lines.skipped = lines.skipped.with_columns(texts.alias("content"))
    if weighed_by_quantity:
        lines.frame = lines.frame.with_columns(weight="quantity")
    _keep_kinds(lines, records, columns, kinds)
    if "rating" not in columns:
        lines.frame, places = with_places_of_baskets(lines.frame)
        lines.remarks += [r for r in (places, states_remark(lines.frame)) if r is not None]
        _remark_on_users(lines, columns)
    if "kind_weight" in lines.frame.columns:
        weight = pl.col("kind_weight")
        if "weight" in lines.frame.columns:
            weight = weight * pl.col("weight")
        lines.frame = lines.frame.with_columns(weight=weight).drop("kind_weight")
    if lines.frame.is_empty():
        raise DataError(
            f"{records.source}: no event is left: {(lines.dropped or lines.remarks)[-1]}."
        )
    if lines.titles is not None:
        present = lines.frame.select("item").unique()
        titles = lines.titles.join(present, on="item", how="semi", maintain_order="left")
        lines.titles = with_texts(titles, "item", "title")
    lines.frame = with_texts(lines.frame, *({"basket", "event"} & columns.keys()))
    return lines


def _keep_kinds(
    lines: OrderLines,
    records: RawRecords,
    columns: Mapping[str, str],
    kinds: Mapping[str, float] | None,
) -> None:
    events = lines.frame.get_column("event", default=None)
    if events is None or (events.dtype != pl.String and "event" not in columns):
        if kinds is not None:
            raise DataError(
                f"{records.source}: no column of kinds of events was recognised; say which it is "
                "with event='…' (--event …)."
            )
        return
    if kinds is None:
        remark = kinds_remark(events)
        lines.remarks += [] if remark is None else [remark]
        return
    weights, sentence = keep_kinds(events, kinds, records.source)
    lines.dropped.append(sentence)
    lines.frame = lines.frame.with_columns(kind_weight=weights).drop_nulls("kind_weight")


def _net(
    lines: OrderLines,
    columns: Mapping[str, str],
    returned: ReturnedLines | None,
) -> None:
    frame = lines.frame
    column = _quantity_column(frame)
    quantity = None if column is None else frame[column].cast(pl.Float64, strict=False)
    cancels = are_cancellations(quantity, frame["basket"] if "basket" in columns else None)
    if cancels is None and returned is None:
        return
    marks = [] if cancels is None else ["a quantity below 0", "an invoice that begins with C"]
    cancels = np.zeros(len(frame), np.bool_) if cancels is None else cancels
    themselves = np.zeros(len(frame), np.bool_)
    takes_part = ~themselves
    if returned is not None:
        themselves = returned.themselves & ~cancels
        cancels = cancels | returned.separate
        takes_part = cancels | ~(returned.others | themselves)
        if returned.separate.any():
            marks.append(returned.mark)
    # What has no cancellation of its user and item stays as it is, which is nearly all.
    every = frame
    latest = frame["time"].filter(pl.Series(takes_part)).max() if "time" in frame.columns else None
    places = _places_of_pairs(frame, cancels | themselves)
    frame, cancels, themselves = frame[places], cancels[places], themselves[places]
    takes_part = takes_part[places]
    amount = np.ones(len(frame))
    if quantity is not None:
        amount = quantity[places].abs().fill_null(1.0).to_numpy()
        del quantity
    netted = _netted(frame, amount, cancels, takes_part, latest)
    is_cancelled = takes_part & ~cancels & (netted.remaining == 0) & (amount > 0)
    if cancels.any():
        lines.remarks.append(_sentence(frame, amount, cancels, netted, is_cancelled, marks))
    if returned is not None and themselves.any():
        lines.remarks.append(_sentence_of_orders(int(themselves.sum()), returned.mark))
    left_out = cancels | is_cancelled | themselves
    problem = np.zeros(len(frame), np.uint8)
    problem[cancels] = _PROBLEMS.index(_UNMATCHED)
    problem[cancels & (netted.matched > 0)] = _PROBLEMS.index(_PARTLY)
    problem[cancels & (netted.matched >= amount)] = _PROBLEMS.index(_NETTED)
    problem[cancels & frame["user"].is_null().to_numpy()] = _PROBLEMS.index(_WITHOUT_USER)
    problem[themselves] = _PROBLEMS.index(_ITSELF)
    rows = frame["row"].filter(pl.Series(left_out)).cast(pl.UInt32)
    problems = pl.Series("problem", _PROBLEMS).gather(problem[left_out])
    lines.skipped = pl.DataFrame([rows, problems])
    left = np.where(cancels, amount - netted.matched, netted.remaining)
    left[themselves] = 0
    unit = {None: "event", "quantity": "quantity"}.get(column)
    lines.netted = _for_other_logs(frame, cancels, amount, left, unit)
    if column is not None:
        remaining = pl.Series(netted.remaining).cast(frame.schema[column])
        quantities = every[column].clone()
        if returned is None:
            quantities = quantities.fill_null(1)
        else:  # lines without a quantity keep none
            remaining = remaining.set(frame[column].is_null(), None)
        every = every.with_columns(quantities.scatter(places, remaining))
    is_left = np.ones(len(every), np.bool_)
    is_left[places[left_out]] = False
    lines.frame = every.filter(pl.Series(is_left))


def _places_of_pairs(frame: pl.DataFrame, some: Bool) -> Int64:
    """int64[n], where these lines are, and all others of their users and items."""
    pairs = frame.select("user", "item")
    wanted = pairs.filter(pl.Series(some)).drop_nulls().unique()
    found = pairs.with_row_index("line").join(wanted, on=["user", "item"], how="semi")["line"]
    some = some.copy()
    some[found.to_numpy()] = True
    places: Int64 = np.flatnonzero(some)
    return places


def _for_other_logs(
    frame: pl.DataFrame, cancels: Bool, amount: Float64, left: Float64, unit: str | None
) -> pl.DataFrame:
    """What other logs may take back, see `Origin.netted`."""
    columns = [c for c in ("user", "item", "time", "basket") if c in frame.columns]
    lines = frame.select(columns).with_row_index("line")
    lowered = lines.filter(pl.Series(~cancels & (left < amount))).drop_nulls(["user", "item"])
    alike = lines.join(lowered, on=columns, how="semi", nulls_equal=True)["line"].sort().to_numpy()
    still = lines.filter(pl.Series(cancels & (left != 0))).drop_nulls(["user", "item"])
    places = np.concatenate([alike[~cancels[alike]], still["line"].to_numpy()])
    found = frame.select(columns)[places].with_columns(
        cancels=pl.Series(cancels[places]),
        amount=pl.Series(amount[places]),
        left=pl.Series(left[places]),
        unit=pl.lit(unit, pl.String),
    )
    usable = pl.col("unit").is_not_null() | ((pl.col("left") == 0) & ~pl.col("cancels"))
    found = found.with_columns(left=pl.when(usable).then("left"))
    return with_texts(found, "user", "item", "basket")


def _netted(
    frame: pl.DataFrame, amount: Float64, cancels: Bool, takes_part: Bool, latest: object
) -> Netted:
    """What cancellations take back from the lines that take part; all of the others is left."""
    if takes_part.all():
        return net_cancellations(frame, amount, cancels, latest)
    some = net_cancellations(
        frame.filter(pl.Series(takes_part)), amount[takes_part], cancels[takes_part], latest
    )
    remaining, matched = amount.copy(), np.zeros(len(amount))
    remaining[takes_part], matched[takes_part] = some.remaining, some.matched
    return Netted(remaining, matched)


def _sentence_of_orders(n: int, mark: str) -> str:
    n_orders = counted(n, "record is of an order that was", "records are of orders that were")
    return (
        f"{n_orders} cancelled, refunded or returned ({mark}), and left out; pn.check(log) lists "
        "them, --returns keep (returns='keep') keeps them"
    )


def _quantity_column(frame: pl.DataFrame) -> str | None:
    """The column that says how much was bought: that of quantities, or one with such a name."""
    if "quantity" in frame.columns and frame.schema["quantity"].is_numeric():
        return "quantity"
    names = [n for n in frame.columns if is_quantity(n) and frame.schema[n].is_numeric()]
    return names[0] if names else None


def _sentence(
    frame: pl.DataFrame,
    amount: np.ndarray,
    cancels: Bool,
    netted: Netted,
    is_cancelled: Bool,
    marks: list[str],
) -> str:
    is_known = frame["user"].is_not_null().to_numpy()
    n_matched = int((cancels & (netted.matched > 0)).sum())
    n_lowered = int((~cancels & ~is_cancelled & (netted.remaining < amount)).sum())
    n_short = int((cancels & is_known & (netted.matched < amount)).sum())
    n_anonymous = int((cancels & ~is_known).sum())
    gone = counted(int(is_cancelled.sum()), "purchase is", "purchases are")
    parts = []
    if n_matched:
        parts.append(
            f"{counted(n_matched, 'takes', 'take')} back earlier purchases of the same user and "
            f"item ({gone} left out, {n_lowered:,} counted lower)"
        )
    if n_short:
        parts.append(f"{counted(n_short, 'finds', 'find')} no purchase, or too little, to cancel")
    if n_anonymous:
        parts.append(f"{counted(n_anonymous, 'has', 'have')} no user")
    n = counted(int(cancels.sum()), "record is a cancellation", "records are cancellations")
    return f"{n} ({_or(marks)}): {'; '.join(parts)}; pn.check(log) lists them"


def _or(marks: list[str]) -> str:
    return ", or ".join([", ".join(marks[:-1]), marks[-1]]) if len(marks) > 1 else marks[0]


def _remark_on_users(lines: OrderLines, columns: Mapping[str, str]) -> None:
    unknown = lines.frame.filter(pl.col("user").is_null())
    if unknown.is_empty():
        return
    baskets = ""
    if "basket" in columns:
        baskets = f" in {counted(unknown['basket'].drop_nulls().n_unique(), 'basket')}"
    if len(unknown) < len(lines.frame):
        verb = "has" if len(unknown) == 1 else "have"
        lines.remarks.append(
            f"{counted(len(unknown), 'event')}{baskets} {verb} no user: models of users never see "
            "these; log.anonymous has them"
        )
        return
    basket = columns["basket"]
    lines.remarks.append(
        f"no event has a user, so that nothing can be recommended to users: "
        f"{counted(len(unknown), 'event')}{baskets} say which items are bought together "
        f"(log.anonymous); user={basket!r} (--user {basket}) takes each basket for a user"
    )
