"""A history without some of its items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.data.histories import Histories
from penchant.typing import Int32, Int64


def without(history: Histories, left_out: Sequence[Int32]) -> Histories:
    """The history of one user once for each of these arrays of items, without any of them."""
    kept = [np.flatnonzero(~np.isin(history.items, items)) for items in left_out]
    events: Int64 = np.concatenate([np.empty(0, np.int64), *kept])
    lengths = [len(k) for k in kept]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return history.select(np.repeat(history.users, len(kept)), offsets, events)
