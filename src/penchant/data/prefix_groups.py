"""Histories that are prefixes of one sequence, as augmented test files of sessions have them."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.data.sorting import ranges
from penchant.typing import Bool, Int32, Int64

FEW = 0.1
"""Neighbouring lines may begin alike by chance: a smaller share of them means nothing."""


def prefix_groups(
    histories: Histories, offsets: Int64, items: Int32, source_rows: Int64
) -> Int64 | None:
    """Which held-out users belong together, because one sequence was made into several of them.

    Published test files of sessions often hold a session of n items as n - 1 lines, each a prefix
    of the one before it (or after it): a history, and the item to be foretold. These lines are not
    independent of each other.

    Args:
        histories: what is known of each user.
        offsets: int64[n_users + 1], where the held-out events of each user start and end.
        items: int32[n_rows], the held-out items; there is one at least for each user.
        source_rows: int64[n_rows], the rows of the held-out events in their source: users whose
            first rows follow each other are neighbours.

    Returns:
        int64[n_users], the same number for those who belong together, counted from 0; None where
        fewer than a tenth of the users continue the sequence of the one before.
    """
    n = len(histories)
    if n < 2:
        return None
    order = np.argsort(source_rows[offsets[:-1]], kind="stable")
    known, held_out = histories.lengths, np.diff(offsets)
    starts = np.append(0, np.cumsum(known + held_out))
    whole = np.empty(starts[-1], np.int32)
    whole[ranges(starts[:-1], known)] = histories.items
    whole[ranges(starts[:-1] + known, held_out)] = items
    one, next_one = order[:-1], order[1:]
    length = known + held_out
    shared = np.minimum(length[one], length[next_one])
    pairs = np.flatnonzero((shared > 1) & (length[one] != length[next_one]))
    for place in (0, 1):  # most neighbours differ at once
        same = whole[starts[one[pairs]] + place] == whole[starts[next_one[pairs]] + place]
        pairs = pairs[same]
    joined = np.zeros(n - 1, np.bool_)
    joined[pairs] = _equal(whole, starts[one[pairs]], starts[next_one[pairs]], shared[pairs])
    if joined.sum() < FEW * n:
        return None
    groups = np.empty(n, np.int64)
    groups[order] = np.append(0, np.cumsum(~joined))
    return groups


def _equal(values: Int32, starts: Int64, others: Int64, lengths: Int64) -> Bool:
    """bool[n], whether runs of the same length, at least 1, have the same values."""
    if not len(lengths):
        return np.zeros(0, np.bool_)
    same = values[ranges(starts, lengths)] == values[ranges(others, lengths)]
    equal: Bool = np.logical_and.reduceat(same, np.cumsum(lengths) - lengths)
    return equal
