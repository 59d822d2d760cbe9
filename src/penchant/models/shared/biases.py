"""Deviations of users and items from the mean rating, which several models build on."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.typing import AnyArray, Csr, Float32, Float64, Int32, Int64

_STILL = 1e-8  # changes of deviations below that are lost in single precision


def fit_biases(
    train: Dataset, l2_user: float, l2_item: float, *, steps: int = 15
) -> tuple[float, Float32]:
    """The mean rating and float32[n_items], each item's deviation, fitted jointly with users'.

    Minimises sum (r - mean - b_i - b_u)^2 + l2_item * sum b_i^2 + l2_user * sum b_u^2 by
    alternating exact steps, which converge in a few rounds.
    """
    user = train.events["user"].to_numpy()
    item = train.events["item"].to_numpy()
    mean = float(train.ratings.mean(dtype=np.float64))
    rest = train.ratings.astype(np.float64) - mean
    user_total = np.bincount(user, rest, train.n_users)
    item_total = np.bincount(item, rest, train.n_items)
    user_count = train.user_counts + l2_user
    item_count = train.item_counts + l2_item
    # Sums of the others' deviations are products with this matrix, quicker than sums over events.
    ones, shape = np.ones(len(train)), (train.n_users, train.n_items)
    events: Csr = sparse.coo_array((ones, (user, item)), shape=shape).tocsr()
    transposed = events.T
    by_user = np.zeros(train.n_users)
    by_item = np.zeros(train.n_items)
    for _ in range(steps):
        before = by_item
        by_item = _ratio(item_total - transposed @ by_user, item_count)
        if np.abs(by_item - before).max(initial=0) < _STILL:
            break
        by_user = _ratio(user_total - events @ by_item, user_count)
    return mean, by_item.astype(np.float32)


def residuals(users: Histories, mean: float, item_bias: Float32, l2_user: float) -> Csr:
    """csr[n_users, n_items], ratings less what biases lead one to expect; never exactly 0."""
    rated = users.matrix("rating")
    rows = np.repeat(np.arange(len(users)), np.diff(rated.indptr))
    base = np.float32(mean) + user_biases(users, mean, item_bias, l2_user)
    rated.data -= base[rows] + item_bias[rated.indices]
    rated.data[rated.data == 0] = 1e-12
    return rated


def user_biases(users: Histories, mean: float, item_bias: Float32, l2_user: float) -> Float32:
    """float32[n_users], how far each user's history lies above what its items lead one to expect.

    Users without ratings get 0.
    """
    total, count = user_sums(users, mean, item_bias)
    return _ratio(total, count + l2_user).astype(np.float32)


def user_sums(
    users: Histories, mean: float, item_bias: Float32 | None = None
) -> tuple[Float64, Int64]:
    """Each user's sum of ratings above `mean` (and above the items' deviations), and the count.

    Without ratings both are zero: such a history says nothing about the user's scale.
    """
    if users.ratings is None:
        return np.zeros(len(users)), np.zeros(len(users), np.int64)
    rest = users.ratings.astype(np.float64) - mean
    if item_bias is not None:
        rest -= item_bias[users.items]
    return np.bincount(users.rows, rest, len(users)).astype(np.float64), users.lengths


def of_items(values: Float32, items: Int32, unknown: float) -> Float32:
    """float32[n], the value of each item; `unknown` for an index of -1."""
    if not len(items) or items.min() >= 0:
        return values[items]
    return np.where(items >= 0, values[items], np.float32(unknown))


def _ratio(total: AnyArray, count: AnyArray) -> Float64:
    return np.asarray(np.divide(total, count, out=np.zeros(len(total)), where=count > 0))
