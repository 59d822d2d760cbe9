from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.errors import DataError, PenchantError
from penchant.metrics import RMSE
from penchant.models import Bias, RatingRBM
from penchant.testing import planted_pairs, planted_ratings

SMALL = {"hidden": 16, "batch_size": 20, "epochs": 30}
AXES = pytest.mark.parametrize("axis", ["user", "item"])


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=80, n_items=30, cold_items=1)


def strangers(users: Histories) -> Histories:
    return dataclasses.replace(users, users=np.full(len(users), -1, np.int32))


@AXES
@pytest.mark.parametrize("refine", [True, False])
def test_predictions_beat_user_and_item_biases_where_there_are_tastes(axis, refine):
    split = split_random(planted_ratings(n_users=300), validation=0, test=0.2)
    found = {
        model: RMSE()(model.fit(split.train).predict(split.test.rows), split.test.ratings)
        for model in (Bias(), RatingRBM(**SMALL, axis=axis, refine=refine))
    }
    trivial, mine = found.values()
    assert mine < 0.95 * trivial


@AXES
def test_predictions_are_scores_and_lie_on_the_scale(log, axis):
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    rows = split_random(log).test.rows
    scores = model.scores(rows.histories)
    np.testing.assert_allclose(model.predict(rows), scores[rows.history, rows.items], atol=1e-5)
    assert scores.min() >= log.ratings.min()
    assert scores.max() <= log.ratings.max()


def test_by_user_the_expected_rating_is_the_formula(log):
    model = RatingRBM(**SMALL, axis="user").fit(log)
    user = model.history([3, 9], [4.5, 1.0])
    k = len(model.values_)
    inputs = model.inputs_.reshape(-1, k, 16)
    value = [int(np.flatnonzero(model.values_ == r)[0]) for r in (4.5, 1.0)]
    on = inputs[user.items, value].sum(0) + model.hidden_bias_
    hidden = 1 / (1 + np.exp(-on))
    activity = np.exp(model.units_[:-1] @ hidden + model.biases_[:-1])
    wanted = (activity / activity.sum(1, keepdims=True)) @ model.values_
    np.testing.assert_allclose(model.scores(user)[0], wanted, atol=1e-4)


@AXES
def test_a_known_user_is_answered_from_the_history_given(log, axis):
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    users = log.histories.take(np.arange(20))
    as_strangers = model.scores(strangers(users))
    np.testing.assert_allclose(model.scores(users), as_strangers, atol=0.02)
    turned = dataclasses.replace(users, ratings=(5.5 - users.ratings).astype(np.float32))
    np.testing.assert_allclose(model.scores(turned), model.scores(strangers(turned)), atol=1e-5)
    assert np.abs(model.scores(turned) - as_strangers).mean() > 0.3


@AXES
def test_half_stars_and_large_or_odd_scales(log, axis):
    for change in (lambda r: 2 * r, lambda r: 10 * r - 25, lambda r: np.where(r > 3, 7.25, -1)):
        frame = log.frame().with_columns(
            pl.col("rating").map_batches(lambda r, change=change: pl.Series(change(r.to_numpy())))
        )
        other = Dataset.from_frame(frame)
        model = RatingRBM(**SMALL, axis=axis).fit(other)
        np.testing.assert_array_equal(model.values_, np.unique(other.ratings))
        rows = split_random(other).test.rows
        truth = split_random(other).test.ratings
        assert np.corrcoef(model.predict(rows), truth)[0, 1] > 0.5


@AXES
def test_a_rating_not_seen_counts_as_the_nearest(log, axis):
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    assert 4.4 not in model.values_
    odd, near = model.history([1, 2], [4.4, 99]), model.history([1, 2], [4.5, 5.0])
    np.testing.assert_array_equal(model.scores(odd), model.scores(near))


def test_too_many_values_are_refused(log):
    rng = np.random.default_rng(0)
    frame = log.frame().with_columns(rating=pl.Series(rng.random(len(log))))
    with pytest.raises(DataError, match="round the ratings"):
        RatingRBM(**SMALL).fit(Dataset.from_frame(frame))


@AXES
@pytest.mark.parametrize(
    ("users", "items", "ratings"),
    [([1, 1, 2], [1, 2, 1], [3.0, 3.0, 3.0]), ([1, 1], [1, 2], [2.0, 5.0]), ([1], [1], [2.0])],
)
def test_the_smallest_logs(axis, users, items, ratings):
    frame = pl.DataFrame({"user": users, "item": items, "rating": ratings})
    model = RatingRBM(axis=axis).fit(Dataset.from_frame(frame))
    for who in (model.histories_, model.history([1], [3.0]), model.history([])):
        scores = model.scores(who)
        assert np.isfinite(scores).all()
        assert scores.min() >= min(ratings)
        assert scores.max() <= max(ratings)


@AXES
def test_an_empty_history_gets_about_the_mean_of_each_item(log, axis):
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    scores = model.scores(model.history([]))[0]
    means = np.bincount(log.events["item"], log.ratings, log.n_items)[:30] / log.item_counts[:30]
    assert np.corrcoef(scores[:30], means)[0, 1] > 0.8
    np.testing.assert_array_equal(
        model.scores(Histories.of([], n_items=log.n_items, user=4))[0], scores
    )


@AXES
def test_the_mean_unit_stands_for_what_training_has_not_seen(log, axis):
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    user = log.histories.take([3])
    cold = int(np.flatnonzero(log.item_counts == 0)[0])
    rows = Rows(user, np.zeros(2, np.int32), np.array([-1, cold], np.int32))
    outside, within = model.predict(rows)
    assert outside == pytest.approx(within, abs=1e-5)


def test_unrated_items_count_with_their_usual_ratings():
    log = planted_pairs(n_users=100)
    model = RatingRBM(**SMALL, axis="user").fit(log)
    group = np.arange(40) % 2
    mine = model.scores(model.history([1, 3, 5, 7, 9]))[0]
    other = model.scores(model.history([2, 4, 6, 8, 10]))[0]
    # Ids count from 1: the first history is of group 0.
    assert (mine - other)[group == 0].mean() > (mine - other)[group == 1].mean() + 0.5


@AXES
def test_similar_items_are_those_of_the_same_taste(axis):
    log = planted_pairs(n_users=100)
    model = RatingRBM(**SMALL, axis=axis).fit(log)
    found = model.similar_items(list(range(1, 41)), k=5)
    assert (found["item"] % 2 == found["similar"] % 2).mean() > 0.95


@AXES
def test_validation_decides_when_to_stop_and_refit_takes_that_over(log, axis):
    split = split_random(log, validation=0.2)
    model = RatingRBM(**SMALL | {"epochs": 80}, axis=axis, patience=4, refine=False)
    model.fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) == min(80, model.best_epoch_ + 4)
    found = RMSE()(model.predict(split.validation.rows), split.validation.ratings)
    assert found == pytest.approx(min(losses), abs=1e-5)
    again = model.refit(log)
    assert again.epochs == model.best_epoch_ == len(again.curve_)


def test_more_steps_of_contrastive_divergence_come_with_the_epochs(log):
    one, more, late = (
        RatingRBM(**SMALL | {"epochs": 6}, gibbs_steps=steps, gibbs_epochs=every).fit(log)
        for steps, every in ((1, 3), (3, 3), (3, 100))
    )
    np.testing.assert_array_equal(one.hidden_, late.hidden_)
    losses = [[row["loss"] for row in model.curve_] for model in (one, more)]
    assert losses[0][:3] == losses[1][:3]
    assert losses[0][3] != losses[1][3]


def test_divergence_is_an_error_that_says_what_to_do(log):
    with pytest.raises(PenchantError, match="lower the learning rate"):
        RatingRBM(**SMALL | {"epochs": 200}, learning_rate=1e20).fit(log)
