"""Rows of parameters that are trained or kept for some users or items alone."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.models.fitted_attributes import Array, integers
from penchant.typing import AnyInt, Float32, Int32, Int64

_SHARE = 4  # fewer than one in so many have events


def rows_of_users(users: AnyInt, n_users: int) -> Int32:
    """int32[n_users], the row of each of these users, in their order, and -1 for all others."""
    rows = np.full(n_users, -1, np.int32)
    rows[users] = np.arange(len(users))
    return rows


def declared_rows(below: str) -> Array:
    """What `rows_of_users` gives, as a fitted attribute: rows of an axis, or -1."""
    return integers("users", dtype="int32", low=-1, below=below)


def rows_to_train(counts: Int64) -> Int32:
    """int32[n_trained], those with events where they are few, and otherwise all.

    Networks whose cost grows with users times items, or with a row of weights for each, would
    spend nearly all of it on rows that no event tells anything of.

    Args:
        counts: int64[n], the number of events of each user or item.
    """
    active = np.flatnonzero(counts)
    some = active if len(active) * _SHARE < len(counts) else np.arange(len(counts))
    return some.astype(np.int32)


def of_all_items(outputs: Float32, trained: Int32, n_items: int, others: Float32) -> Float32:
    """float32[n_users, n_items], outputs of a network for some items, and what all others get.

    Args:
        outputs: float32[n_users, n_trained].
        trained: int32[n_trained], the items, ascending.
        n_items: items in the vocabulary.
        others: what is broadcast to the columns of other items.
    """
    if len(trained) == n_items:
        return outputs
    found = np.empty((len(outputs), n_items), np.float32)
    found[:] = others
    found[:, trained] = outputs
    return found


def training_shape(train: Dataset, axis: Literal["user", "item"]) -> tuple[int, int]:
    """How many rows with events and how many columns a network is trained on.

    Args:
        train: the log.
        axis: whether a row is a user or an item; its columns are the items, or some of the users.
    """
    counts = train.user_counts if axis == "user" else train.item_counts
    n_columns = train.n_items if axis == "user" else len(rows_to_train(train.user_counts))
    return int(np.count_nonzero(counts)), n_columns
