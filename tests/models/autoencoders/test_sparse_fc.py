"""The autoencoder with kernelised weights: what it learns, new users, and updates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.metrics import RMSE
from penchant.models import Bias, SparseFC
from penchant.testing import planted_ratings
from support.little_logs import fitted_within_the_ratings, little_logs

SMALL = {"hidden": (12, 8), "l2": 2.0, "epochs": 6}


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=150), validation=0.1, test=0.2)


def test_predictions_are_better_than_biases(split):
    model = SparseFC(**SMALL | {"epochs": 15}).fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    error, trivial = (
        RMSE()(m.predict(split.test.rows), split.test.ratings)
        for m in (model, Bias().fit(split.train))
    )
    assert error < 0.98 * trivial


def test_units_of_users_are_the_ridge_solution(split):
    """Given the hidden units, with a penalty on the distance from the mean of all units."""
    model = SparseFC(**SMALL, offsets="mean").fit(split.train)
    user = split.train.histories.take([3])
    vectors, bias = model.user_rows(user)
    rated = user.matrix("rating")
    x = np.column_stack([model.item_vectors_[rated.indices], np.ones(rated.nnz)]).astype(float)
    start = np.append(model.mean_unit_, model.mean_unit_bias_)
    goal = (rated.data - model.mean_) / model.spread_ - x @ start
    penalty = np.diag([model.l2] * 8 + [5.0])
    found = start + np.linalg.solve(x.T @ x + penalty, x.T @ goal)
    assert vectors[0] / model.spread_ == pytest.approx(found[:8], abs=1e-4)
    assert (bias[0] - model.mean_) / model.spread_ == pytest.approx(found[8], abs=1e-4)


def test_a_new_user_gets_what_a_known_one_with_the_same_history_gets(split):
    model = SparseFC(**SMALL).fit(split.train)
    known = split.train.histories.take([5])
    ids = [split.train.items[n] for n in known.items]
    new = model.history(ids, known.ratings.tolist())
    assert new.users[0] == -1
    assert model.scores(new) == pytest.approx(model.scores(known), abs=1e-4)


def test_an_update_changes_the_users_of_the_new_events_alone(split):
    model = SparseFC(**SMALL).fit(split.train)
    before = model.scores(model.histories_)
    item = split.train.items[int(np.setdiff1d(np.arange(40), model.histories_.take([0]).items)[0])]
    news = pl.DataFrame({"user": [model.users_[0]], "item": [item], "rating": [5.0]})
    model.update(Dataset.from_frame(news))
    after = model.scores(model.histories_)
    assert after[1:] == pytest.approx(before[1:], abs=1e-6)
    assert np.abs(after[0] - before[0]).max() > 1e-4


def test_the_penalty_follows_the_size_of_the_log(split):
    model = SparseFC(hidden=(3,), epochs=1).fit(split.train)
    assert model.l2_ == pytest.approx(60 * (len(split.train) / 900_188) ** 0.5)
    assert SparseFC(hidden=(3,), epochs=1, l2=7).fit(split.train).l2_ == 7


def test_a_layer_is_needed():
    with pytest.raises(ParameterError, match="needs a hidden layer"):
        SparseFC(hidden=())


@little_logs
def test_logs_of_which_there_is_little(columns):
    fitted_within_the_ratings(SparseFC(**SMALL), columns)
