"""Columns of orders: their state, their number among a user's, and what is said of quantities."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.baskets import fill_from_basket
from penchant.data.reading.column_names import by_plain_name
from penchant.data.reading.event_words import CANCELLED, RETURN, STANDING, plain_word
from penchant.wording import counted

STATES = (
    "orderstatus", "status", "financialstatus", "orderstate", "paymentstatus", "bestellstatus",
    "auftragsstatus", "zahlungsstatus", "lieferstatus", "versandstatus", "statutcommande",
    "estadopedido",
)  # fmt: skip
LINE_STATES = ("linestatus", "lineitemstatus", "itemstatus", "lineitemfinancialstatus")
"""Plain names of columns that say what became of a line."""

CANCELLED_AT = ("cancelledat", "canceledat", "cancelleddate", "canceleddate", "voidedat")
_MOST_STATES = 30  # different values of a column of states
_NAMED = 6  # of them in a message
_PLACES = ("ordernumber", "ordersequence", "ordernr", "nthorder", "orderindex")
_PLACES_IN_BASKET = ("addtocartorder", "linenumber", "lineno", "orderitemid")


def with_states_of_baskets(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines with the state of their order, which may stand in its first line alone."""
    if "basket" not in frame.columns:
        return frame
    columns = _columns(frame, (*STATES, *CANCELLED_AT))
    return frame.with_columns(fill_from_basket(frame[name], frame["basket"]) for name in columns)


def states_remark(frame: pl.DataFrame) -> str | None:
    """How many lines are of orders that were cancelled, and how to leave them out."""
    for name in _columns(frame, CANCELLED_AT):
        if n := frame[name].count():
            return _remark(name, n, ["cancelled"], [f"{_quoted(name)} == none"])
    for name in _columns(frame, STATES):
        if frame.schema[name] == pl.String:
            counts = dict(frame[name].drop_nulls().value_counts().iter_rows())
            words = [word for word in counts if plain_word(word) in CANCELLED]
            if words:
                conditions = [f"{_quoted(name)} != {word!r}" for word in sorted(words)]
                n = sum(counts[word] for word in words)
                return _remark(name, n, sorted(words), conditions)
    return None


def unknown_states_remark(frame: pl.DataFrame) -> str | None:
    """Which states are not known beside ones that are, and how to leave their records out."""
    for name in _columns(frame, (*STATES, *LINE_STATES)):
        if frame.schema[name] not in (pl.String, pl.Categorical, pl.Enum):
            continue
        counts = dict(frame[name].cast(pl.String).drop_nulls().value_counts(sort=True).iter_rows())
        unknown = [w for w in counts if plain_word(w) not in STANDING | CANCELLED | RETURN]
        if not unknown or len(unknown) == len(counts) or len(counts) > _MOST_STATES:
            continue
        listed = ", ".join(f"{word} ({counts[word]:,})" for word in unknown[:_NAMED])
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        is_one = len(unknown) == 1
        condition = f"{_quoted(name)} != {unknown[0]!r}"
        return (
            f"by {name}, records are {listed}{more}, {'a state' if is_one else 'states'} of orders "
            f"that {'is' if is_one else 'are'} not known, and count as purchases: --where "
            f'"{condition}" leaves {"them" if is_one else unknown[0]} out'
        )
    return None


def with_places_of_baskets(frame: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    """Events with their places among the user's, by the numbers of orders, where no time is known.

    Where lines have numbers within their baskets these decide there. Returns a remark, too, where
    there are such numbers.
    """
    known = {"user", "basket"} <= set(frame.columns) and "time" not in frame.columns
    if not known or POSITION in frame.columns:
        return frame, None
    for name in _columns(frame, _PLACES):
        if not frame.schema[name].is_integer() or frame[name].null_count():
            continue
        within = [c for c in _columns(frame, _PLACES_IN_BASKET) if frame.schema[c].is_integer()]
        pairs = frame.select("user", "basket", name).drop_nulls().unique()
        if len(pairs) != pairs.select("user", "basket").n_unique():
            continue
        order = pl.struct(name, *within, "row").rank("ordinal").over("user")
        remark = f"{name} says in which order a user's baskets came"
        return frame.with_columns((order - 1).cast(pl.UInt32).alias(POSITION)), remark
    return frame, None


def quantity_remark(frame: pl.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """That models do not learn from quantities, and how they would; nothing where all are 1.

    Args:
        frame: the events.
        columns: the source's column of each role.
    """
    column = columns.get("quantity")
    if column is None or (frame["quantity"] == 1).all():
        return []
    option = shlex.quote(column)
    return [
        f"{column} says how many were bought: it nets cancellations and counts in revenue, and "
        f"models learn from each order line alike; --weight {option} (weight={column!r}) weighs "
        "lines by it"
    ]


def _columns(frame: pl.DataFrame, names: tuple[str, ...]) -> list[str]:
    """The columns that have one of these names, in the order of the names."""
    columns = by_plain_name(frame.columns)
    return [columns[name] for name in names if name in columns]


def _quoted(name: str) -> str:
    return f"'{name}'" if re.search(r"[\s=!<>]", name) else name


def _remark(column: str, n: int, states: list[str], conditions: list[str]) -> str:
    options = " ".join(f'--where "{condition}"' for condition in conditions)
    records = counted(n, "record belongs", "records belong")
    states = list(dict.fromkeys(state.lower() for state in states))
    return (
        f"by {column}, {records} to orders that were {' or '.join(states)}: {options} leaves them "
        "out"
    )
