"""Logs of baskets, as shops have them."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset


def log_of_baskets(baskets: dict[str, list[str]]) -> Dataset:
    """A log from each user's baskets in order, an item a letter; a day lies between two."""
    rows = [
        (user, item, f"{user}{number}", 86_400 * number)
        for user, own in baskets.items()
        for number, basket in enumerate(own)
        for item in basket
    ]
    frame = pl.DataFrame(rows, ["user", "item", "basket", "time"], orient="row")
    return Dataset.from_frame(
        frame.with_columns(pl.from_epoch(pl.col("time"), time_unit="s")), name="shop"
    )


def random_baskets(seed: int, n_users: int = 40, n_items: int = 12) -> Dataset:
    """Users who take things again: each has favourites, and now and then something else."""
    rng = np.random.default_rng(seed)
    letters = [chr(97 + item) for item in range(n_items)]
    baskets = {}
    for user in range(n_users):
        favourites = rng.choice(n_items, 3, replace=False)
        own = []
        for _ in range(int(rng.integers(3, 9))):
            taken = {*favourites[rng.random(3) < 0.7], int(rng.integers(n_items))}
            own.append("".join(letters[item] for item in taken))
        baskets[f"u{user:02}"] = own
    return log_of_baskets(baskets)
