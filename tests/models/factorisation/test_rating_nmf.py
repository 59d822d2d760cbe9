"""NMF of ratings: fillings against the plain procedure, and logs of little."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from sklearn import decomposition

import penchant as pn
from penchant.errors import DataError
from penchant.models import Bias, RatingNMF
from penchant.testing.logs import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=50, n_items=30, cold_items=1)


def test_fillings_are_those_of_the_plain_procedure(log):
    """Whole matrices, with scikit-learn's classes, as the paper writes them."""
    model = RatingNMF(dim=3, epochs=2, l2=0.01).fit(log)
    ratings = log.histories.matrix("rating").toarray()[:, :30].astype(float)
    seen = log.histories.matrix("seen").toarray()[:, :30] > 0
    bias = Bias(l2_user=5, l2_item=5).fit(log)
    expected = np.asarray(bias.scores(log.histories), float)[:, :30]
    low, high = model.low_, model.high_
    filled = np.where(seen, ratings, expected.clip(low, high)) - low
    options = {"alpha_W": 0.01, "alpha_H": 0.01, "tol": 0, "random_state": 0}
    first = decomposition.NMF(3, max_iter=20, **options)
    w = first.fit_transform(filled)
    filled = np.where(seen, ratings - low, (w @ first.components_).clip(0, high - low))
    second = decomposition.NMF(3, init="custom", max_iter=3, **options)
    second.fit_transform(filled, W=w, H=first.components_.copy())
    np.testing.assert_allclose(model.item_factors_[:30].T, second.components_, atol=2e-3)
    assert (model.item_factors_[30] == 0).all()


def test_more_fillings_fit_the_observed_ratings_better(log):
    model = RatingNMF(dim=4, epochs=10, l2=0).fit(log)
    losses = [row["loss"] for row in model.curve_]
    assert all(later < earlier for earlier, later in itertools.pairwise(losses[1:]))


def test_validation_decides_the_number_of_fillings(log):
    split = pn.split_random(log, validation=0.2, test=0.1)
    model = RatingNMF(dim=8, epochs=40, l2=0).fit(split.train, split.validation)
    best = min(model.curve_, key=lambda row: row["validation_loss"])
    assert model.best_epoch_ == best["epoch"] < 40
    assert model.refit(log).epochs == model.best_epoch_


def test_changed_histories_are_folded_in(log):
    model = RatingNMF(dim=4).fit(log)
    known = model.histories_.take([3])
    ids = model.items_.take(known.items).to_list()
    same = model.history(ids, known.ratings.tolist())
    np.testing.assert_allclose(model.scores(same), model.scores(known), atol=1e-4)


def test_items_and_users_without_ratings_are_predicted_by_deviations(log):
    model = RatingNMF(dim=4).fit(log)
    nobody, somebody = model.history([]), model.history([1, 2, 3], [5.0, 4.0, 5.0])
    bias = Bias(l2_user=5, l2_item=5).fit(log)
    np.testing.assert_allclose(model.scores(nobody), bias.scores(nobody).clip(1, 5), atol=1e-4)
    np.testing.assert_allclose(
        model.scores(somebody)[0, 30], bias.scores(somebody)[0, 30].clip(1, 5), atol=1e-4
    )


@pytest.mark.parametrize(
    "rows",
    [
        [("u", "a", 3.0), ("v", "a", 5.0)],  # one item
        [("u", "a", 1.0), ("u", "b", 4.0), ("u", "c", 2.0)],  # one user
        [(u, i, 4.0) for u in "uvw" for i in "abc"],  # constant ratings
    ],
)
def test_logs_of_little(rows):
    log = pn.read(pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row"))
    model = RatingNMF().fit(log)
    scores = model.scores(model.histories_)
    ratings = [rating for *_, rating in rows]
    assert np.isfinite(scores).all()
    assert scores.min() >= min(ratings) - 1e-5
    assert scores.max() <= max(ratings) + 1e-5


def test_what_does_not_fit_into_memory_is_refused(log, monkeypatch):
    monkeypatch.setattr("penchant.memory.available_memory", lambda: 1000)
    with pytest.raises(DataError, match="Fitting RatingNMF to 50 users and 31 items takes"):
        RatingNMF().fit(log)


def test_no_number_of_epochs_makes_a_new_user_wait(log):
    model = RatingNMF(dim=2, epochs=2).fit(log)
    history = model.history(log.items.take([0, 1, 2]).to_list(), [5, 1, 4])
    model.best_epoch_ = 50
    slowest = model.scores(history)
    model.best_epoch_ = 1 << 60  # as an altered bundle may have it
    np.testing.assert_array_equal(model.scores(history), slowest)
