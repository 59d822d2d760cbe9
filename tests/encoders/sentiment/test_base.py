"""Every classifier of sentiment: it learns, is the same again, is kept, and says what is wrong."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from penchant.encoders.sentiment import CLASSIFIERS, classifier_class, sentiment_classifier
from penchant.encoders.sentiment.base import as_texts, ordinal_targets
from penchant.encoders.sentiment.saving import restore_classifier, save_classifier
from penchant.errors import BundleError, DataError, NotFittedError, ParameterError
from penchant.metrics import AUC

QUICK = {
    "cnn": {"epochs": 6, "words": 40, "dim": 12, "filters": 16, "batch_size": 32},
    "bag": {"networks": 2, "epochs": 10, "dim": 8, "buckets": 64, "learning_rate": 0.02},
    "text-cnn": {"epochs": 6, "dim": 8, "filters": 8, "learning_rate": 0.01},
    "cnn-rnn": {"epochs": 6, "dim": 8, "filters": 8, "recurrent": 6, "learning_rate": 0.01},
    "ensemble": {
        "base_models": (
            "tfidf",
            sentiment_classifier("bag", networks=1, epochs=5, dim=8, buckets=64),
        )
    },
}
NAMES = [name for name in CLASSIFIERS if "vectors" not in name]
REAL = [name for name in NAMES if name != "majority"]


@pytest.fixture(scope="module")
def fitted(reviews):
    return {
        name: sentiment_classifier(name, **QUICK.get(name, {})).fit(
            reviews.texts, reviews.stars, users=reviews.users
        )
        for name in NAMES
    }


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_what_was_planted(fitted, others, name):
    chance = fitted[name].predict_proba(others.texts)
    assert chance.dtype == np.float32
    assert chance.shape == (400,)
    assert ((chance >= 0) & (chance <= 1)).all()
    area = AUC()(fitted[name].log_odds(others.texts), others.labels)
    assert area == 0.5 if name == "majority" else area > 0.85


@pytest.mark.parametrize("name", REAL)
def test_chances_are_near_the_truth(fitted, others, name):
    # A chance is worth more than the constant that the majority gives.
    chance = np.clip(fitted[name].predict_proba(others.texts).astype(float), 1e-6, 1 - 1e-6)
    loss = -np.log(np.where(others.labels, chance, 1 - chance)).mean()
    share = others.labels.mean()
    assert loss < -(share * np.log(share) + (1 - share) * np.log(1 - share))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same(fitted, reviews, others, name):
    again = fitted[name].clone().fit(reviews.texts, reviews.stars, users=reviews.users)
    np.testing.assert_array_equal(again.log_odds(others.texts), fitted[name].log_odds(others.texts))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_says_the_same(fitted, others, name, tmp_path):
    folder = save_classifier(fitted[name], tmp_path / name)
    save_classifier(fitted[name], folder)
    assert len(list(folder.glob("arrays.*.safetensors"))) == len(list(folder.iterdir())) - 1 == 1
    again = restore_classifier(folder)
    assert type(again) is type(fitted[name])
    assert again.curve_ == fitted[name].curve_
    np.testing.assert_array_equal(again.log_odds(others.texts), fitted[name].log_odds(others.texts))


@pytest.mark.parametrize("name", NAMES)
def test_one_review_alone_and_none(fitted, others, name):
    every = fitted[name].log_odds(others.texts)
    np.testing.assert_allclose(fitted[name].log_odds(others.texts[3:4]), every[3:4], atol=1e-4)
    assert fitted[name].predict_proba(others.texts[:0]).shape == (0,)
    assert np.isfinite(fitted[name].log_odds({"text": ["", "qqq"], "summary": ["", "!"]})).all()


@pytest.mark.parametrize("name", REAL)
def test_classes_without_stars_and_one_column(reviews, others, name):
    model = sentiment_classifier(name, **QUICK.get(name, {}))
    model.fit(reviews.texts["text"].to_list(), reviews.labels)
    assert AUC()(model.log_odds(others.texts.select("text")), others.labels) > 0.6


def test_ordinal_steps():
    stars = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], [2, 10, 10, 30, 48])
    found = ordinal_targets(stars, 3, 0.05)
    # The classes first; above 1 is left out, for only 2 % are below.
    assert found.sum(axis=0).tolist() == [78, 88, 48]


def test_texts_of_all_forms():
    assert as_texts(["a", "b"]).to_dict(as_series=False) == {"text": ["a", "b"]}
    assert as_texts(pl.Series("x", ["a", None])).to_dict(as_series=False) == {"text": ["a", ""]}
    for wrong in ("alone", [1, 2], pl.DataFrame({"n": [1]}), {"a": ["x"], "b": ["x", "y"]}):
        with pytest.raises(DataError):
            as_texts(wrong)


def test_misuse(reviews):
    with pytest.raises(NotFittedError, match="fit it first"):
        sentiment_classifier("tfidf").predict_proba(["a"])
    model = sentiment_classifier("tfidf")
    with pytest.raises(DataError, match="as many ratings"):
        model.fit(reviews.texts, reviews.stars[:5])
    with pytest.raises(DataError, match="as many users"):
        model.fit(reviews.texts, reviews.stars, users=[1, 2])
    with pytest.raises(DataError, match="without one"):
        model.fit(["a", "b"], [1.0, np.nan])
    with pytest.raises(DataError, match="both classes"):
        model.fit(["a", "b"], [5.0, 5.0])
    model.fit(reviews.texts, reviews.stars)
    with pytest.raises(DataError, match="give summary as well"):
        model.predict_proba(["a"])


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("tfidf", {"c": 0}),
        ("ngrams", {"min_share": 0.5}),
        ("cnn", {"words": 1}),
        ("cnn", {"length": 8}),
        ("cnn", {"dropout": 1.0}),
        ("bag", {"networks": 0}),
        ("bag", {"buckets": -1}),
        ("text-cnn", {"widths": ()}),
        ("cnn-rnn", {"recurrent": 0}),
        ("ensemble", {"folds": 1}),
        ("ensemble", {"base_models": ()}),
        ("tfidf", {"depth": 3}),
        ("deep", {}),
    ],
)
def test_impossible_settings(name, fields):
    with pytest.raises(ParameterError):
        sentiment_classifier(name, **fields)


def test_the_table_names_the_classes():
    for name in CLASSIFIERS:
        assert classifier_class(name).name == name


def test_damaged_folders(fitted, tmp_path):
    with pytest.raises(BundleError, match="holds no classifier"):
        restore_classifier(tmp_path)
    with pytest.raises(NotFittedError):
        save_classifier(sentiment_classifier("tfidf"), tmp_path / "x")
    folder = save_classifier(fitted["tfidf"], tmp_path / "tfidf")
    card = json.loads((folder / "classifier.json").read_text())
    for change, words in (
        ({"format": 99}, "save it again"),
        ({"name": "deep"}, "damaged"),
        ({"fields": {"c": -1}}, "damaged"),
        ({"state": {}}, "damaged"),
        ({"arrays": "../arrays.safetensors"}, "names no file"),
    ):
        (folder / "classifier.json").write_text(json.dumps(card | change))
        with pytest.raises(BundleError, match=words):
            restore_classifier(folder)
    (folder / "classifier.json").write_text(json.dumps(card))
    (folder / card["arrays"]).write_bytes(b"none")
    with pytest.raises(BundleError):
        restore_classifier(folder)
