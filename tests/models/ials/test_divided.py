"""Rows of both tables in shares, beside the fit of one process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.distributed.object_store import LocalObjects
from penchant.models import IALS
from penchant.models.ials import block_steps
from penchant.models.ials.divided import _bounds
from penchant.run import Run
from penchant.testing import planted_pairs


def in_shares(model, log, n_shares):
    """Fitted as workers would, in this process."""
    fitted = model.clone().fit(log)
    fitted._fit_divided(log, LocalObjects(), n_shares, Run())
    return fitted


def assert_alike(found, expected):
    for name in ("user_factors_", "item_factors_"):
        one, two = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, two, atol=2e-4 * np.abs(two).max())


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=90, n_items=50)


@pytest.mark.parametrize("n_shares", [1, 3, 200])
def test_shares_come_to_what_one_process_does(log, n_shares):
    """More shares than items leave some without rows."""
    model = IALS(dim=8, epochs=4)
    assert_alike(in_shares(model, log, n_shares), model.clone().fit(log))


def test_weights_count(log):
    weights = np.random.default_rng(0).uniform(0.1, 4, len(log)).astype(np.float32)
    weighted = replace(log, events=log.events.with_columns(weight=pl.Series(weights)))
    model = IALS(dim=8, epochs=4, nu=0.5)
    found = in_shares(model, weighted, 3)
    assert_alike(found, model.clone().fit(weighted))
    assert np.abs(found.user_factors_ - in_shares(model, log, 3).user_factors_).max() > 0.01


def test_loops_need_not_be_compiled(log, monkeypatch):
    model = IALS(dim=8, epochs=4)
    expected = in_shares(model, log, 3)
    monkeypatch.setattr(block_steps, "AVAILABLE", False)
    monkeypatch.setattr(block_steps, "_CELLS", 40)  # some events at a time
    assert_alike(in_shares(model, log, 3), expected)


def test_users_and_items_without_events_have_zeros(log):
    some = log.subset((log.events["user"] > 4).to_numpy() & (log.events["item"] != 3).to_numpy())
    found = in_shares(IALS(dim=8, epochs=2), some, 3)
    assert not found.user_factors_[:5].any()
    assert not found.item_factors_[3].any()
    assert found.user_factors_[5:].any(axis=1).all()


def test_shares_have_as_many_events_and_each_row_once():
    counts = np.array([1, 1, 1, 1, 96, 1, 1, 1, 1, 96])
    assert _bounds(counts, 2).tolist() == [0, 5, 10]
    for n_shares in (1, 3, 7, 40):
        bounds = _bounds(counts, n_shares)
        assert (bounds[0], bounds[-1]) == (0, 10)
        assert (np.diff(bounds) >= 0).all()
    assert _bounds(np.zeros(4, np.int64), 2)[-1] == 4


def test_one_user_or_one_item_are_divided_too():
    for users, items in (([1, 1, 1], [7, 8, 9]), ([1, 2, 3], [7, 7, 7]), ([1], [7])):
        one = pn.read(pl.DataFrame({"user": users, "item": items}), user="user", item="item")
        found = in_shares(IALS(dim=4, epochs=2), one, 2)
        assert_alike(found, IALS(dim=4, epochs=2).fit(one))
