from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.models.shared.fading import fading

ROWS = [(0, 5, 1.0), (0, 3, 4.0), (0, 5, 1.0), (0, 4, 0.0001), (1, 3, 7.0), (1, 4, 7.0)]


def test_items_below_the_mean_of_a_user_fade():
    log = Dataset.from_frame(pl.DataFrame(ROWS, ["user", "item", "weight"], orient="row"))
    users = log.histories
    found = users.matrix("seen")
    found.data = found.data * fading(users)
    mean = 6.0001 / 3  # over three items, the weights of one adding up
    items = log.items.indices([5, 3, 4])
    np.testing.assert_allclose(found.toarray()[0, items], [2 / mean, 1, 0.0001 / mean], rtol=1e-4)
    np.testing.assert_array_equal(found.toarray()[1, items], [0, 1, 1])
    assert fading(replace(users, weights=None)) is None


def test_events_that_are_not_positive_have_weights_too():
    frame = pl.DataFrame(ROWS, ["user", "item", "weight"], orient="row")
    log = Dataset.from_frame(frame.with_columns(rating=pl.Series([1, 5, 1, 5, 5, 1])))
    liked = replace(log, positive=4.0)
    np.testing.assert_array_equal(fading(liked.histories), fading(log.histories))
