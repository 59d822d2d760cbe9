"""Matrix factorisation with texts: what texts tell of new items, new users, and little data."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.models import ConvAutoencoderMF, ConvMF, ConvRNNMF, RNNAutoencoderMF
from support.little_logs import fitted_within_the_ratings, little_logs

CLASSES = [ConvMF, ConvRNNMF, RNNAutoencoderMF, ConvAutoencoderMF]
SMALL = {
    "dim": 4,
    "width": 12,
    "length": 8,
    "batch_size": 16,
    "learning_rate": 0.02,
    "epochs": 12,
    "dropout": 0.1,
}
RATED = SMALL | {"target": "rating"}
WORDS = {
    0: ["island", "ship", "storm", "captain", "harbour"],
    1: ["castle", "dragon", "sword", "wizard", "throne"],
}


def a_log(*, cold=10, texts=True, n_users=60, ratings=True):
    """Even users like stories of the sea, odd ones fantasy; the last items have no events."""
    rng = np.random.default_rng(7)
    kinds = np.arange(60) % 2
    plots = [" ".join(rng.choice(WORDS[kind], 4)) for kind in kinds]
    rows = []
    for user in range(n_users):
        for item in rng.choice(60 - cold, 16, replace=False):
            fits = kinds[item] == user % 2
            if ratings:
                rows.append((user, item, 5.0 - rng.integers(2) if fits else 1.0 + rng.integers(2)))
            elif fits:
                rows.append((user, item, 5.0))
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    table = pl.DataFrame({"item": np.arange(60), "plot": plots})
    if not texts:
        table = table.drop("plot")
    return Dataset.from_frame(frame if ratings else frame.drop("rating"), item_table=table)


def share_of_own_kind(model, log, items):
    """The share of users whose best of these items are of the kind that they like."""
    scores = model.scores(log.histories)[:, items]
    ids = log.items.ids.to_numpy()[items]
    best = ids[np.argsort(-scores, axis=1)[:, : len(items) // 2]]
    users = log.users.ids.to_numpy()
    return float((best % 2 == users[:, None] % 2).mean())


@pytest.mark.parametrize("cls", CLASSES)
def test_new_items_are_recommended_by_their_texts(cls):
    log = a_log()
    model = cls(**RATED).fit(log)
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == 10
    assert share_of_own_kind(model, log, cold) > 0.9


@pytest.mark.parametrize("cls", CLASSES)
def test_new_items_are_recommended_by_their_texts_where_there_are_no_ratings(cls):
    log = a_log(ratings=False)
    model = cls(**SMALL).fit(log)
    cold = np.flatnonzero(log.item_counts == 0)
    assert share_of_own_kind(model, log, cold) > 0.85


def test_without_texts_new_items_have_zeros_and_a_warning_says_so(caplog):
    log = a_log(texts=False)
    with caplog.at_level(logging.WARNING):
        model = ConvMF(**RATED).fit(log)
    assert "what is left is matrix factorisation" in caplog.text
    cold = log.item_counts == 0
    assert not model.item_vectors()[cold].any()
    assert not model.item_bias_[cold].any()
    assert share_of_own_kind(model, log, np.flatnonzero(~cold)) > 0.9


def test_reviews_of_training_events_are_texts_of_their_items():
    log = a_log(texts=False, cold=0)
    rng = np.random.default_rng(3)
    frame = log.frame().with_columns(
        text=pl.Series([" ".join(rng.choice(WORDS[n % 2], 3)) for n in log.frame()["item"]])
    )
    reviewed = Dataset.from_frame(frame.drop("row", strict=False))
    first = ConvMF(**SMALL | {"epochs": 2}).fit(reviewed)
    other = ConvMF(**SMALL | {"epochs": 2}, reviews=False).fit(reviewed)
    assert np.abs(first.item_vectors() - other.item_vectors()).max() > 1e-3


def test_a_user_is_the_ridge_solution_for_the_history():
    log = a_log()
    model = ConvMF(**RATED).fit(log)
    user = log.histories.take([3])
    vector, bias = model.user_rows(user)
    rated = user.matrix("rating")
    unit = (model.l2_ / 10.0) ** 0.5
    x = np.column_stack([model.item_vectors()[rated.indices], np.full(rated.nnz, unit)])
    goal = rated.data - model.mean_ - model.item_bias_[rated.indices]
    found = np.linalg.solve(x.T @ x + 20 * np.eye(5), x.T @ goal)
    assert vector[0] == pytest.approx(found[:4], abs=1e-3)
    assert bias[0] == pytest.approx(found[4] * unit, abs=1e-3)


def test_a_user_of_interactions_is_the_solution_of_implicit_least_squares():
    log = a_log(ratings=False)
    model = ConvMF(**SMALL).fit(log)
    user = log.histories.take([3])
    q = model.item_vectors().astype(float)
    mine = q[user.items]
    assert model.unobserved_ == pytest.approx(min(1.0, 7 * len(log) / (60 * log.n_users)))
    ridge = 0.01 * (user.n_events + model.unobserved_ * log.n_items)
    system = model.unobserved_ * q.T @ q + mine.T @ mine + ridge * np.eye(4)
    assert model.user_vectors(user)[0] == pytest.approx(
        np.linalg.solve(system, mine.sum(0)), abs=1e-3
    )


def test_validation_ends_the_training_at_its_best_epoch():
    split = split_random(a_log(), validation=0.2, test=0.1)
    model = ConvMF(**RATED | {"epochs": 6}).fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    errors = model.predict(split.validation.rows) - split.validation.ratings
    assert np.sqrt(np.mean(errors.astype(float) ** 2)) == pytest.approx(min(losses), abs=1e-3)


def test_settings_that_make_no_sense():
    with pytest.raises(ParameterError, match="rating or interaction"):
        ConvMF(target="like>=4")
    with pytest.raises(ParameterError, match="needs a middle: kernel_size=4"):
        ConvMF(kernel_size=4)
    with pytest.raises(DataError, match="use target=interaction"):
        ConvMF(**RATED).fit(a_log(ratings=False))


@pytest.mark.parametrize("cls", CLASSES)
@little_logs
def test_logs_of_which_there_is_little(cls, columns):
    log = fitted_within_the_ratings(cls(**RATED), columns)
    listed = cls(**SMALL).fit(log)
    assert np.isfinite(listed.scores(log.histories)).all()
