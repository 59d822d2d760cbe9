"""Keys of baskets: whole numbers by which a basket is known again in a later part of a log."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.typing import Int32, Int64

NO_BASKET = int(np.iinfo(np.int64).min)
"""The key of events without a basket."""


def basket_keys(baskets: pl.Series) -> pl.Series:
    """Int64, the key of each basket, a hash of its id as text; null without one.

    Ids that are texts on one day and integers on another, as where cancelled orders have a
    letter, have the same keys.
    """
    texts = baskets.cast(pl.String).alias(BASKET)
    distinct = texts.drop_nulls().unique()
    digests = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in distinct)
    keys = pl.Series("key", np.frombuffer(digests, "<i8").astype(np.int64))
    table = distinct.to_frame().with_columns(keys)
    return texts.to_frame().join(table, on=BASKET, how="left", maintain_order="left")["key"]


def keys_of_histories(log: Dataset, keys: pl.Series | None = None) -> Int64 | None:
    """int64[n_baskets], the key of each user's baskets in the order of users and their numbers.

    None where the log has no baskets.

    Args:
        log: the log.
        keys: of its events' baskets, where they are at hand.
    """
    histories = log.histories
    if histories.baskets is None:
        return None
    keys = basket_keys(log.events[BASKET]) if keys is None else keys
    return placed_keys(histories, keys[log.event_order])


def placed_keys(histories: Histories, keys: pl.Series) -> Int64:
    """int64[n_baskets], the key of each user's baskets in the order of users and their numbers.

    Args:
        histories: of all users, with baskets.
        keys: of the baskets of their events, null without one.
    """
    assert histories.baskets is not None
    starts = _starts(histories)
    of_baskets = np.full(starts[-1], NO_BASKET, np.int64)
    of_events = keys.fill_null(NO_BASKET).to_numpy()
    of_baskets[starts[histories.rows] + histories.baskets] = of_events
    return of_baskets


def keys_of_events(histories: Histories, keys: Int64 | None) -> pl.Series:
    """Int64[n_events], the key of each event's basket; null without one.

    Args:
        histories: of all users.
        keys: of their baskets, or None where they are not known: each basket of a user then has
            a key of its own, which no other one has.
    """
    if histories.baskets is None:
        return pl.Series(BASKET, [None], dtype=pl.Int64).new_from_index(0, histories.n_events)
    starts = _starts(histories)
    keys = np.arange(starts[-1]) if keys is None else keys
    of_events = pl.Series(BASKET, keys[starts[histories.rows] + histories.baskets])
    return of_events.set(of_events == NO_BASKET, None)


def n_baskets(histories: Histories) -> int:
    """How many keys the baskets of all users have."""
    return 0 if histories.baskets is None else int(_starts(histories)[-1])


def keyed_anonymous(events: pl.DataFrame | None) -> tuple[Int32, Int64]:
    """The item and the key of the basket of each event without a user, each pair once.

    Events without a basket belong together by their time; those that have neither are left out.
    """
    columns = [] if events is None else [c for c in (BASKET, "time") if c in events.columns]
    if events is None or not columns:
        return np.empty(0, np.int32), np.empty(0, np.int64)
    parts = []
    if BASKET in columns:
        parts.append(basket_keys(events[BASKET]))
    if "time" in columns:
        instant = events["time"].to_physical().cast(pl.String)
        parts.append(basket_keys("time " + instant))
    keys = parts[0] if len(parts) == 1 else parts[0].fill_null(parts[1])
    pairs = pl.DataFrame({"item": events["item"], BASKET: keys}).drop_nulls()
    pairs = pairs.unique(maintain_order=True)
    return pairs["item"].to_numpy(), pairs[BASKET].to_numpy()


def _starts(histories: Histories) -> Int64:
    """int64[n_users + 1], where the keys of each user's baskets start."""
    assert histories.baskets is not None
    counts = np.zeros(len(histories) + 1, np.int64)
    active = np.flatnonzero(histories.lengths)
    if len(active):
        highest = np.maximum.reduceat(histories.baskets, histories.offsets[active])
        counts[active + 1] = highest + 1
    return np.cumsum(counts)
