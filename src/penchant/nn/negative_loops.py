"""Compiled loops of negative sampling."""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled, loop_range
from penchant.nn.known_pairs import KnownPairs, is_known
from penchant.nn.splitmix64 import GAMMA, below, splitmix64
from penchant.typing import Int64


@compiled
def draw_negatives(
    users: Int64, known: KnownPairs, n_items: int, rounds: int, seed: np.uint64, drawn: Int64
) -> None:
    """Write items that are none of their users'; see `UniformNegatives.draw`.

    Args:
        users: int64[n].
        known: the users' items.
        n_items: items to draw from.
        rounds: how often a drawn item of the user's own is replaced.
        seed: of the random numbers.
        drawn: int64[n, per_user], written.
    """
    for n in loop_range(len(users)):
        has_some = users[n] + 1 < len(known.offsets)
        state = splitmix64(seed + np.uint64(n) * GAMMA)
        for k in range(drawn.shape[1]):
            state += GAMMA
            item = below(splitmix64(state), n_items)
            for _ in range(rounds):
                if not has_some or not is_known(known, users[n], item):
                    break
                state += GAMMA
                item = below(splitmix64(state), n_items)
            drawn[n, k] = item
