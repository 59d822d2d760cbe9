from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.errors import DataError, ParameterError
from penchant.models import EASE, ContentEASE, SparseEASE
from penchant.models.shared.item_weights import EASE_RIDGE
from penchant.testing import planted_pairs


def test_weights_equal_the_plain_formula():
    log = planted_pairs(cold_items=3)
    model = EASE(l2=20).fit(log)
    x = log.histories.matrix().toarray().astype(float)
    p = np.linalg.inv(x.T @ x + 20 * np.eye(log.n_items))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    np.testing.assert_allclose(model.weights_, b, atol=1e-6)
    np.testing.assert_allclose(model.scores(log.histories), x @ b, atol=1e-5)
    assert (model.weights_[40:] == 0).all()


def test_contributions_are_exact_also_for_repeated_events():
    model = EASE(l2=20).fit(planted_pairs())
    user = model.history([1, 5, 1, 7])
    items = np.array([3, 0, 30], np.int32)
    parts = model.contributions(user, items)
    np.testing.assert_allclose(parts.sum(1), model.scores(user)[0, items], rtol=1e-5)
    assert (parts[:, 0] == 0).all()
    assert (parts[:, 1] != 0).all()
    with pytest.raises(ParameterError, match="one user at a time"):
        model.contributions(model.histories_, items)


def test_catalogues_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"above max_items=39"):
        EASE(max_items=39).fit(planted_pairs())


def test_the_default_ridge_follows_the_events_of_a_usual_item():
    columns = [("u", "a"), ("u", "b"), ("v", "a"), ("w", "a"), ("w", "b"), ("w", "c")]
    log = Dataset.from_frame(pl.DataFrame(columns, ["user", "item"], orient="row"))
    usual = (3 * 3 + 2 * 2 + 1 * 1) / 6  # items of six events have 3, 2 and 1 of them
    for model in (EASE(), SparseEASE(), ContentEASE()):
        assert model.fit(log).l2_ == pytest.approx(EASE_RIDGE * usual)
    np.testing.assert_allclose(
        EASE().fit(log).weights_, EASE(l2=EASE_RIDGE * usual).fit(log).weights_, rtol=1e-6
    )
    assert EASE(l2=7).fit(log).l2_ == 7


def test_the_default_ridge_takes_weights_for_events():
    frame = pl.DataFrame({"user": ["u", "v"], "item": ["a", "b"], "weight": [2.0, 1.0]})
    model = EASE().fit(Dataset.from_frame(frame))
    weights = model.histories_.matrix("weight").data
    squares = np.sort(weights**2)
    assert model.l2_ == pytest.approx(EASE_RIDGE * (squares**2).sum() / squares.sum())


@pytest.mark.parametrize("weights", [None, [1.0, 4.0, 2.0, 1.0]])
def test_later_events_count_more(weights):
    model = EASE(l2=20, recency=0.5).fit(planted_pairs())
    items = [1, 5, 2, 7]
    user = Histories.of(items, n_items=len(model.items_), weights=weights)
    x = np.zeros(len(model.items_))
    x[items] = user.event_weights / np.sqrt([4, 3, 2, 1])
    np.testing.assert_allclose(model.scores(user)[0], x @ model.weights_, rtol=1e-4, atol=1e-7)
    chosen = np.array([3, 0, 30], np.int32)
    parts = model.contributions(user, chosen)
    np.testing.assert_allclose(parts.sum(1), model.scores(user)[0, chosen], rtol=1e-4, atol=1e-7)


def test_of_an_item_the_last_event_counts():
    model = EASE(l2=20, recency=1.0).fit(planted_pairs())
    twice, once = (Histories.of(items, n_items=40) for items in ([3, 1, 3], [1, 3]))
    np.testing.assert_allclose(model.scores(twice), model.scores(once), rtol=1e-5)
