from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.encoders import sentiment_classifier
from penchant.errors import DataError
from penchant.features.sentiment import mean_sentiment, texts_of
from support.reviews import Reviews


@pytest.fixture(scope="module")
def log():
    reviews = Reviews(800, seed=0)
    rng = np.random.default_rng(0)
    # Items 0 to 9 are good: what is said of an item depends on it.
    item = np.where(reviews.labels, rng.integers(0, 12, 800), rng.integers(8, 20, 800))
    return Dataset.from_frame(
        pl.DataFrame({"user": reviews.users, "item": item, "rating": reviews.stars}).hstack(
            reviews.texts
        ),
        name="made",
    )


@pytest.fixture(scope="module")
def means(log):
    return mean_sentiment(log, sentiment_classifier("tfidf"))


def test_items_that_are_praised_score_higher(means, log):
    items = means.items()
    assert len(items) == log.n_items + 1
    known = np.array([int(i) for i in log.items.ids])
    assert items[:-1][known < 8].min() > items[:-1][known >= 12].max()
    assert items[-1] == pytest.approx(means.events.mean(), abs=1e-6)
    assert means.of_pairs(np.array([0, -1]), np.array([0, -1])).shape == (2, 2)


def test_a_mean_is_drawn_towards_that_of_all(means, log):
    owner = log.events["item"].to_numpy()
    own = means.events[owner == 3].astype(float)
    expected = (own.sum() + 5 * means.events.mean(dtype=float)) / (len(own) + 5)
    assert means.items()[3] == pytest.approx(expected, abs=1e-5)


def test_an_events_own_review_is_not_in_its_feature(log, means):
    """Turning one review round leaves its own features as they were."""
    import dataclasses

    before = means.of_events(log, folds=5)
    events = means.events.copy()
    change = 1 - 2 * events[17]
    events[17] += change
    item, user = (int(log.events[c][17]) for c in ("item", "user"))
    item_sums, user_sums = means.item_sums.copy(), means.user_sums.copy()
    item_sums[item] += change
    user_sums[user] += change
    turned = dataclasses.replace(means, events=events, item_sums=item_sums, user_sums=user_sums)
    after = turned.of_events(log, folds=5)
    np.testing.assert_allclose(after[17], before[17], atol=1e-2)  # the mean of all moves a little
    same_item = log.events["item"].to_numpy() == item
    assert np.abs(after - before)[same_item, 0].max() > 1e-3


def test_logs_that_cannot_have_it(log, means):
    bare = Dataset.from_frame(log.frame().drop("row", "summary", "text"))
    with pytest.raises(DataError, match="no texts"):
        texts_of(bare)
    with pytest.raises(DataError, match="no ratings"):
        mean_sentiment(
            Dataset.from_frame(log.frame().drop("row", "rating")), sentiment_classifier("tfidf")
        )
    with pytest.raises(DataError, match="computed from"):
        means.of_events(log.subset(np.arange(len(log)) < 100))
