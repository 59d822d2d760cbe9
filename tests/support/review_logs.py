"""A log of reviews with planted words and repetitions."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset


def reviews(n=200, **further):
    """Good items are praised, bad ones are not; every tenth text is repeated over all items."""
    rng = np.random.default_rng(3)
    item = rng.integers(0, 8, n)
    rating = np.where(item < 5, 5.0, np.where(item < 7, 2.0, 3.0))
    words = np.where(rating > 3, "lovely sound", "terrible noise")
    user = rng.integers(0, 30, n)
    columns = {
        "user": [f"u{u}" for u in user],
        "item": [f"i{i}" for i in item],
        "rating": rating,
        "text": [f"{w} number{k}" for k, w in enumerate(words)],
        "summary": words,
        "verified": [bool(v) for v in rating > 2],
    }
    return Dataset.from_frame(pl.DataFrame(columns | further), scale=(1, 5), name="reviews")
