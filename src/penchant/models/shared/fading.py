"""Inputs of networks that reconstruct what users had: events of little weight fade."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.histories import Histories
from penchant.typing import Float32

ALIKE = 1e-6
"""How far a weight may be below the mean and count whole."""


def fading(users: Histories) -> Float32 | None:
    """float32[n_pairs] at most 1, in the order of `users.matrix("seen").data`.

    None where events have no weights. An item whose weight is at least the mean of the user's
    items counts whole, one of half of that half, so that it comes closer to an item that the user
    does not have.
    """
    if users.weights is None:
        return None
    weights = replace(users, positive=None).matrix("weight").data
    return np.where(weights > 1 - ALIKE, np.float32(1), weights).astype(np.float32)
