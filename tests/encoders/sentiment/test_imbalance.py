from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders import sentiment_classifier
from penchant.encoders.sentiment.imbalance import (
    augmented,
    class_weights,
    resampled,
    row_weights,
    validation_weights,
)
from penchant.encoders.text.ragged import Ragged
from penchant.errors import ParameterError

LABELS = np.array([True] * 90 + [False] * 10)


def test_weights_make_classes_alike():
    weight = row_weights(LABELS, "weights", 0)
    assert weight[LABELS].sum() == pytest.approx(weight[~LABELS].sum())
    assert weight.mean() == pytest.approx(1)
    assert class_weights(np.ones(3, bool)).tolist() == [1, 1, 1]


def test_sampling_makes_classes_alike():
    rng = np.random.default_rng(0)
    over = resampled(LABELS, "over", rng)
    assert LABELS[over].mean() == 0.5
    assert set(over) == set(range(100))
    under = resampled(LABELS, "under", rng)
    assert len(under) == len(set(under)) == 20
    assert LABELS[under].mean() == 0.5
    assert resampled(LABELS, "none", rng).tolist() == list(range(100))
    # What is drawn is what it weighs.
    assert row_weights(LABELS, "over", 3).sum() == 180


@pytest.mark.parametrize("balance", ["weights", "over", "under"])
def test_validation_weighs_classes_as_training_does(balance):
    held_out = np.array([True] * 6 + [False] * 4)
    weight = validation_weights(LABELS, held_out, balance)
    assert weight.shape == (10, 1)
    assert weight.mean() == pytest.approx(1)
    assert weight[9] / weight[0] == pytest.approx(9)
    assert validation_weights(LABELS, held_out, "none") is None
    assert validation_weights(np.ones(3, bool), held_out, balance) is None


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cnn", {"words": 40, "dim": 12, "filters": 16, "batch_size": 32}),
        ("bag", {"networks": 1, "dim": 8, "buckets": 16}),
    ],
)
def test_training_stops_by_the_balanced_loss(reviews, name, settings):
    # Where both parts are the same rows, validation must see the loss of training.
    stars = np.where(reviews.labels, 5.0, 1.0)
    model = sentiment_classifier(
        name, balance="weights", epochs=2, learning_rate=0.01, **settings
    ).fit(reviews.texts, stars, validation=(reviews.texts, stars))
    odds = model.log_odds(reviews.texts)
    loss = np.logaddexp(0, np.where(reviews.labels, -odds, odds))
    found = model.curve_[-1]["validation_loss"]
    assert found == pytest.approx((loss * class_weights(reviews.labels)).mean(), abs=0.002)
    assert found != pytest.approx(loss.mean(), abs=0.01)


def test_an_unknown_treatment():
    with pytest.raises(ParameterError, match="one of none, weights, over, under"):
        resampled(LABELS, "more", np.random.default_rng(0))


@pytest.fixture
def words():
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 9, 300)
    return Ragged.of(lengths, np.arange(1, lengths.sum() + 1))


def test_swapped_words_stay_in_their_text(words):
    found = augmented(words, np.random.default_rng(1), drop=0, swap=0.5)
    assert found.offsets.tolist() == words.offsets.tolist()
    for before, after in zip(
        np.split(words.values, words.offsets[1:-1]),
        np.split(found.values, found.offsets[1:-1]),
        strict=True,
    ):
        assert sorted(after) == before.tolist()
    moved = np.abs(found.values - words.values)
    assert moved.max() == 1
    assert 0.3 < moved.mean() < 0.7


def test_dropped_words_keep_their_order_and_no_text_becomes_empty(words):
    found = augmented(words, np.random.default_rng(1), drop=0.7, swap=0)
    assert (found.lengths[words.lengths > 0] > 0).all()
    assert (np.diff(found.values) > 0).all()
    assert 0.25 < len(found.values) / len(words.values) < 0.5


def test_the_same_seed_makes_the_same_variant(words):
    one, two = (augmented(words, np.random.default_rng(4)) for _ in range(2))
    assert one.values.tolist() == two.values.tolist()
    with pytest.raises(ParameterError):
        augmented(words, np.random.default_rng(4), drop=1.0)
