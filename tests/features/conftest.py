from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset


@pytest.fixture(scope="session")
def books() -> Dataset:
    """Ratings from 1 to 10 with tables of both sides; users like or dislike authors."""
    rng = np.random.default_rng(3)
    n_users, n_items, n = 40, 50, 900
    author, country = np.arange(n_items) % 10, np.arange(n_users) % 4
    keys = rng.choice(n_users * n_items, n, replace=False)
    user, item = keys // n_items, keys % n_items
    taste = rng.normal(0, 1.5, (n_users, 10))
    bias = rng.normal(0, 1, n_users)
    ratings = 6 + bias[user] + taste[user, author[item]] + rng.normal(0, 0.7, n)
    events = pl.DataFrame({"user": user, "item": item, "rating": ratings.round().clip(1, 10)})
    items = pl.DataFrame(
        {
            "item": range(n_items + 2),  # two of them are new
            "author": [f"Author {a}" for a in author] + ["Author 1", "Author 1"],
            "year": [None if n % 7 == 0 else 1950 + n for n in range(n_items + 2)],
            "tags": [["new", "old"][: 1 + n % 2] for n in range(n_items + 2)],
        }
    )
    users = pl.DataFrame({"user": range(n_users), "country": [f"land {c}" for c in country]})
    return Dataset.from_frame(
        events, user_table=users, item_table=items, name="books", scale=(1.0, 10.0)
    )
