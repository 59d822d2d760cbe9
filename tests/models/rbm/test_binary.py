from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError, NotFittedError
from penchant.models import RBM
from penchant.testing import planted_pairs

PUBLISHED = {"learning_rate": 1.0, "initial_scale": 0.0, "output_start": "zero"}


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=60, n_items=24, cold_items=1)


def by_the_formulas(visible, epochs, hidden, weight=None):
    """One batch an epoch, each unit by itself, in double precision."""
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    n, items = visible.shape
    w = np.zeros((items, hidden)) if weight is None else weight
    b, c = np.zeros(items), np.zeros(hidden)
    for _ in range(epochs):
        h0 = sigmoid(visible @ w + c)
        v1 = sigmoid(h0 @ w.T + b)
        h1 = sigmoid(v1 @ w + c)
        w = w + (visible.T @ h0 - v1.T @ h1) / n
        b = b + (visible - v1).mean(axis=0)
        c = c + (h0 - h1).mean(axis=0)
    return w, b, c


def test_the_update_is_the_tutorials(log):
    model = RBM(hidden=5, epochs=4, **PUBLISHED).fit(log)
    visible = log.histories.matrix("rating").toarray() / 5
    w, b, c = by_the_formulas(visible, 4, 5)
    np.testing.assert_allclose(model.weights_, w, atol=1e-5)
    np.testing.assert_allclose(model.visible_bias_, b, atol=1e-5)
    np.testing.assert_allclose(model.hidden_bias_, c, atol=1e-5)
    assert np.abs(w).max() > 0.01


def test_users_in_their_order_without_those_left_over(log):
    """As a program takes them that zips starts and ends of batches."""
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    ordered = {"batch_size": 25, "shuffle": False, "drop_last": True}
    model = RBM(hidden=5, epochs=3, **ordered, **PUBLISHED).fit(log)
    visible = log.histories.matrix("rating").toarray() / 5
    w, b, c = np.zeros((25, 5)), np.zeros(25), np.zeros(5)
    for _ in range(3):
        for start, stop in zip(range(0, 60, 25), range(25, 60, 25), strict=False):
            batch = visible[start:stop]
            h0 = sigmoid(batch @ w + c)
            v1 = sigmoid(h0 @ w.T + b)
            h1 = sigmoid(v1 @ w + c)
            w = w + (batch.T @ h0 - v1.T @ h1) / 25
            b, c = b + (batch - v1).mean(axis=0), c + (h0 - h1).mean(axis=0)
    np.testing.assert_allclose(model.weights_, w, atol=1e-5)
    np.testing.assert_allclose(model.visible_bias_, b, atol=1e-5)
    found = model.reconstruction_error(model.histories_)
    again = sigmoid(sigmoid(visible @ w + c) @ w.T + b)
    assert found == pytest.approx(np.square(visible - again).mean(), rel=1e-4)


def test_random_weights_keep_their_units(log):
    random = RBM(**PUBLISHED).clone(hidden=5, initial_scale=0.3, epochs=3)
    start = random.clone(epochs=1, learning_rate=1e-9).fit(log).weights_
    model = random.fit(log)
    visible = log.histories.matrix("rating").toarray() / 5
    w, _, c = by_the_formulas(visible, 3, 5, start.astype(float))
    np.testing.assert_allclose(model.weights_, w, atol=1e-5)
    np.testing.assert_allclose(model.hidden_bias_, c, atol=1e-5)


def test_zero_weights_without_drawing_leave_all_hidden_units_the_same(log):
    published = RBM(**PUBLISHED).fit(log)
    assert published.weights_.shape == (25, 30)
    assert published.distinct_hidden_units() == 1
    assert np.abs(published.weights_).max() > 0.1
    assert RBM(initial_scale=0.01).fit(log).distinct_hidden_units() == 30
    assert RBM(sample=True, initial_scale=0).fit(log).distinct_hidden_units() == 30


def test_distinct_units_are_counted_up_to_a_tolerance(log):
    model = RBM(hidden=4).fit(log)
    model.weights_ = np.zeros((25, 4), np.float32)
    model.weights_[:, 1] = 5e-7
    model.weights_[3, 2] = 1e-3
    model.hidden_bias_ = np.array([0, 0, 0, 0.5], np.float32)
    assert model.distinct_hidden_units() == 3
    assert model.distinct_hidden_units(1e-2) == 2
    with pytest.raises(NotFittedError):
        RBM().distinct_hidden_units()


def test_scores_are_the_reconstruction(log):
    model = RBM(initial_scale=0.1, epochs=20).fit(log)
    user = model.history([1, 4, 6], [5, 2, 4])
    visible = np.zeros(25)
    visible[user.items] = np.array([5, 2, 4]) / 5
    h = 1 / (1 + np.exp(-(visible @ model.weights_ + model.hidden_bias_)))
    wanted = 1 / (1 + np.exp(-(h @ model.weights_.T + model.visible_bias_)))
    np.testing.assert_allclose(model.scores(user)[0], wanted, atol=1e-5)


def test_training_begins_at_the_popularity_of_items(log):
    model = RBM(learning_rate=1e-9, initial_scale=0, epochs=1).fit(log)
    mean = log.histories.matrix("rating").toarray().sum(axis=0) / 5
    mean = (mean + 0.5) / (60 + 1)
    np.testing.assert_allclose(model.visible_bias_, np.log(mean / (1 - mean)), rtol=1e-4)


def test_an_unrated_item_counts_as_the_mean_rating(log):
    model = RBM(initial_scale=0.1, epochs=5).fit(log)
    mean = float(log.ratings.mean())
    np.testing.assert_allclose(
        model.scores(model.history([1, 4])), model.scores(model.history([1, 4], [mean, mean]))
    )


def test_it_learns_from_interaction_alone():
    log = planted_pairs(n_users=60, n_items=24, with_ratings=False)
    model = RBM(epochs=5, **PUBLISHED).fit(log)
    w, _, _ = by_the_formulas(log.histories.matrix().toarray(), 5, 30)
    np.testing.assert_allclose(model.weights_, w, atol=1e-5)


def test_reconstruction_gets_better(log):
    model = RBM(initial_scale=0.1).fit(log)
    losses = [row["loss"] for row in model.curve_]
    assert len(losses) == 100
    assert losses[-1] < 0.5 * losses[0]


def test_ratings_of_zero_are_refused():
    frame = pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 1], "rating": [0.0, 3.0, 5.0]})
    with pytest.raises(DataError, match="takes 0 for an item not seen"):
        RBM().fit(Dataset.from_frame(frame))


def test_one_user_with_one_item():
    frame = pl.DataFrame({"user": [1], "item": [1], "rating": [4.0]})
    model = RBM().fit(Dataset.from_frame(frame))
    assert model.scores(model.histories_)[0, 0] > 0.9
