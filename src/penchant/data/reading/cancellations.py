"""Net cancellations and returns against the purchases that they take back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from penchant.data.categories import by_category
from penchant.typing import Bool, Float64

_PLAIN_INVOICE = r"^\d+$"
_CANCELLING_INVOICE = r"^[Cc]\d+$"
_NOTHING = 1e-6  # of a quantity is left by rounding


class Netted(NamedTuple):
    """What cancellations take back.

    Attributes:
        remaining: float64[n_lines], what is left of each purchase; 0 of cancellations.
        matched: float64[n_lines], how much each cancellation takes back; 0 of purchases.
    """

    remaining: Float64
    matched: Float64


def are_cancellations(quantity: pl.Series | None, basket: pl.Series | None) -> Bool | None:
    """bool[n_lines], whether a line cancels others; None where none does.

    These are lines with a quantity below 0, and those whose invoice is C and a number, where more
    invoices are numbers alone.

    Args:
        quantity: of each line, null where unknown.
        basket: the invoice of each line.
    """
    cancels = pl.Series([False])
    if quantity is not None:
        cancels = (quantity < 0).fill_null(False)
    if basket is not None and isinstance(basket.dtype, pl.String | pl.Categorical):
        marked = by_category(basket, lambda texts: texts.str.contains(_CANCELLING_INVOICE))
        plain = by_category(basket, lambda texts: texts.str.contains(_PLAIN_INVOICE))
        marked = marked.fill_null(False)
        if int(marked.sum()) < int(plain.sum()):
            cancels = cancels | marked
    return cancels.to_numpy() if cancels.any() else None


def net_cancellations(
    lines: pl.DataFrame, amount: Float64, cancels: Bool, latest: object = None
) -> Netted:
    """Take each cancellation from the latest earlier purchases of its user and item.

    The purchases of a pair are a stack, from whose top cancellations take: with the height
    of the stack after each line, a purchase keeps what the stack never loses again of its layer.
    Of lines at one instant purchases come first; without a time a purchase comes first of all and
    a cancellation last. All pairs are worked out at once.

    Args:
        lines: `user` and `item`, and `time` where known; in their order otherwise.
        amount: float64[n_lines], how much each line buys or cancels, above 0.
        cancels: bool[n_lines], whether it cancels.
        latest: the time of cancellations without one; by default that of the last line.
    """
    pair = ["user", "item"]
    pairs = lines.select(pair).filter(pl.Series(cancels)).drop_nulls().unique()
    frame = lines.select(*pair, *(["time"] if "time" in lines.columns else []))
    touched = frame.with_row_index("line").join(pairs, on=pair, how="semi")
    some = touched["line"].to_numpy()
    touched = touched.with_columns(
        change=pl.Series(np.where(cancels[some], -amount[some], amount[some])),
        cancels=pl.Series(cancels[some]),
    )
    if "time" in lines.columns:
        latest = lines["time"].max() if latest is None else latest
        last = pl.when("cancels").then(pl.lit(latest, lines.schema["time"]))
        touched = touched.with_columns(time=pl.coalesce("time", last))
    order = ["time", "cancels", "line"] if "time" in lines.columns else ["line"]
    touched = touched.sort(order)
    change = pl.col("change")
    sums = change.cum_sum().over(pair)
    # The height of the stack never falls below 0: what is lacking then is never cancelled.
    lowest = pl.min_horizontal(pl.col("sum").cum_min().over(pair), 0.0)
    before = pl.col("height").shift(1, fill_value=0.0).over(pair)
    floor = pl.col("height").cum_min(reverse=True).over(pair)
    heights = touched.with_columns(sum=sums).with_columns(height=pl.col("sum") - lowest)
    heights = heights.with_columns(before=before, floor=floor)
    left = (pl.min_horizontal(pl.col("floor"), "height") - pl.col("before")).clip(0.0)
    taken = (pl.col("before") - pl.col("height")).clip(0.0)
    result = heights.select(
        "line",
        pl.when("cancels").then(0.0).otherwise(_rounded(left, change)).alias("remaining"),
        pl.when("cancels").then(_rounded(taken, -change)).otherwise(0.0).alias("matched"),
    )
    remaining, matched = np.where(cancels, 0.0, amount), np.zeros(len(amount))
    position = result["line"].to_numpy()
    remaining[position] = result["remaining"].to_numpy()
    matched[position] = result["matched"].to_numpy()
    return Netted(remaining, matched)


def _rounded(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """A part that is nothing or all of the whole but for rounding is so."""
    tolerance = _NOTHING * whole
    nearly_all = pl.when(part > whole - tolerance).then(whole).otherwise(part)
    return pl.when(part < tolerance).then(0.0).otherwise(nearly_all)
