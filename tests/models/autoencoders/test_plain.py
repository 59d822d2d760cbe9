from __future__ import annotations

import numpy as np
import pytest

from penchant.data.holdout import Holdout
from penchant.data.splitting import split_random
from penchant.models import Autoencoder, Popular
from penchant.testing import planted_pairs
from penchant.testing.helpers import ndcg

SMALL = {"hidden": 8, "initial_scale": 0.1, "epochs": 30}


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=60, cold_items=1)


@pytest.fixture(scope="module")
def model(log):
    return Autoencoder(**SMALL).fit(log)


def naive(model, vectors):
    hidden = 1 / (1 + np.exp(-(vectors @ model.encoder_weight_ + model.encoder_bias_)))
    return hidden @ model.decoder_weight_.T + model.decoder_bias_


def test_reconstructions_are_the_formula(log, model):
    vectors = log.histories.matrix("rating").toarray()
    found = model.reconstruct(log.histories)
    np.testing.assert_allclose(found, naive(model, vectors), atol=1e-4)
    np.testing.assert_array_equal(found, model.scores(log.histories))


def test_the_loss_is_of_all_entries_and_is_kept(log, model):
    vectors = log.histories.matrix("rating").toarray()
    assert len(model.curve_) == 30
    assert model.curve_[-1]["loss"] < model.curve_[0]["loss"]
    assert model.loss_of_zeros(log.histories) == pytest.approx(np.mean(vectors**2), rel=1e-5)
    one = Autoencoder(**SMALL | {"epochs": 1, "learning_rate": 1e-9}).fit(log)
    wanted = np.mean((naive(one, vectors) - vectors) ** 2)
    assert one.curve_[0]["loss"] == pytest.approx(wanted, rel=1e-4)


def test_the_published_start_is_far_worse_than_zeros(log):
    model = Autoencoder(epochs=1).fit(log)
    assert (model.hidden, model.initial_scale, model.batch_size) == (256, 1.0, 100)
    assert model.curve_[0]["loss"] > 5 * model.loss_of_zeros(log.histories)
    weights = np.concatenate([model.encoder_weight_.ravel(), model.decoder_weight_.ravel()])
    assert weights.std() == pytest.approx(1, abs=0.05)
    assert Autoencoder().epochs == 200


def test_small_initial_weights_find_what_the_published_ones_do_not():
    split = split_random(planted_pairs(n_users=100), validation=0, test=0.2)
    popular = ndcg(Popular().fit(split.train), split.test)
    small, published = (
        ndcg(Autoencoder(initial_scale=scale).fit(split.train), split.test) for scale in (0.1, 1.0)
    )
    assert small > 1.5 * popular > published


def test_validation_loss_is_of_histories_with_what_was_held_out(log):
    split = split_random(log, validation=0.2)
    model = Autoencoder(**SMALL).fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    held = split.validation
    wanted = held.histories.matrix("rating").toarray()
    wanted[held.rows.history, held.items] = held.ratings
    found = naive(model, held.histories.matrix("rating").toarray())
    assert min(losses) == pytest.approx(np.mean((found - wanted) ** 2), rel=1e-4)
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert model.refit(log).epochs == model.best_epoch_


def test_users_of_a_test_part_can_be_followed_by_their_own_vectors(log):
    users = log.events["user"].to_numpy()
    train, test = log.subset(users < 50), log.subset(users >= 50)
    model = Autoencoder(**SMALL).fit(train, Holdout.of(test, test))
    histories = Holdout.of(test, test).histories
    error = model.reconstruct(histories) - histories.matrix("rating").toarray()
    losses = [row["validation_loss"] for row in model.curve_]
    assert min(losses) == pytest.approx(np.mean(error**2), rel=1e-4)
    assert len(histories) == 10


def test_patience_ends_the_training(log):
    split = split_random(log, validation=0.3)
    model = Autoencoder(initial_scale=0.1, epochs=400, patience=3)
    model.fit(split.train, split.validation)
    assert len(model.curve_) == model.best_epoch_ + 3 < 400


def test_without_ratings_events_are_ones():
    log = planted_pairs(n_users=30, with_ratings=False)
    model = Autoencoder(**SMALL).fit(log)
    vectors = log.histories.matrix().toarray()
    np.testing.assert_allclose(model.scores(log.histories), naive(model, vectors), atol=1e-4)
    rated = model.history([1, 4], [5, 1])
    np.testing.assert_array_equal(model.scores(rated), model.scores(model.history([1, 4])))


def test_a_history_without_ratings_counts_at_the_mean(log, model):
    mean = float(log.ratings.mean())
    rated, unrated = model.history([1, 4], [mean, mean]), model.history([1, 4])
    np.testing.assert_allclose(model.scores(rated), model.scores(unrated), atol=1e-5)


@pytest.mark.parametrize("keep", ["user", "item"])
def test_one_user_or_one_item_is_enough(log, keep):
    few = log.subset(log.events[keep].to_numpy() == 0)
    assert np.isfinite(Autoencoder(**SMALL).fit(few).scores(few.histories)).all()
