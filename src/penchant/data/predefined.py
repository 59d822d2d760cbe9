"""Splits that others published: training and test events, and perhaps candidate lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.polars_frames import Frame, as_polars
from penchant.data.split_parts import joined_parts
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION, Split
from penchant.data.splitting.prefixes import with_prefixes
from penchant.errors import DataError, ParameterError
from penchant.typing import Int32
from penchant.wording import counted

_SIDES = {"training": TRAIN, "validation": VALIDATION, "test": TEST}


def split_predefined(
    train: Frame,
    test: Frame,
    *,
    validation: Frame | None = None,
    candidates: Frame | None = None,
    user_table: Frame | None = None,
    item_table: Frame | None = None,
    name: str = "predefined",
    sentence: str = "As given by the files.",
    scale: tuple[float, float] | None = None,
) -> Split:
    """Make a split from frames with the columns user, item and optionally rating and time.

    They are of Polars, pandas or Arrow. Other usual names of these columns, such as `user_id` or
    `timestamp`, are known, and a warning says which are taken. Where ids are numbers in one frame
    and texts in another all become texts, so that 7 and "7" are the same id. Times are read as by
    `Dataset.from_frame`: datetimes, dates, texts, or numbers since 1970 in s, ms, µs or ns, by
    their magnitude. `candidates` has the columns `user` and `items` (a list of negatives for each
    user); the user's test items join the list, and only these are ranked.

    Raises:
        DataError: a frame lacks a column, or has one that does not go with that of another frame,
            an id is null, a rating is not finite, something is no time, a test user has no
            candidates, or candidate items are unknown to all tables.

    Example:
        >>> train = pl.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "b"]})
        >>> test = pl.DataFrame({"user": [1, 2], "item": ["c", "a"]})
        >>> split = pn.split_predefined(train, test)
        >>> len(split.train), len(split.test)
        (3, 2)
    """
    given = {"training": train, "validation": validation, "test": test}
    parts = {
        what: as_polars(part, f"the table of {what} events")
        for what, part in given.items()
        if part is not None
    }
    negatives = None if candidates is None else as_polars(candidates, "the table of candidates")
    events, negatives = joined_parts(parts, negatives, name)
    if negatives is not None and item_table is None:
        listed = negatives["items"].explode().drop_nulls().alias("item")
        item_table = pl.concat([listed, events["item"]]).unique().sort().to_frame()
    log = Dataset.from_frame(
        events, user_table=user_table, item_table=item_table, name=name, scale=scale
    )
    sides = [side for what, side in _SIDES.items() if given[what] is not None]
    split = Split(
        log=log,
        sides=np.repeat(sides, [len(part) for part in parts.values()]).astype(np.uint8),
        kind="predefined",
        sentence=sentence,
        ties="As given.",
    )
    if negatives is None:
        return split
    n = int(negatives["items"].list.len().max() or 0)  # type: ignore[arg-type]
    return replace(
        split,
        sentence=f"{sentence} Only {n} given negatives are ranked with each positive.",
        candidates=_candidate_lists(split, negatives),
        negatives=n,
    )


def hold_out_validation(split: Split, share: float, seed: int = 0) -> Split:
    """The split with a share of its training events held out for validation, drawn at random.

    Raises:
        ParameterError: the share is not between 0 and 1, or the split has validation events.
        DataError: there are too few training events.
    """
    _check_share_of_training(split, share)
    train = np.flatnonzero(split.sides == TRAIN)
    n = max(1, round(len(train) * share))
    if n >= len(train):
        raise DataError(f"There are too few training events, {len(train)}, to hold out {share:g}.")
    sides = split.sides.copy()
    sides[np.random.default_rng(seed).permutation(train)[:n]] = VALIDATION
    return replace(
        split,
        sides=sides,
        seed=seed,
        sentence=f"{split.sentence} {share:.0%} of the training events, drawn at random (seed "
        f"{seed}), are for validation.",
    )


def hold_out_last_sequences(split: Split, share: float, *, augment: bool = False) -> Split:
    """The split with the last events of the latest training users held out for validation.

    Of the training users in the order of the log, whose sequences these are, the last ones with two
    events or more: what comes before the last event stays in training. This is how published
    sequences, whose lines stand in the order of time, are validated without a look at later ones.

    Args:
        split: with sequences for users.
        share: of the training users.
        augment: every event of theirs but the first is predicted from those before it, as test
            files of augmented prefixes have it: each shorter prefix is a user of its own, with a
            new id, and none of their events stays in training.

    Raises:
        ParameterError: the share is not between 0 and 1, or the split has validation events.
        DataError: there are too few training users.
    """
    _check_share_of_training(split, share)
    train = np.flatnonzero(split.sides == TRAIN)
    users = split.log.events["user"].to_numpy()[train]
    counts = np.bincount(users, minlength=split.log.n_users)
    _, first = np.unique(users, return_index=True)
    in_order = users[np.sort(first)]
    able = in_order[counts[in_order] > 1]
    n = max(1, round(len(in_order) * share))
    if n >= len(able):
        raise DataError(
            f"There are too few training sequences with two events or more, {len(able):,}, to hold "
            f"out {share:g} of {len(in_order):,}: lower the share for validation."
        )
    by_user = split.log.event_order
    by_user = by_user[split.sides[by_user] == TRAIN]
    owners = split.log.events["user"].to_numpy()[by_user]
    is_last = np.append(owners[1:] != owners[:-1], True)
    held_out = np.isin(owners, able[-n:])
    sides = split.sides.copy()
    if augment:
        sides[by_user[held_out]] = GIVEN
    sides[by_user[is_last & held_out]] = VALIDATION
    each, others = (
        ("every item but the first", "is not in training")
        if augment
        else ("the last items", "stays in training")
    )
    split = replace(
        split,
        sides=sides,
        sentence=f"{split.sentence} For validation {each} of the latest {n:,} of "
        f"{counted(len(in_order), 'training sequence')}, as far as these have two or more; what "
        f"comes before {others}.",
    )
    if not augment:
        return split
    order = split.log.event_order
    chosen = np.zeros(len(split.log), np.bool_)
    chosen[by_user[held_out & np.append(False, owners[1:] == owners[:-1])]] = True
    return with_prefixes(split, np.flatnonzero(chosen[order]))


def _check_share_of_training(split: Split, share: float) -> None:
    if not 0 < share < 1:
        raise ParameterError(f"The share for validation must be between 0 and 1, not {share:g}.")
    if (split.sides == VALIDATION).any():
        raise ParameterError("The split has validation events.")


def _candidate_lists(split: Split, candidates: pl.DataFrame) -> Int32:
    """int32[n_test_users, n]: each test user's positives and negatives, padded with -1."""
    log, test = split.log, split.test
    position = np.full(log.n_users + 1, -1, np.int64)  # the last cell is for unknown users
    position[test.histories.users] = np.arange(test.n_users)
    listed = position[log.users.indices(candidates["user"])]
    missing = np.setdiff1d(np.arange(test.n_users), listed)
    if len(missing):
        user = log.users[int(test.histories.users[missing[0]])]
        users = counted(len(missing), "test user has", "test users have")
        raise DataError(f"{users} no candidate list, such as {user!r}.")
    pairs = candidates.select("user", "items").explode("items").drop_nulls("items")
    pairs = pairs.filter(pl.Series(log.users.indices(pairs["user"]) >= 0))
    negatives = log.items.indices(pairs["items"])
    if (negatives < 0).any():
        raise DataError(f"{(negatives < 0).sum()} candidate items are in no table of the split.")
    owner = np.concatenate([position[log.users.indices(pairs["user"])], test.rows.history])
    items = np.concatenate([negatives, test.items])
    # Published lists name a positive among the negatives now and then: each item counts once.
    keys = np.unique(owner[owner >= 0] * log.n_items + items[owner >= 0])
    owner, items = np.divmod(keys, log.n_items)
    counts = np.bincount(owner, minlength=test.n_users)
    starts = np.cumsum(counts) - counts
    lists = np.full((test.n_users, int(counts.max())), -1, np.int32)
    lists[owner, np.arange(len(owner)) - starts[owner]] = items
    return lists
