from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset


def test_figures_by_hand():
    log = Dataset.from_frame(
        pl.DataFrame(
            {
                "user": [1, 1, 2, 2],
                "item": ["a", "b", "a", "a"],
                "rating": [1.0, 2.0, 4.0, 5.0],
                "time": [datetime(2020, 1, day) for day in (1, 2, 3, 4)],
            }
        ),
        item_table=pl.DataFrame({"item": ["a", "b", "c"]}),
        name="tiny",
    )
    summary = pn.summary(log)
    assert (summary.n_events, summary.n_users, summary.n_items) == (4, 2, 2)
    assert summary.n_catalogue == 3
    assert summary.density == pytest.approx(3 / 4)  # the repeated pair counts once
    assert summary.rating_mean == 3
    assert summary.rating_histogram == ((1, 1), (2, 1), (4, 1), (5, 1))
    assert summary.events_per_item["max"] == 3
    assert summary.gini == pytest.approx(0.25)
    assert summary.top_1_percent == pytest.approx(0.75)
    assert json.loads(json.dumps(summary.to_dict()))["last"] == "2020-01-04T00:00:00"
    assert "(and 1 without events)" in str(summary)


def test_without_ratings_times_and_events():
    log = Dataset.from_frame(pl.DataFrame({"user": [1, 2], "item": [1, 1]}))
    summary = pn.summary(log)
    assert (summary.rating_mean, summary.first, summary.rating_histogram) == (None, None, ())
    empty = pn.summary(log.subset(np.array([False, False])))
    assert (empty.n_events, empty.gini, empty.density) == (0, 0, 0)
    assert str(empty)


def test_many_distinct_ratings_are_binned():
    frame = pl.DataFrame({"user": range(100), "item": range(100), "rating": range(100)})
    assert len(pn.summary(Dataset.from_frame(frame)).rating_histogram) == 20


def test_baskets_and_events_without_a_user():
    events = pl.DataFrame({"user": [1, 1, 2], "item": ["a", "b", "a"], "basket": [7, 7, 7]})
    anonymous = pl.DataFrame({"item": ["a", "c"], "basket": [9, None]}, strict=False)
    summary = pn.summary(Dataset.from_frame(events, anonymous=anonymous))
    assert (summary.n_events, summary.n_baskets, summary.n_anonymous) == (3, 3, 2)
    assert "without a user" in str(summary)
    plain = pn.summary(Dataset.from_frame(events.drop("basket")))
    assert (plain.n_baskets, plain.n_anonymous) == (None, 0)
    assert "baskets" not in str(plain)
