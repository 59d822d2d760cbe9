"""How likely an item is a success at a position, learned from other users' lists."""

from __future__ import annotations

import numpy as np

from penchant.typing import AnyInt, Float64

_FOLDS = 5
_PRIOR = 5.0  # expected successes by which an item's rate is drawn to the mean of its positions


def cross_fitted(
    user: AnyInt,
    position: AnyInt,
    item: AnyInt,
    success: Float64,
    target_item: AnyInt,
) -> tuple[Float64, Float64]:
    """The probability of success of what was shown and of what another model would have shown.

    It is the rate of the position times the item's lift, its successes over those that its
    positions let one expect, shrunken towards 1. That of a user's rows is learned from other users'
    (cross-fitting, Chernozhukov et al. 2018), so that nothing is predicted from itself.

    Args:
        user: of each row, from 0.
        position: from 1.
        item: that was shown, from 0.
        success: 1 where it was one, otherwise 0.
        target_item: that the other model would have shown, or -1 for none.

    Returns:
        float64[n_rows] for what was shown, and for what would have been (0 for none).
    """
    fold = user % _FOLDS
    n_positions = int(position.max(initial=0)) + 1
    n_items = int(max(item.max(initial=0), target_item.max(initial=0))) + 1
    shown, target = np.zeros(len(user)), np.zeros(len(user))
    for part in range(_FOLDS):
        learn, use = fold != part, fold == part
        counts = np.bincount(position[learn], minlength=n_positions)
        wins = np.bincount(position[learn], success[learn], n_positions)
        rates = wins / np.maximum(counts, 1)
        expected = np.bincount(item[learn], rates[position[learn]], n_items)
        observed = np.bincount(item[learn], success[learn], n_items)
        lift = (observed + _PRIOR) / (expected + _PRIOR)
        shown[use] = np.clip(rates[position[use]] * lift[item[use]], 0, 1)
        target[use] = np.clip(rates[position[use]] * lift[target_item[use]], 0, 1)
    target[target_item < 0] = 0.0
    return shown, target
