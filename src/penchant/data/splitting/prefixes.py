"""Sequences that judge by every item but the first: each shorter prefix as a user of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.sorting import ranges
from penchant.data.splits import GIVEN, TEST, UNUSED, VALIDATION, Split
from penchant.errors import DataError
from penchant.typing import Int32, Int64, UInt8
from penchant.wording import counted

_MOST_COPIES = 20_000_000  # events of prefixes


def with_prefixes(split: Split, targets: Int64) -> Split:
    """The split with a new user for each shorter prefix of the sessions that judge.

    Args:
        split: without these.
        targets: int64[n], positions in the order of histories of the events to predict.

    Raises:
        DataError: prefixes would have more than 20 million events.
    """
    log = split.log
    order, offsets, users = log.event_order, log.histories.offsets, log.histories.rows
    sides = split.sides[order]
    targets = targets[sides[targets] == GIVEN]  # the last of each session is there already
    lengths = targets - offsets[users[targets]] + 1
    if lengths.sum() > _MOST_COPIES:
        raise DataError(
            f"Prefixes of the held-out sessions of {log.name!r} have {lengths.sum():,} events "
            "together, which is too many: predict the last items alone, without augment=True "
            "(--augment), or hold out less."
        )
    if not len(targets):
        return split
    starts = np.cumsum(lengths) - lengths
    copied = ranges(offsets[users[targets]], lengths)
    owner = np.repeat(np.arange(len(targets)), lengths)
    new_sides = np.full(len(copied), GIVEN, np.uint8)
    target_of_user = _judged(sides, users, log.n_users)
    new_sides[starts + lengths - 1] = target_of_user[users[targets]]
    keep = sides[copied] != UNUSED
    frame = log.frame()
    ids = _new_ids(log, users[targets], targets)
    copies = frame[order[copied[keep]]].with_columns(user=ids.gather(owner[keep]))
    table = log.item_table
    if table is None:
        table = log.items.ids.alias("item").to_frame()
    longer = Dataset.from_frame(
        pl.concat([frame, copies]),
        user_table=log.user_table,
        item_table=table,
        name=log.name,
        scale=log.scale,
        positive=log.positive,
        in_sessions=log.in_sessions,
        origin=log.origin,
        anonymous=log.anonymous_frame(),
    )
    return replace(
        split,
        log=replace(longer, item_table=log.item_table),
        sides=np.concatenate([split.sides, new_sides[keep]]),
        sentence=f"{split.sentence} {counted(len(targets), 'shorter prefix', 'shorter prefixes')} "
        "are users of their own.",
    )


def _judged(sides: UInt8, users: Int32, n_users: int) -> UInt8:
    """uint8[n_users], whether each user judges in test or validation."""
    of_user = np.full(n_users, UNUSED, np.uint8)
    for side in (VALIDATION, TEST):
        of_user[users[sides == side]] = side
    return of_user


def _new_ids(log: Dataset, users: Int32, targets: Int64) -> pl.Series:
    """An id for each prefix that no user has: numbers after all, or a text with its position."""
    if log.users.kind == "integer":
        above = int(log.users.ids.max()) + 1  # type: ignore[arg-type]
        return pl.Series(np.arange(len(targets)) + above)
    prefixes = pl.DataFrame([log.users.take(users).alias("user"), pl.Series("place", targets)])
    return prefixes.select(pl.format("{} (prefix {})", "user", "place")).to_series()
