"""Random numbers for compiled loops, by SplitMix64.

Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014). Each loop has a
state of its own, which it moves on by `GAMMA`, so that the order of loops says nothing.
"""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_inline

GAMMA = np.uint64(0x9E3779B97F4A7C15)


@compiled_inline
def splitmix64(state: np.uint64) -> np.uint64:
    """The finaliser: the random number of a state."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled_inline
def below(number: np.uint64, limit: int) -> int:
    """From 0 to limit - 1, as evenly as 32 bits allow."""
    return int(((number >> np.uint64(32)) * np.uint64(limit)) >> np.uint64(32))
