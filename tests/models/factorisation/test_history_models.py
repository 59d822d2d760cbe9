"""SVD++ and asymmetric SVD: their formulas, new users, and logs of which there is little."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.metrics import RMSE
from penchant.models import AsymmetricSVD, Bias, SVDPlusPlus
from penchant.nn import history_factors
from penchant.testing import planted_ratings
from support.little_logs import little_logs

SMALL = {"dim": 4, "learning_rate": 0.02, "epochs": 8}
MODELS = [SVDPlusPlus, AsymmetricSVD]


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=60)


def of_pairs(model, histories):
    """Predictions for all pairs."""
    n, m = len(histories), histories.n_items
    history = np.repeat(np.arange(n, dtype=np.int32), m)
    items = np.tile(np.arange(m, dtype=np.int32), n)
    return model.predict(Rows(histories, history, items)).reshape(n, m)


def in_range(model, standardised):
    return np.clip(model.mean_ + model.spread_ * standardised, model.low_, model.high_)


def test_svdpp_is_its_formula(log):
    model = SVDPlusPlus(**SMALL).fit(log)
    seen = log.histories.matrix("seen").toarray()
    norm = 1 / np.sqrt(np.maximum(seen.sum(1, keepdims=True), 1))
    vectors = model.user_vectors_ + norm * seen @ model.implicit_vectors_
    wanted = model.user_bias_[:, None] + model.item_bias_ + vectors @ model.item_vectors_.T
    assert of_pairs(model, log.histories) == pytest.approx(in_range(model, wanted), abs=1e-4)


def test_asymmetric_svd_is_its_formula(log):
    model = AsymmetricSVD(**SMALL).fit(log)
    baseline = Bias(l2_user=5, l2_item=5).fit(log)
    seen = log.histories.matrix("seen").toarray()
    ratings = log.histories.matrix("rating").toarray()
    user_bias = baseline.user_bias(log.histories)[:, None]
    rest = (ratings - baseline.mean_ - baseline.item_bias_ - user_bias) * seen / model.spread_
    norm = 1 / np.sqrt(np.maximum(seen.sum(1, keepdims=True), 1))
    vectors = norm * (seen @ model.implicit_vectors_ + rest @ model.explicit_vectors_)
    wanted = user_bias / model.spread_ + model.item_bias_ + vectors @ model.item_vectors_.T
    assert of_pairs(model, log.histories) == pytest.approx(in_range(model, wanted), abs=1e-4)


def test_a_new_user_of_svdpp_minimises_the_loss(log):
    model = SVDPlusPlus(**SMALL, l2=0.1).fit(log)
    items, ratings = np.array([3, 8, 1, 20, 11]), np.array([5.0, 1.0, 4.0, 2.0, 5.0])
    new = Histories.of(items, n_items=log.n_items, ratings=ratings)
    vectors, bias = model.user_rows(new)
    shared = model.implicit_vectors_[items].sum(0) / 5**0.5
    x = np.column_stack([model.item_vectors_[items], np.ones(5)]).astype(float)
    goal = (ratings - model.mean_) / model.spread_ - model.item_bias_[items]
    goal -= model.item_vectors_[items] @ shared
    penalty = np.diag([5 * 0.1] * 4 + [model.l2_bias])
    found = np.linalg.solve(x.T @ x + penalty, x.T @ goal)
    assert vectors[0] == pytest.approx(shared + found[:4], abs=1e-4)
    assert bias[0] == pytest.approx(found[4], abs=1e-4)


@pytest.mark.parametrize("cls", MODELS)
def test_biases_of_few_ratings_stay_as_shrunk_as_those_of_the_baseline(cls):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": rng.integers(100, size=300),
            "item": rng.integers(50, size=300),
            "rating": rng.integers(1, 11, size=300).astype(float),
        }
    ).unique(["user", "item"], maintain_order=True, keep="first")
    log = Dataset.from_frame(frame)
    without_vectors = {"dim": 1, "l2": 20, "l2_history": 1e6}
    model = cls(**without_vectors, l2_bias=5, epochs=200).fit(log)
    wanted = of_pairs(Bias(l2_user=5, l2_item=5).fit(log), log.histories)
    assert np.abs(of_pairs(model, log.histories) - np.clip(wanted, 1, 10)).max() < 0.1


@pytest.mark.parametrize("cls", MODELS)
def test_a_history_without_ratings_says_what_was_seen(log, cls):
    model = cls(**SMALL).fit(log)
    items = np.array([3, 8, 1, 20])
    vectors, bias = model.user_rows(Histories.of(items, n_items=log.n_items))
    assert vectors[0] == pytest.approx(model.implicit_vectors_[items].sum(0) / 2, abs=1e-6)
    assert bias[0] == 0
    assert model.has_evidence(Histories.of(items, n_items=log.n_items)).all()


@pytest.mark.parametrize("cls", MODELS)
def test_predictions_are_better_than_biases(cls):
    split = split_random(planted_ratings(n_users=150), validation=0.1, test=0.2)
    model = cls(dim=8, learning_rate=0.02, l2_history=0.02, epochs=60)
    model.fit(split.train, split.validation)
    assert model.best_epoch_ == 1 + int(np.argmin([r["validation_loss"] for r in model.curve_]))
    error, trivial = (
        RMSE()(m.predict(split.test.rows), split.test.ratings)
        for m in (model, Bias().fit(split.train))
    )
    assert error < 0.98 * trivial


def test_the_validation_loss_is_that_of_predictions(log):
    split = split_random(log, validation=0.2, test=0.1)
    for cls in MODELS:
        model = cls(**SMALL).fit(split.train, split.validation)
        held = split.validation
        assert held is not None
        error = RMSE()(model.predict(held.rows), held.ratings)
        assert error == pytest.approx(model.curve_[model.best_epoch_ - 1]["validation_loss"])


@pytest.mark.parametrize("cls", MODELS)
def test_the_unit_of_ratings_does_not_matter(log, cls):
    frame = log.frame()
    large = Dataset.from_frame(frame.with_columns(pl.col("rating") * 1000 + 5))
    small = Dataset.from_frame(frame)
    one, other = (
        of_pairs(m, m.histories_) for m in (cls(**SMALL).fit(data) for data in (small, large))
    )
    assert other == pytest.approx(one * 1000 + 5, rel=1e-3)


@pytest.mark.parametrize("cls", MODELS)
@little_logs
def test_logs_of_which_there_is_little(cls, columns):
    log = Dataset.from_frame(pl.DataFrame(columns))
    model = cls(**SMALL).fit(log)
    found = of_pairs(model, log.histories)
    assert (found >= min(columns["rating"])).all()
    assert (found <= max(columns["rating"])).all()


@pytest.mark.parametrize("cls", MODELS)
def test_compiled_or_not_the_result_is_the_same(monkeypatch, log, cls):
    compiled = cls(**SMALL).fit(log)
    monkeypatch.setattr(history_factors, "AVAILABLE", False)
    plain = cls(**SMALL).fit(log)
    assert of_pairs(plain, log.histories) == pytest.approx(
        of_pairs(compiled, log.histories), abs=1e-3
    )
