"""How many were bought: kept with the events, and nothing that models learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import PenchantError
from penchant.models import make
from penchant.opinions import continued
from penchant.testing import planted_orders


@pytest.fixture(scope="module")
def orders():
    return pn.read(planted_orders(n_customers=40), quiet=True)


def test_frames_and_parquet_keep_them(orders, tmp_path):
    assert orders.weights is None
    assert orders.quantities.max() > 1
    orders.frame().write_parquet(tmp_path / "orders.parquet")
    for frame in (orders.frame(), pl.read_parquet(tmp_path / "orders.parquet")):
        again = Dataset.from_frame(frame)
        np.testing.assert_array_equal(again.quantities, orders.quantities)
        assert again.events.schema["quantity"] == pl.Float32
    read = pn.read(tmp_path / "orders.parquet", quiet=True)
    np.testing.assert_array_equal(read.quantities, orders.quantities)
    assert read.weights is None


def test_what_is_not_above_zero_is_not_known():
    frame = pl.DataFrame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "quantity": [2, 0, -1, None]})
    log = Dataset.from_frame(frame)
    assert log.events["quantity"].to_list() == [2, None, None, None]
    assert log.quantities.tolist() == log.histories.quantities.tolist() == [2, 1, 1, 1]
    named = Dataset.from_frame(frame.with_columns(quantity=pl.lit("a few")))
    assert named.quantities is None
    assert named.events["quantity"].to_list() == ["a few"] * 4


def test_filters_and_histories_keep_them(orders):
    some = pn.where(orders, "quantity > 1")
    assert some.quantities.min() > 1
    split = pn.split_next_basket(orders)
    assert split.train.quantities is not None
    histories = split.test.histories
    by_row = dict(zip(orders.events["row"], orders.quantities, strict=True))
    events = orders.subset(split.is_known).events
    first = int(histories.users[3])
    rows = events.filter(pl.col("user") == first).sort("time", maintain_order=True)["row"]
    one = histories.take([3])
    assert one.quantities.tolist() == [by_row[row] for row in rows]
    assert one.weights is None


def test_sums_of_duplicates():
    frame = pl.DataFrame(
        {
            "user": [1, 1, 2],
            "item": ["a", "a", "a"],
            "quantity": [2, 3, 4],
            "price": [1.0, 1.0, 1.0],
        }
    )
    log = pn.drop_duplicates(Dataset.from_frame(frame), keep="sum")
    assert log.frame().select("user", "weight", "quantity").rows() == [(1, 2, 5), (2, 1, 4)]


@pytest.mark.parametrize("spec", ["ease", "item-knn", "popular", "ials:epochs=2"])
def test_models_learn_the_same_with_and_without(spec, orders):
    without = replace(orders, events=orders.events.drop("quantity"))
    scores = []
    for log in (orders, without):
        model = make(spec).fit(log)
        scores.append(model.scores(log.histories))
    np.testing.assert_array_equal(*scores)


def test_bundles_keep_them_and_damage_is_found(orders, tmp_path):
    model = make("popular").fit(orders)
    back = restore(save(model, tmp_path / "bundle"))
    np.testing.assert_array_equal(back.histories_.quantities, orders.histories.quantities)
    quantities = orders.histories.quantities.copy()
    quantities[3] = np.nan
    model.histories_ = replace(model.histories_, quantities=quantities)
    with pytest.raises(PenchantError, match="a quantity that is not a number above 0"):
        restore(save(model, tmp_path / "damaged"))


def test_histories_that_go_on_have_none(orders):
    model = make("ease").fit(orders)
    longer, _ = continued(model, orders.histories.take([0]), np.array([1, 2], np.int32), None)
    assert isinstance(longer, Histories)
    assert longer.quantities is None
    assert len(longer.take([0]).items) == longer.n_events
