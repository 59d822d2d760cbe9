"""Splits that others made: a training file, a test file, and perhaps candidate lists."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError
from penchant.typing import Int32


def split_predefined(
    train: pl.DataFrame,
    test: pl.DataFrame,
    *,
    validation: pl.DataFrame | None = None,
    candidates: pl.DataFrame | None = None,
    user_table: pl.DataFrame | None = None,
    item_table: pl.DataFrame | None = None,
    name: str = "predefined",
    sentence: str = "As given by the files.",
    scale: tuple[float, float] | None = None,
) -> Split:
    """Make a split from frames with the columns user, item and optionally rating and time.

    `candidates` has the columns `user` and `items` (a list of negatives for each user); the
    user's test items join the list, and only these are ranked.

    Raises:
        DataError: a test user has no candidates, or candidate items are unknown to all tables.
    """
    parts = [(train, TRAIN), (test, TEST)]
    if validation is not None:
        parts.insert(1, (validation, VALIDATION))
    frames = [part.with_columns(side=pl.lit(side, pl.UInt8)) for part, side in parts]
    if candidates is not None and item_table is None:
        offered = candidates["items"].explode().unique().sort()
        known = pl.concat([frame["item"] for frame in frames])
        ids = pl.concat([offered.cast(known.dtype), known]).unique().sort()
        item_table = ids.alias("item").to_frame()
    merged = pl.concat(frames, how="diagonal").drop("row", strict=False)
    log = Dataset.from_frame(
        merged, user_table=user_table, item_table=item_table, name=name, scale=scale
    )
    sides = log.events["side"].to_numpy()
    log = Dataset(
        events=log.events.drop("side"),
        users=log.users,
        items=log.items,
        user_table=log.user_table,
        item_table=log.item_table,
        name=name,
        scale=scale,
    )
    split = Split(log=log, sides=sides, kind="predefined", sentence=sentence, ties="As given.")
    if candidates is None:
        return split
    lists = _candidate_lists(split, candidates)
    negatives = int(candidates["items"].list.len().max())  # type: ignore[arg-type]
    return Split(
        log=log,
        sides=sides,
        kind="predefined",
        sentence=f"{sentence} Only {negatives} given negatives are ranked with each positive.",
        ties="As given.",
        candidates=lists,
        negatives=negatives,
    )


def _candidate_lists(split: Split, candidates: pl.DataFrame) -> Int32:
    """int32[n_test_users, n]: each test user's positives and negatives, padded with -1."""
    log, test = split.log, split.test
    pairs = candidates.select("user", "items").explode("items").drop_nulls("items")
    users = log.users.indices(candidates["user"])
    users = users[users >= 0]
    pairs = pairs.filter(pl.Series(log.users.indices(pairs["user"]) >= 0))
    items = log.items.indices(pairs["items"])
    if (items < 0).any():
        raise DataError(f"{(items < 0).sum()} candidate items are in no table of the split.")
    position = np.full(log.n_users, -1, np.int64)
    position[test.histories.users] = np.arange(test.n_users)
    owner = np.concatenate([position[log.users.indices(pairs["user"])], test.rows.history])
    offered = np.concatenate([items, test.items])
    # Published lists name a positive among the negatives now and then: each item counts once.
    keys = np.unique(owner[owner >= 0] * log.n_items + offered[owner >= 0])
    owner, offered = np.divmod(keys, log.n_items)
    counts = np.bincount(owner, minlength=test.n_users)
    without = np.setdiff1d(test.rows.history, position[users])
    if len(without):
        user = log.users[int(test.histories.users[without[0]])]
        raise DataError(f"{len(without)} test users have no candidate list, such as {user!r}.")
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    lists = np.full((test.n_users, int(counts.max())), -1, np.int32)
    lists[owner, np.arange(len(owner)) - starts[owner]] = offered
    return lists
