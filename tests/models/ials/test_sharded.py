"""Rows of both tables in shards, beside the fit of one process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.support.factors import assert_alike

import penchant as pn
from penchant.distributed.object_store import LocalObjects
from penchant.models import IALS
from penchant.models.ials import conjugate_gradients_by_blocks
from penchant.models.ials.sharded import _bounds
from penchant.run import Run
from penchant.testing import planted_pairs


def in_shards(model, log, n_shards):
    """Fitted as workers would, in this process."""
    fitted = model.clone().fit(log)
    fitted._fit_sharded(log, LocalObjects(), n_shards, Run())
    return fitted


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=90, n_items=50)


@pytest.mark.parametrize("n_shards", [1, 3, 200])
def test_shards_come_to_what_one_process_does(log, n_shards):
    """More shards than items leave some without rows."""
    model = IALS(dim=8, epochs=4)
    assert_alike(in_shards(model, log, n_shards), model.clone().fit(log))


def test_weights_count(log):
    weights = np.random.default_rng(0).uniform(0.1, 4, len(log)).astype(np.float32)
    weighted = replace(log, events=log.events.with_columns(weight=pl.Series(weights)))
    model = IALS(dim=8, epochs=4, nu=0.5)
    found = in_shards(model, weighted, 3)
    assert_alike(found, model.clone().fit(weighted))
    assert np.abs(found.user_factors_ - in_shards(model, log, 3).user_factors_).max() > 0.01


def test_loops_need_not_be_compiled(log, monkeypatch):
    model = IALS(dim=8, epochs=4)
    expected = in_shards(model, log, 3)
    monkeypatch.setattr(conjugate_gradients_by_blocks, "AVAILABLE", False)
    monkeypatch.setattr(conjugate_gradients_by_blocks, "_CELLS", 40)  # some events at a time
    assert_alike(in_shards(model, log, 3), expected)


def test_users_and_items_without_events_have_zeros(log):
    some = log.subset((log.events["user"] > 4).to_numpy() & (log.events["item"] != 3).to_numpy())
    found = in_shards(IALS(dim=8, epochs=2), some, 3)
    assert not found.user_factors_[:5].any()
    assert not found.item_factors_[3].any()
    assert found.user_factors_[5:].any(axis=1).all()


def test_shards_have_as_many_events_and_each_row_once():
    counts = np.array([1, 1, 1, 1, 96, 1, 1, 1, 1, 96])
    assert _bounds(counts, 2).tolist() == [0, 5, 10]
    for n_shards in (1, 3, 7, 40):
        bounds = _bounds(counts, n_shards)
        assert (bounds[0], bounds[-1]) == (0, 10)
        assert (np.diff(bounds) >= 0).all()
    assert _bounds(np.zeros(4, np.int64), 2)[-1] == 4


def test_one_user_or_one_item_are_sharded_too():
    for users, items in (([1, 1, 1], [7, 8, 9]), ([1, 2, 3], [7, 7, 7]), ([1], [7])):
        one = pn.read(pl.DataFrame({"user": users, "item": items}), user="user", item="item")
        found = in_shards(IALS(dim=4, epochs=2), one, 2)
        assert_alike(found, IALS(dim=4, epochs=2).fit(one))
