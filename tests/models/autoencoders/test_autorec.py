from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.metrics import RMSE
from penchant.models import AutoRec, Bias
from penchant.testing import planted_pairs, planted_ratings

SMALL = {"hidden": 24, "l2": 3.0, "learning_rate": 0.02, "batch_size": 16, "epochs": 12}
AXES = pytest.mark.parametrize("axis", ["item", "user"])
OFFSETS = pytest.mark.parametrize("offsets", ["mean", "biases"])


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=120, cold_items=1)


def strangers(histories):
    return replace(histories, users=np.full(len(histories), -1, np.int32))


def reduced(model, log):
    """Ratings less offsets, standardised, dense; and where there are ratings."""
    rated = log.histories.matrix("rating")
    seen = np.zeros(rated.shape, bool)
    seen[np.repeat(np.arange(log.n_users), np.diff(rated.indptr)), rated.indices] = True
    offsets = np.full(rated.shape, model.mean_)
    if model.offsets == "biases":
        offsets = Bias().fit(log).scores(log.histories)
    return np.where(seen, (rated.toarray() - offsets) / log.ratings.std(), 0), seen, offsets


@OFFSETS
def test_scores_by_users_are_the_formula(log, offsets):
    model = AutoRec(**SMALL, axis="user", offsets=offsets, presence=2).fit(log)
    rest, seen, base = reduced(model, log)
    sums = (rest + 2 * seen) @ model.encoder_weight_ + model.encoder_bias_
    output = (1 / (1 + np.exp(-sums))) @ model.item_vectors_.T * log.ratings.std()
    output += model.item_bias_ - model.offset_
    np.testing.assert_allclose(model.scores(log.histories), base + output, atol=1e-4)


@OFFSETS
def test_output_units_of_users_are_the_minimum_for_their_histories(log, offsets):
    model = AutoRec(**SMALL, offsets=offsets).fit(log)
    rest, seen, base = reduced(model, log)
    items = model.item_vectors_.astype(float)
    for user in (0, 7):
        mine = items[seen[user]]
        apart = model.user_units_[user] - model.mean_unit_
        bias = model.user_unit_bias_[user]
        error = mine @ model.user_units_[user] + bias - rest[user, seen[user]]
        # The derivatives of sum error^2 + l2 / 2 |unit - mean|^2 + strength (bias - mean)^2.
        strength = 20 if offsets == "biases" else 5
        np.testing.assert_allclose(mine.T @ error + model.l2 / 2 * apart, 0, atol=1e-3)
        assert error.sum() + strength * (bias - model.mean_unit_bias_) == pytest.approx(0, abs=1e-3)
        output = items @ model.user_units_[user] + bias
        wanted = base[user] + output * log.ratings.std()
        np.testing.assert_allclose(model.scores(log.histories)[user], wanted, atol=1e-4)
    assert np.abs(apart).max() > 1e-3


@AXES
def test_a_new_user_gets_what_a_known_one_with_that_history_gets(log, axis):
    model = AutoRec(**SMALL, axis=axis).fit(log)
    one, two = (model.scores(h) for h in (log.histories, strangers(log.histories)))
    np.testing.assert_allclose(one, two, atol=1e-4)


@AXES
def test_a_changed_history_of_a_known_user_counts(log, axis):
    model = AutoRec(**SMALL, axis=axis).fit(log)
    before = log.histories.take([4])
    after = replace(before, ratings=6 - before.ratings)
    changed = model.scores(after) - model.scores(before)
    np.testing.assert_allclose(model.scores(after), model.scores(strangers(after)), atol=1e-5)
    assert np.abs(changed).max() > 0.2


@AXES
def test_a_user_of_whom_nothing_is_known_gets_about_the_items_means(log, axis):
    model = AutoRec(**SMALL, axis=axis).fit(log)
    scores = model.scores(model.history([]))[0]
    item = log.events["item"].to_numpy()
    means = np.bincount(item, log.ratings, log.n_items)[:40] / log.item_counts[:40]
    assert np.corrcoef(scores[:40], means)[0, 1] > 0.9
    assert np.sqrt(np.mean((scores[:40] - means) ** 2)) < 0.4
    unrated = model.scores(model.history([1, 2, 3]))[0]
    np.testing.assert_allclose(unrated, scores, atol=1e-6)


@AXES
def test_it_finds_taste_that_biases_cannot(axis):
    split = split_random(planted_ratings(n_users=300), validation=0, test=0.2)
    model = AutoRec(**SMALL | {"epochs": 40}, axis=axis).fit(split.train)
    truth = split.test.ratings
    bias = RMSE()(Bias().fit(split.train).predict(split.test.rows), truth)
    assert RMSE()(model.predict(split.test.rows), truth) < 0.95 * bias


@AXES
def test_predictions_are_scores_within_the_scale(log, axis):
    model = AutoRec(**SMALL, axis=axis).fit(log)
    rows = split_random(log).test.rows
    scores = model.scores(rows.histories)[rows.history, rows.items]
    np.testing.assert_allclose(model.predict(rows), scores.clip(1, 5), atol=1e-5)
    narrow = AutoRec(**SMALL, axis=axis).fit(replace(log, scale=(2.9, 3.1)))
    found = narrow.predict(rows)
    assert (found.min(), found.max()) == (np.float32(2.9), np.float32(3.1))


@AXES
def test_validation_decides_when_to_stop_and_refit_takes_that_over(log, axis):
    split = split_random(log, validation=0.2)
    model = AutoRec(**SMALL | {"epochs": 80}, axis=axis, patience=3)
    model.fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) == model.best_epoch_ + 3 < 80
    again = model.refit(log)
    assert again.epochs == model.best_epoch_ == len(again.curve_)
    error = RMSE()(model.predict(split.validation.rows), split.validation.ratings)
    if axis == "user":
        assert error == pytest.approx(min(losses), rel=1e-4)
    else:  # users' units are fitted once more at the end
        assert error == pytest.approx(min(losses), rel=0.05)


def test_validation_of_unknown_users_alone_is_left_out(log):
    users = log.events["user"].to_numpy()
    split = split_random(log, validation=0.2)
    held = split.validation
    nobody = replace(held.rows, histories=strangers(held.histories))
    model = AutoRec(**SMALL).fit(log.subset(users < 99), replace(held, rows=nobody))
    assert "validation_loss" not in model.curve_[0]


def test_items_without_ratings_do_not_break_vectors(log):
    for axis in ("item", "user"):
        model = AutoRec(**SMALL, axis=axis).fit(log)
        assert model.item_vectors().shape == (41, 24)
        assert np.isfinite(model.item_vectors()).all()
    assert (model.item_vectors()[40] == 0).all()


@AXES
def test_little_and_dull_logs(log, axis):
    users, items = (log.events[c].to_numpy() for c in ("user", "item"))
    for few in (log.subset(users == 0), log.subset(items == 0), log.subset(np.arange(1))):
        model = AutoRec(**SMALL, axis=axis).fit(few)
        assert np.isfinite(model.scores(few.histories)).all()
    same = Dataset.from_frame(log.frame().drop("row").with_columns(rating=4.0), scale=(1, 5))
    found = AutoRec(**SMALL, axis=axis).fit(same).scores(same.histories)
    np.testing.assert_allclose(found, 4, atol=0.2)


def test_impossible_things_are_refused():
    with pytest.raises(DataError, match="learns from ratings"):
        AutoRec().fit(planted_pairs(with_ratings=False))
    with pytest.raises(ParameterError, match="axis cannot be"):
        AutoRec(axis="row")
