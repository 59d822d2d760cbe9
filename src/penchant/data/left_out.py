"""Histories without some of their items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.data.histories import Histories
from penchant.typing import AnyInt, Int32, Int64


def without(
    histories: Histories, left_out: Sequence[Int32], owners: AnyInt | None = None
) -> Histories:
    """Histories without some of their items, one for each array of these.

    Args:
        histories: of one user, or of several.
        left_out: arrays of items.
        owners: int[n], out of which of the histories each array is left; None for the first.
    """
    owners = np.zeros(len(left_out), np.int64) if owners is None else owners
    kept = [np.empty(0, np.int64)]
    for owner, items in zip(owners, left_out, strict=True):
        start, stop = histories.offsets[owner], histories.offsets[owner + 1]
        kept.append(start + np.flatnonzero(~np.isin(histories.items[start:stop], items)))
    events: Int64 = np.concatenate(kept)
    offsets = np.cumsum([len(k) for k in kept]).astype(np.int64)
    return histories.select(histories.users[owners], offsets, events)
