from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.encoders import sentiment_classifier
from penchant.metrics import AUC

SMALL = {"words": 40, "dim": 12, "filters": 16, "batch_size": 32, "learning_rate": 3e-3}


def test_the_published_network():
    model = sentiment_classifier("cnn")
    assert model.n_parameters == 191_860
    assert (model.epochs, model.batch_size, model.words, model.length) == (10, 16, 100, 20)


def test_curves_and_the_epoch_kept(reviews, others):
    model = sentiment_classifier("cnn", epochs=12, patience=2, **SMALL)
    model.fit(reviews.texts, reviews.stars, validation=(others.texts, others.stars))
    keys = {"epoch", "loss", "validation_loss", "accuracy", "validation_accuracy", "seconds"}
    assert all(set(row) == keys for row in model.curve_)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == int(np.argmin(losses)) + 1
    assert len(losses) == min(12, model.best_epoch_ + 2)
    chance = model.predict_proba(others.texts).astype(float)
    accuracy = np.mean((chance > 0.5) == others.labels)
    # Both outputs are sigmoids of their own, so that decisions by one may differ in a few rows.
    assert accuracy == pytest.approx(
        model.curve_[model.best_epoch_ - 1]["validation_accuracy"], abs=0.02
    )


@pytest.mark.parametrize(
    "option",
    [
        {"balance": "weights"},
        {"balance": "over"},
        {"balance": "under"},
        {"augment": 0.1},
        {"dropout": 0.2},
        {"batch_norm": True},
    ],
)
def test_tools_against_imbalance(reviews, others, option):
    model = sentiment_classifier("cnn", epochs=8, **SMALL, **option).fit(
        reviews.texts, reviews.stars
    )
    odds = model.log_odds(others.texts)
    assert AUC()(odds, others.labels) > 0.8
    if option.get("balance"):
        plain = sentiment_classifier("cnn", epochs=8, **SMALL).fit(reviews.texts, reviews.stars)
        # More of the rare class is called so.
        assert (odds < 0).sum() > (plain.log_odds(others.texts) < 0).sum()


def test_the_column_that_is_read(reviews, others):
    model = sentiment_classifier("cnn", epochs=2, **SMALL).fit(reviews.texts, reviews.stars)
    changed = others.texts.with_columns(text=pl.lit("other words"))
    np.testing.assert_array_equal(model.log_odds(changed), model.log_odds(others.texts))
