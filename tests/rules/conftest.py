from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.models import EASE
from penchant.testing import planted_pairs


@pytest.fixture(scope="session")
def shop():
    """A log of 40 users and 24 items with times, brands, genres, prices, stock and releases."""
    frame = planted_pairs(n_users=40, n_items=24).frame().drop("row")
    frame = frame.with_columns(pl.format("i{}", "item").alias("item"))
    start = datetime(2024, 1, 1)
    times = pl.Series("time", [start + timedelta(hours=n) for n in range(len(frame))])
    ids = sorted(frame["item"].unique())
    table = pl.DataFrame(
        {
            "item": ids,
            "title": [f"Thing {i}" for i in ids],
            "brand": ["Acme", "Bolt", None, "Core"] * (len(ids) // 4),
            "genres": [["a", "b"], ["a"], ["c"], []] * (len(ids) // 4),
            "price": [float(n) for n in range(len(ids) - 1)] + [None],
            "stock": [n % 5 for n in range(len(ids))],
            "released": [(start + timedelta(days=n)).date() for n in range(len(ids))],
        }
    )
    return Dataset.from_frame(frame.with_columns(times), item_table=table, name="shop")


@pytest.fixture(scope="session")
def model(shop):
    return EASE(l2=10).fit(shop)
