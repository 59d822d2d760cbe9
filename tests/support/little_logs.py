"""Logs of which there is little, by their columns, with which models of ratings are tested."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data import Rows
from penchant.data.dataset import Dataset

little_logs = pytest.mark.parametrize(
    "columns",
    [
        {"user": [1], "item": [7], "rating": [4.0]},
        {"user": [1, 2, 3], "item": [7, 7, 7], "rating": [4.0, 2.0, 5.0]},
        {"user": [1, 1, 1], "item": [7, 8, 9], "rating": [4.0, 2.0, 5.0]},
        {"user": [1, 1, 2], "item": [7, 8, 7], "rating": [3.0, 3.0, 3.0]},
    ],
    ids=["one event", "one item", "one user", "constant ratings"],
)
"""A log of one event, of one item, of one user, and of one and the same rating."""


def fitted_within_the_ratings(model, columns):
    """The log, to which the model is fitted: no prediction lies beyond the ratings it has seen."""
    log = Dataset.from_frame(pl.DataFrame(columns))
    model.fit(log)
    items = np.arange(log.n_items, dtype=np.int32)
    for user in range(log.n_users):
        found = model.predict(Rows(log.histories.take([user]), items * 0, items))
        assert (found >= min(columns["rating"])).all()
        assert (found <= max(columns["rating"])).all()
    return log
