"""Draw the users whose lists a study shows, and name what they rated highest."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data import Dataset
from penchant.typing import AnyInt, Bool, Int64


def draw_users(
    counts: AnyInt,
    ratings: tuple[int, int],
    at_least: int,
    n: int,
    seed: int,
    among: Bool | None = None,
) -> Int64:
    """Indices of users drawn among those with a usual number of ratings.

    Args:
        counts: int[n_users], ratings of each user.
        ratings: fewest and most ratings of a user who is drawn.
        at_least: where fewer users have so many ratings, all with any are drawn from.
        n: how many are drawn at most.
        seed: of the draw.
        among: bool[n_users], who may be drawn; by default everybody.
    """
    allowed = np.ones(len(counts), bool) if among is None else among
    usual = np.flatnonzero(allowed & (counts >= ratings[0]) & (counts <= ratings[1]))
    if len(usual) < at_least:
        usual = np.flatnonzero(allowed & (counts > 0))
    return np.random.default_rng(seed).permutation(usual)[:n]


def favourites(log: Dataset, user: int, n: int = 3) -> list[str]:
    """Titles of the items that a user, by index, rated highest; each title once."""
    events = log.events.filter(pl.col("user") == user)
    best = events.sort("rating", descending=True, maintain_order=True)
    return list(dict.fromkeys(log.titles(best["item"].to_numpy())))[:n]
