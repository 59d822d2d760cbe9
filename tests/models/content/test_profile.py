"""Profiles of content, against the formula written out."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.models import ContentProfile
from penchant.testing.logs import planted_attributes

ITEMS = pl.DataFrame(
    {
        "item": ["a", "b", "c", "d", "e"],
        "plot": [
            "a pirate finds an island, an island of gold",
            "the island of a ghost ship",
            "ghost in the gold mine",
            "two doctors fall in love",
            "doctors of the ghost ship",
        ],
        "genre": ["sea", "sea", "land", "land", "sea"],
        "year": [1950, 1960, 1970, 1980, 1990],
    }
)
EVENTS = pl.DataFrame(
    {
        "user": ["u", "u", "v", "w", "w"],
        "item": ["a", "d", "c", "a", "b"],
        "rating": [5.0, 1.0, 4.0, 2.0, 5.0],
    }
)


def log_of(events):
    scale = (1, 5) if "rating" in events.columns else None
    return Dataset.from_frame(events, item_table=ITEMS, scale=scale)


@pytest.fixture(scope="module")
def log():
    return log_of(EVENTS)


def words_of(log):
    """float[n_items, n], by scikit-learn: words of two texts at least and of half of them."""
    texts = log.item_table["plot"].to_list()
    vectoriser = TfidfVectorizer(min_df=2, max_df=2, sublinear_tf=True)
    return vectoriser.fit_transform(texts).toarray()


def test_scores_are_cosines_with_likes_less_dislikes(log):
    model = ContentProfile(labels=0, numbers=0, dislikes=0.4).fit(log)
    items = words_of(log)
    index = dict(zip(log.items.ids, range(5), strict=True))
    profile = items[index["a"]] - 0.4 * items[index["d"]]
    lengths = np.linalg.norm(items, axis=1) * np.linalg.norm(profile)
    expected = items @ profile / np.maximum(lengths, 1e-9)
    found = model.scores(model.histories_of(["u"]))[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_effects_are_of_items_without_the_word(log):
    model = ContentProfile().fit(log)
    user = model.histories_of(["u"])
    items = np.arange(5, dtype=np.int32)
    effects, scores = model.attribute_effects(user, items), model.scores(user)[0]
    index = dict(zip(log.items.ids, range(5), strict=True))
    content = model.content_.toarray().astype(float)
    profile = content[index["a"]] - 0.5 * content[index["d"]]
    for item in range(5):
        for attribute in np.flatnonzero(content[item]):
            bare = content[item].copy()
            bare[attribute] = 0
            without = bare @ profile / (np.linalg.norm(bare) * np.linalg.norm(profile))
            assert effects[item, attribute] == pytest.approx(scores[item] - without, abs=1e-5)


def test_names_say_what_items_share(log):
    model = ContentProfile().fit(log)
    named = set(model.attributes_)
    assert {"text: island", "text: ship", "text: doctors", "genre: sea"} <= named
    assert any(name.startswith("year: 1950") for name in named)
    assert "text: pirate" not in named  # of one item alone
    assert "text: ghost" not in named  # of more than half of them
    why = pn.explain(model, "u", "b")
    assert why.attributes[0].effect > 0
    assert why.reasons[0].item == "a"


def test_new_items_and_users_are_answered(log):
    model = ContentProfile().fit(log)
    listed = model.recommend(model.history(["b"]), k=4)
    place = listed["item"].to_list().index("e")  # which nobody has had
    assert place < 2
    assert not listed["fallback"][place]


def test_weights_count(log):
    events = EVENTS.drop("rating").with_columns(weight=pl.Series([1.0, 9.0, 1.0, 1.0, 1.0]))
    model = ContentProfile().fit(log_of(events))
    content = model.content_.toarray()
    index = dict(zip(model.items_.ids, range(5), strict=True))
    profile = 0.1 * content[index["a"]] + 0.9 * content[index["d"]]
    expected = content @ profile / np.linalg.norm(profile)
    np.testing.assert_allclose(model.scores(model.histories_of(["u"]))[0], expected, atol=1e-6)


def test_dislikes_alone_push_away(log):
    model = ContentProfile().fit(log)
    scores = model.scores(model.history(["a"], [1.0]))[0]
    assert scores[model.items_.indices(pl.Series(["a"]))[0]] == pytest.approx(-1, abs=1e-5)


@pytest.mark.parametrize("ratings", [[3.0], [5.0, 5.0, 5.0]])
def test_logs_of_little(ratings):
    events = EVENTS.head(len(ratings)).with_columns(rating=pl.Series(ratings))
    model = ContentProfile().fit(log_of(events))
    assert np.isfinite(model.scores(model.histories_)).all()


def test_a_log_that_tells_nothing_of_its_items_is_refused():
    with pytest.raises(DataError, match="give an item table"):
        ContentProfile().fit(Dataset.from_frame(EVENTS))
    with pytest.raises(DataError, match="give an item table"):
        ContentProfile(labels=0).fit(planted_attributes())
