"""Lines of returns, refunds and cancelled orders, where a column says which these are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from penchant.data.categories import by_category
from penchant.data.reading.column_names import by_plain_name
from penchant.data.reading.event_words import CANCELLED, PURCHASE, RETURN, plain_word
from penchant.data.reading.order_columns import CANCELLED_AT, LINE_STATES, STATES
from penchant.data.reading.shop_columns import is_quantity
from penchant.typing import Bool

Returns = Literal["net", "keep"]
"""Whether returns are taken from purchases, or count as events."""

# What a line is, as opposed to what became of it.
_KINDS = (
    "event", "transactiontype", "transactionkind", "txntype", "type", "kind", "linetype",
    "lineitemtype", "recordtype", "movementtype", "documenttype", "doctype", "salestype",
    "saletype", "ordertype", "belegart", "vorgang", "vorgangsart", "buchungsart",
)  # fmt: skip
_FLAGS = ("isreturn", "isrefund", "returnflag", "refundflag", "isstorno", "iscancellation")
_STATE_FLAGS = (
    "isreturned", "returned", "isrefunded", "refunded", "iscancelled", "iscanceled", "cancelled",
    "canceled", "isvoided", "voided",
)  # fmt: skip
_PLAIN_STATES = ("status", *_STATE_FLAGS)  # say so of orders only where there are some

_TRUE, _FALSE = frozenset({"1", "true", "yes", "y", "t"}), frozenset({"0", "false", "no", "n", "f"})


@dataclass(frozen=True)
class ReturnedLines:
    """Which lines take purchases back, or are taken back themselves.

    Attributes:
        column: what says so.
        words: how, as they are written.
        separate: bool[n_lines], lines that take back earlier purchases.
        themselves: bool[n_lines], purchases that were cancelled or returned.
        others: bool[n_lines], lines that are neither, such as views.
    """

    column: str
    words: tuple[str, ...]
    separate: Bool
    themselves: Bool
    others: Bool

    @property
    def mark(self) -> str:
        """By what they are recognised, in words."""
        return f"{self.column} {' or '.join(self.words)}" if self.words else f"{self.column}"


def returned_lines(
    frame: pl.DataFrame, columns: Mapping[str, str], kinds: Iterable[str] | None = None
) -> ReturnedLines | None:
    """Which lines are of returns, refunds and cancelled orders; None where nothing surely says so.

    A column of kinds (`type`, `transaction_type`, that of kinds of events) names lines of their
    own, where other lines are named as purchases. A column of states (`status`, `financial_status`)
    says of refunds and returns likewise; that an order was cancelled, refunded or returned it says
    of the order's own lines, but for one beside a line of the same item and order in another
    state. Where more than half of the lines are such, a column means something else.

    Args:
        frame: lines, with the states of their orders.
        columns: the source's column of each role.
        kinds: kinds of events that are asked for; those of returns are then no returns.
    """
    asked = {plain_word(kind) for kind in kinds or ()}
    has_orders = tells_orders(frame, columns)
    by_name = by_plain_name(frame.columns)
    for group in (_KINDS, _FLAGS, CANCELLED_AT, (*STATES, *LINE_STATES, *_STATE_FLAGS)):
        for plain in group:
            name = by_name.get(plain)
            if name is None or (plain in _PLAIN_STATES and not has_orders):
                continue
            found = _of_column(frame, name, plain, asked)
            count = 0 if found is None else int((found.separate | found.themselves).sum())
            if found is not None and 0 < count <= len(frame) / 2:
                return _named(found, columns.get(name, name))
    return None


def tells_orders(frame: pl.DataFrame, columns: Mapping[str, str]) -> bool:
    """Whether lines are of orders: by a column of baskets, or one called a quantity."""
    names = (*frame.columns, *columns.values())
    return "basket" in frame.columns or any(map(is_quantity, names))


def _of_column(frame: pl.DataFrame, name: str, plain: str, asked: set[str]) -> ReturnedLines | None:
    values = frame[name]
    nothing = np.zeros(len(frame), np.bool_)
    if plain in CANCELLED_AT:
        return ReturnedLines(name, (), nothing, values.is_not_null().to_numpy(), nothing)
    if values.dtype.is_nested() or values.dtype == pl.Object:
        return None
    words = {str(word): plain_word(word) for word in values.unique().drop_nulls().to_list()}
    if plain in (*_FLAGS, *_STATE_FLAGS):
        if not set(words.values()) <= _TRUE | _FALSE:
            return None
        some = _are(values, [word for word in words if words[word] in _TRUE])
        if plain in _FLAGS:
            return ReturnedLines(name, (), some, nothing, nothing)
        return ReturnedLines(name, (), nothing, some, nothing)
    returns = [word for word in words if words[word] in RETURN - asked]
    cancelled = [word for word in words if words[word] in CANCELLED - asked]
    written = tuple(sorted((*returns, *cancelled)))
    if plain in _KINDS:
        purchases = [word for word in words if words[word] in PURCHASE]
        some = _are(values, [*returns, *cancelled])
        others = ~some & ~_are(values, purchases)
        return ReturnedLines(name, written, some, nothing, others) if purchases else None
    separate, themselves = _are(values, returns), _are(values, cancelled)
    beside = themselves & _beside_another(frame, separate | themselves)
    return ReturnedLines(name, written, separate | beside, themselves & ~beside, nothing)


def _beside_another(frame: pl.DataFrame, some: Bool) -> Bool:
    """bool[n_lines], whether a line of the same item and basket is none of these."""
    if "basket" not in frame.columns:
        return np.zeros(len(frame), np.bool_)
    keys = frame.select("basket", "item").with_row_index("line")
    others = keys.filter(pl.Series(~some)).select("basket", "item").unique()
    found = np.zeros(len(frame), np.bool_)
    lines = keys.join(others, on=["basket", "item"], how="semi")["line"]
    found[lines.to_numpy()] = True
    return found


def _are(values: pl.Series, words: list[str]) -> Bool:
    """bool[n_lines], whether a value is one of these, as text."""
    wanted = [str(word).lower() if values.dtype == pl.Boolean else word for word in words]
    some = by_category(values, lambda texts: texts.cast(pl.String).is_in(wanted))
    return some.fill_null(False).to_numpy()


def _named(lines: ReturnedLines, name: str) -> ReturnedLines:
    return ReturnedLines(name, lines.words, lines.separate, lines.themselves, lines.others)
