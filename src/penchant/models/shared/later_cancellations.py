"""Take purchases back that a model has learned of and that a later log cancels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import polars as pl

from penchant.data.basket_keys import basket_keys, keys_of_events, placed_keys
from penchant.data.baskets import BASKET
from penchant.data.merging import KnownLog
from penchant.data.reading.cancellations import net_cancellations
from penchant.data.vocabulary import Vocabulary
from penchant.typing import Float64, Int64
from penchant.wording import counted

_PAIR = ["user", "item"]


@dataclass(frozen=True, eq=False)
class Corrected:
    """What a model knows, less what a later log cancels.

    Attributes:
        known: the remaining events.
        keys: int64[n], of the cancellations that have taken something back, in this log or before.
        n_removed: events of which nothing is left.
        n_lowered: events that count lower.
        n_unusable: cancellations in a unit that the model does not keep.
    """

    known: KnownLog
    keys: Int64
    n_removed: int = 0
    n_lowered: int = 0
    n_unusable: int = 0

    def __str__(self) -> str:
        parts = []
        if self.n_removed or self.n_lowered:
            parts.append(
                "took back purchases that the model knows: "
                f"{counted(self.n_removed, 'event is', 'events are')} left out, "
                f"{self.n_lowered:,} counted lower"
            )
        if self.n_unusable:
            verb = "is" if self.n_unusable == 1 else "are"
            parts.append(
                f"{counted(self.n_unusable, 'cancellation')} {verb} passed over, for the model "
                "does not keep how much was bought: fit it again to all events"
            )
        return "; ".join(parts)


def without_cancelled(known: KnownLog, netted: pl.DataFrame | None, keys: Int64) -> Corrected:
    """What is left of the known events after the cancellations of a later log.

    Purchases that stand in the later log themselves keep at most what that log leaves of them.
    What its cancellations could not take from its own purchases is then taken from the latest
    earlier known ones of the user and item.

    Args:
        known: what a model keeps.
        netted: of the later log, see `Origin.netted`.
        keys: int64[n], of cancellations that have taken something back before, and do so once.
    """
    old = known.histories
    lines = None if netted is None else _known_lines(known, netted)
    if lines is None or lines.is_empty():
        return Corrected(known, keys)
    events, told_by = _known_events(known, lines)
    pieces = old.quantities
    amount = np.ones(old.n_events) if pieces is None else pieces.astype(np.float64)
    before = amount.copy()
    if told_by:
        _keep_what_is_left(events, lines.filter(~pl.col("cancels")), told_by, amount)
    cancels = lines.filter("cancels")
    if told_by:  # otherwise a repeated one cannot be told
        cancels = cancels.filter(~pl.col("key").is_in(pl.Series(keys).implode()))
    unit = "event" if pieces is None else "quantity"
    usable = cancels.filter((pl.col("unit") == unit).fill_null(False))
    matched = _take_back(events, usable, amount, "time" in told_by)
    changed = amount < before
    return Corrected(
        known=_remaining(known, amount) if changed.any() else known,
        keys=np.append(keys, usable["key"].to_numpy()[matched > 0]) if told_by else keys,
        n_removed=int((changed & (amount == 0)).sum()),
        n_lowered=int((changed & (amount > 0)).sum()),
        n_unusable=len(cancels) - len(usable),
    )


def _known_lines(known: KnownLog, netted: pl.DataFrame) -> pl.DataFrame:
    """The lines of known users and items, as indices, their baskets as keys, and own keys."""
    found = netted.with_columns(
        key=_keys(netted),
        user=_indices(known.users, netted["user"]),
        item=_indices(known.items, netted["item"]),
    )
    if BASKET in found.columns:
        found = found.with_columns(basket_keys(found[BASKET]).alias(BASKET))
    if "time" in found.columns:
        found = found.with_columns(pl.col("time").cast(pl.Datetime("us")))
    return found.filter((pl.col("user") >= 0) & (pl.col("item") >= 0))


def _indices(vocabulary: Vocabulary, ids: pl.Series) -> pl.Series:
    kind = pl.String if vocabulary.kind == "string" else pl.Int64
    known = ids.cast(kind, strict=False)
    found = vocabulary.indices(known.drop_nulls())
    return pl.Series(np.full(len(ids), -1, np.int32)).scatter(
        known.is_not_null().arg_true(), pl.Series(found)
    )


def _known_events(known: KnownLog, lines: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """The known events of these users and items by `place`, and by what lines are told."""
    old = known.histories
    columns = {"user": pl.Series(old.rows), "item": pl.Series(old.items)}
    told_by = []
    if old.times is not None and "time" in lines.columns:
        columns["time"] = pl.Series(old.times).cast(pl.Datetime("us"))
        told_by.append("time")
    if known.basket_keys is not None and BASKET in lines.columns:
        columns[BASKET] = keys_of_events(old, known.basket_keys)
        told_by.append(BASKET)
    events = pl.DataFrame(columns).with_row_index("place")
    return events.join(lines.select(_PAIR).unique(), on=_PAIR, how="semi"), told_by


def _keep_what_is_left(
    events: pl.DataFrame, purchases: pl.DataFrame, told_by: list[str], amount: Float64
) -> None:
    """Lower the known events that the later log has, too, to what it leaves of them.

    Where fewer lines of a basket's item are known than it has, those that it leaves are known.
    """
    keys = [*_PAIR, *told_by]
    turn = pl.int_range(pl.len()).over(keys).alias("turn")
    n_known = events.group_by(keys).agg(n_known=pl.len())
    lines = purchases.select(*keys, pl.col("left").fill_null(np.inf))
    lines = lines.with_columns(n_lines=pl.len().over(keys))
    lines = lines.join(n_known, on=keys, nulls_equal=True, maintain_order="left")
    is_fewer = pl.col("n_known") < pl.col("n_lines")
    # Stable, so that lines of which all are known stay in their order.
    lines = lines.sort(is_fewer & (pl.col("left") == 0), maintain_order=True).with_columns(turn)
    both = events.with_columns(turn).join(lines, on=[*keys, "turn"], nulls_equal=True)
    place = both["place"].to_numpy()
    amount[place] = np.minimum(amount[place], both["left"].to_numpy())


def _take_back(
    events: pl.DataFrame, cancels: pl.DataFrame, amount: Float64, has_times: bool
) -> Float64:
    """Lower the latest earlier events of each cancellation; how much each has taken back."""
    columns = [*_PAIR, *(["time"] if has_times else [])]
    events = events.filter(pl.Series(amount[events["place"].to_numpy()] > 0))
    lines = pl.concat([frame.select(columns) for frame in (events, cancels)])
    place, n = events["place"].to_numpy(), len(events)
    amounts = np.concatenate([amount[place], cancels["left"].to_numpy()])
    netted = net_cancellations(lines, amounts, np.arange(len(lines)) >= n)
    amount[place] = netted.remaining[:n]
    return netted.matched[n:]


def _remaining(known: KnownLog, amount: Float64) -> KnownLog:
    """The known events with what is left of them."""
    old = known.histories
    keep = amount > 0
    keys = keys_of_events(old, known.basket_keys)
    if old.quantities is not None:
        left = np.asarray(amount, np.float32)
        if old.weights is not None:  # which may be the quantities, times what a kind weighs
            share = amount / old.quantities
            old = replace(old, weights=(old.weights * share).astype(np.float32))
        old = replace(old, quantities=left)
    histories = old.subset(keep)
    if histories.baskets is None:
        return replace(known, histories=histories)
    histories = replace(histories, baskets=histories.basket_numbers)
    remaining = None
    if known.basket_keys is not None:
        remaining = placed_keys(histories, keys.filter(pl.Series(keep)))
    return replace(known, histories=histories, basket_keys=remaining)


def _keys(lines: pl.DataFrame) -> pl.Series:
    """Int64, by which each line is known again, whatever the vocabularies are."""
    columns = [c for c in (*_PAIR, "time", BASKET, "cancels", "amount") if c in lines.columns]
    turn = pl.int_range(pl.len()).over(columns).alias("turn")
    rows = lines.with_columns(turn).select(pl.col(*columns, "turn").cast(pl.String)).rows()
    digests = [blake2b(repr(row).encode(), digest_size=8).digest() for row in rows]
    return pl.Series(np.frombuffer(b"".join(digests), "<i8").astype(np.int64))
