"""Put the known events of a fitted model and further ones together into one log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from penchant.data.basket_keys import (
    NO_BASKET,
    basket_keys,
    keyed_anonymous,
    keys_of_events,
    keys_of_histories,
)
from penchant.data.baskets import BASKET, changes, numbers_of_baskets
from penchant.data.dataset import Dataset
from penchant.data.event_columns import quantities_of
from penchant.data.event_order import event_order
from penchant.data.histories import Histories
from penchant.data.vocabulary import Vocabulary
from penchant.typing import AnyInt, Bool, Int32, Int64


@dataclass(frozen=True, eq=False)
class KnownLog:
    """What a fitted model keeps of its log.

    Attributes:
        histories: the events of all users.
        users: the user vocabulary.
        items: the item vocabulary.
        item_table: a row per item, or None.
        basket_keys: see `keys_of_histories`; None where there are none or they were not kept.
        anonymous: items and keys of the baskets of events without a user, see `keyed_anonymous`.
    """

    histories: Histories
    users: Vocabulary
    items: Vocabulary
    item_table: pl.DataFrame | None = None
    basket_keys: Int64 | None = None
    anonymous: tuple[Int32, Int64] | None = None


@dataclass(frozen=True, eq=False)
class MergedLog:
    """A log of known and new events.

    Attributes:
        log: all events, by user, then time, known ones first where times are equal. Its baskets
            are keys.
        new: the new ones among them, under the same vocabularies.
        user_places: int64[n_users so far], the index in `log` of each user.
        item_places: int64[n_items so far], likewise.
        n_repeated: how many of the events given were known already and are not in `new`.
        told_by: the columns by which these were told; without any, none was looked for.
        known: what to keep of it all for the next events.
    """

    log: Dataset
    new: Dataset
    user_places: Int64
    item_places: Int64
    n_repeated: int
    told_by: tuple[str, ...]
    known: KnownLog


def merged(known: KnownLog, new: Dataset, *, new_items: bool = True) -> MergedLog:
    """All known and new events under vocabularies that have the ids of both.

    An event is known already if there is one of the same user and item, and of the same time and
    basket as far as both sides have these. Where neither is there, repeated events cannot be told
    from further ones, and all count. Ratings, weights and quantities are those that the known
    events have; times count where every event has one, and a quantity that is not known is 1.
    Sessions by gaps go on from known events to new ones where the gap allows, so that they are
    those of all events read at once.

    Args:
        known: what a model keeps.
        new: further events; with those ratings and weights that known ones have.
        new_items: whether items that are not known, those of the new item table included, join
            the vocabulary; otherwise there must be none among the events.

    Raises:
        UnknownIdError: ids of the new events are of another type than the known ones.
    """
    old = known.histories
    user_ids = new.users.take(np.flatnonzero(new.user_counts))
    users = _extended(known.users, user_ids)
    items = _extended(known.items, new.items.ids) if new_items else known.items
    user_places, item_places = (
        now.indices(before.ids).astype(np.int64)
        for now, before in ((users, known.users), (items, known.items))
    )
    before = _known_events(known, user_places, item_places)
    has_times = old.times is not None and new.has_times
    has_baskets = old.baskets is not None or new.has_baskets
    dropped = [*([] if has_times else ["time"]), *([] if has_baskets else [BASKET])]
    before = before.drop(dropped, strict=False)
    after = _new_events(new, users, items, before.columns)
    gap = new.origin.session_gap if has_times and old.in_sessions else None
    has_keys = known.basket_keys is not None and new.has_baskets
    told_by = [
        *(["time"] if has_times else []),
        *([BASKET] if has_keys and gap is None else []),
    ]
    repeated = _is_known(before, after, told_by, len(users))
    after = after.filter(~pl.Series(repeated))
    table = _joined_tables(known.item_table, new.item_table if new_items else None, items)
    events = pl.concat([before, after.select(before.columns)])
    order = event_order(events, len(users))
    if gap is not None:
        events = _with_sessions_by_gap(events, order, old, gap)
        after = after.with_columns(events[BASKET].tail(len(after)))
    numbers = _basket_numbers(old, events, order)
    events = events[order]
    rows = pl.int_range(1, len(events) + 1, dtype=pl.UInt32, eager=True).alias("row")
    anonymous = _merged_anonymous(known, new, item_places, items)
    log = Dataset(
        events=events.with_columns(rows),
        users=users,
        items=items,
        item_table=table,
        name=new.name,
        positive=old.positive,
        in_sessions=old.in_sessions or (old.baskets is None and new.in_sessions),
        anonymous=None if anonymous is None else _anonymous_events(*anonymous),
    )
    histories = _histories(events, numbers, log)
    # They stand in this order already.
    vars(log).update(event_order=np.arange(len(events)), histories=histories)
    keys = None
    if has_baskets and (known.basket_keys is not None or old.baskets is None):
        keys = keys_of_histories(log, events[BASKET])
    return MergedLog(
        log=log,
        new=replace(log, events=after, anonymous=None),
        user_places=user_places,
        item_places=item_places,
        n_repeated=int(repeated.sum()),
        told_by=tuple(told_by),
        known=KnownLog(histories, users, items, table, keys, anonymous),
    )


def _with_sessions_by_gap(
    events: pl.DataFrame, order: AnyInt, old: Histories, gap: timedelta
) -> pl.DataFrame:
    """The events with the keys of the sessions that all of them make together.

    A session has the key that is that of its first event already. Users whose known sessions are no
    sessions by this gap keep theirs.

    Args:
        events: the known ones, then the new ones.
        order: of all of them, by user, then time.
        old: the known events.
        gap: the longest time between two events of a session.
    """
    assert old.times is not None
    assert old.baskets is not None
    longest = gap // timedelta(microseconds=1)
    by_gap = changes(old.rows) | (np.diff(old.times, prepend=old.times[:1]) > longest)
    others = events["user"].to_numpy()[: old.n_events][by_gap != changes(old.rows, old.baskets)]
    users = events["user"].to_numpy()[order]
    times = events["time"].to_physical().to_numpy()[order]
    begins = changes(users) | (np.diff(times, prepend=times[:1]) > longest)
    keys = events[BASKET][order]
    of_first = keys.gather(np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0)))
    keys = of_first.zip_with(pl.Series(~np.isin(users, others)), keys)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return events.with_columns(keys.gather(places).alias(BASKET))


def _basket_numbers(old: Histories, events: pl.DataFrame, order: AnyInt) -> Int32 | None:
    """int32[n_events], in this order, which of the user's baskets each event belongs to.

    Only those of users with new events are numbered again.

    Args:
        old: the known events.
        events: these, then the new ones.
        order: of all of them, by user, then time.
    """
    if BASKET not in events.columns or old.baskets is None:
        return numbers_of_baskets(events, order)
    users = events["user"].to_numpy()
    with_new = np.zeros(int(users.max(initial=-1)) + 1, np.bool_)
    with_new[users[old.n_events :]] = True
    changed = with_new[users[order]]
    numbers = np.zeros(len(events), np.int32)
    numbers[: old.n_events] = old.baskets
    numbers = numbers[order]
    again = numbers_of_baskets(events, order[changed])
    assert again is not None  # there is a column of baskets
    numbers[changed] = again
    return numbers


def _histories(events: pl.DataFrame, numbers: Int32 | None, log: Dataset) -> Histories:
    """The histories of all users of a log, from its events as they stand in their order."""
    values = {
        name: events[name].to_physical().to_numpy() if name in events.columns else None
        for name in ("rating", "weight", "time", "quantity")
    }
    counts = np.bincount(events["user"].to_numpy(), minlength=log.n_users)
    return Histories(
        users=np.arange(log.n_users, dtype=np.int32),
        offsets=np.append(0, np.cumsum(counts)).astype(np.int64),
        items=events["item"].to_numpy(),
        ratings=values["rating"],
        times=values["time"],
        n_items=log.n_items,
        weights=values["weight"],
        positive=log.positive,
        baskets=numbers,
        quantities=values["quantity"],
        in_sessions=log.has_sessions,
    )


def _extended(vocabulary: Vocabulary, ids: pl.Series) -> Vocabulary:
    """The vocabulary with further ids, or the very same one where there are none."""
    further = ids.filter(pl.Series(vocabulary.indices(ids) < 0))
    if not len(further):
        return vocabulary
    both = pl.concat([vocabulary.ids, further.alias(vocabulary.ids.name)])
    return Vocabulary(both, noun=vocabulary.noun)


def _known_events(known: KnownLog, user_places: Int64, item_places: Int64) -> pl.DataFrame:
    old = known.histories
    columns = {
        "user": pl.Series(user_places[old.rows].astype(np.int32)),
        "item": pl.Series(item_places[old.items].astype(np.int32)),
    }
    columns_of = (("rating", old.ratings), ("weight", old.weights), ("quantity", old.quantities))
    for name, values in columns_of:
        if values is not None:
            columns[name] = pl.Series(values)
    if old.times is not None:
        columns["time"] = pl.Series(old.times).cast(pl.Datetime("us"))
    columns[BASKET] = keys_of_events(old, known.basket_keys)
    return pl.DataFrame(columns)


def _new_events(
    new: Dataset, users: Vocabulary, items: Vocabulary, columns: list[str]
) -> pl.DataFrame:
    """The new events with these columns, and `row`."""
    of_user, of_item = users.indices(new.users.ids), items.indices(new.items.ids)
    events = new.events.with_columns(
        pl.Series("user", of_user[new.events["user"].to_numpy()]),
        pl.Series("item", of_item[new.events["item"].to_numpy()]),
    )
    if BASKET in columns:
        keys = basket_keys(new.events[BASKET]) if new.has_baskets else pl.lit(None, pl.Int64)
        events = events.with_columns(keys.alias(BASKET))
    if "quantity" in columns:
        quantities = quantities_of(new.events)
        one = pl.lit(1.0, pl.Float32) if quantities is None else pl.Series(quantities)
        events = events.with_columns(one.alias("quantity"))
    return events.select(*columns, "row")


def _is_known(before: pl.DataFrame, after: pl.DataFrame, told_by: list[str], n_users: int) -> Bool:
    """bool[n_new], whether an event is among the known ones."""
    known = np.zeros(len(after), np.bool_)
    if not told_by:
        return known
    keys = ["user", "item", *told_by]
    wanted = np.zeros(n_users, np.bool_)
    wanted[after["user"].to_numpy()] = True
    before = before.filter(pl.Series(wanted[before["user"].to_numpy()])).select(keys)
    after = after.select(keys).with_row_index("place")
    if told_by == [BASKET]:
        after = after.drop_nulls()  # without a basket there is nothing to tell it by
    if BASKET in keys:
        filled = pl.col(BASKET).fill_null(NO_BASKET)
        before, after = before.with_columns(filled), after.with_columns(filled)
    known[after.join(before, on=keys, how="semi")["place"].to_numpy()] = True
    return known


def _merged_anonymous(
    known: KnownLog, new: Dataset, item_places: Int64, items: Vocabulary
) -> tuple[Int32, Int64] | None:
    """Items and baskets' keys of known and new events without a user; None where none are kept."""
    if known.anonymous is None:
        return None
    old_items, old_keys = known.anonymous
    new_items, new_keys = keyed_anonymous(new.anonymous)
    of_item = items.indices(new.items.ids)
    index = np.concatenate([item_places[old_items], of_item[new_items]]).astype(np.int32)
    pairs = pl.DataFrame({"item": index, BASKET: np.concatenate([old_keys, new_keys])})
    pairs = pairs.unique(maintain_order=True)
    return pairs["item"].to_numpy(), pairs[BASKET].to_numpy()


def _anonymous_events(items: Int32, keys: Int64) -> pl.DataFrame | None:
    return pl.DataFrame({"item": items, BASKET: keys}) if len(items) else None


def _joined_tables(
    old: pl.DataFrame | None, new: pl.DataFrame | None, items: Vocabulary
) -> pl.DataFrame | None:
    """A row per item with what both tables say; where both say something, the old one."""
    if old is None and new is None:
        return None
    if new is None and old is not None and len(old) == len(items):
        return old
    noun = items.noun
    joined = items.ids.alias(noun).to_frame()
    for table in (old, new):
        if table is None:
            continue
        shared = [c for c in table.columns if c in joined.columns and c != noun]
        typed = table
        for c in [c for c in shared if table.schema[c] != joined.schema[c]]:
            try:
                typed = typed.with_columns(pl.col(c).cast(joined.schema[c], strict=False))
            except pl.exceptions.PolarsError:  # such as lists and numbers
                typed, shared = typed.drop(c), [name for name in shared if name != c]
        joined = joined.join(typed, on=noun, how="left", maintain_order="left", suffix="_of_new")
        both = [pl.coalesce(c, f"{c}_of_new").alias(c) for c in shared]
        joined = joined.with_columns(both).drop(f"{c}_of_new" for c in shared)
    return joined
