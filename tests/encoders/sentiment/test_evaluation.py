from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.encoders import sentiment_classifier
from penchant.encoders.sentiment.evaluation import (
    evaluate_sentiment,
    held_out_users,
    one_per_user_and_text,
)
from penchant.errors import DataError, ParameterError
from penchant.metrics import AUC


def test_copies_of_a_review_are_one():
    users = np.array(["a", "a", "b", "a"])
    texts = pl.DataFrame({"summary": ["x", "y", "x", "x"], "text": ["t", "t", "t", "u"]})
    assert one_per_user_and_text(users, texts).tolist() == [0, 2, 3]
    assert one_per_user_and_text(users, texts.select("summary")).tolist() == [0, 1, 2]


def test_users_are_on_one_side(reviews):
    user = np.unique(reviews.users, return_inverse=True)[1]
    held = held_out_users(user, 0.3, 1)
    assert not set(user[held]) & set(user[~held])
    assert len(set(user[held])) == round(0.3 * len(set(user)))
    with pytest.raises(ParameterError, match="leaves nobody"):
        held_out_users(user, 0.0001, 0)


@pytest.fixture(scope="module")
def found(reviews):
    cnn = sentiment_classifier("cnn", epochs=3, words=40, dim=8, filters=8, batch_size=32)
    return evaluate_sentiment(
        {"tfidf": sentiment_classifier("tfidf"), "cnn": cnn},
        reviews.texts,
        reviews.stars,
        reviews.users,
        splits=2,
        replicates=100,
    )


def test_figures_are_those_of_the_splits(found, reviews):
    kept = one_per_user_and_text(reviews.users, reviews.texts)
    texts, stars = reviews.texts[kept], reviews.stars[kept]
    user = np.unique(reviews.users[kept], return_inverse=True)[1]
    for split in range(2):
        held = held_out_users(user, 0.3, split)
        model = sentiment_classifier("tfidf").fit(texts.filter(~held), stars[~held])
        area = AUC()(model.log_odds(texts.filter(held)), stars[held] > 3)
        assert found["tfidf"].auc[split] == pytest.approx(area, abs=1e-9)
    one = found["tfidf"]
    assert one.low <= one.auc.mean() <= one.high
    assert found["cnn"].low < found["cnn"].auc.mean() < found["cnn"].high
    gain = one.gains["majority"]
    assert gain.gain == pytest.approx(one.auc.mean() - 0.5)
    assert gain.low > 0
    assert found["cnn"].gains["tfidf"].gain == pytest.approx(
        found["cnn"].auc.mean() - one.auc.mean()
    )


def test_the_majority_takes_part_and_decisions_are_counted(found):
    majority = found["majority"]
    assert majority.auc.tolist() == [0.5, 0.5]
    assert majority.recall(1) == 1
    assert majority.recall(0) == 0
    assert np.isnan(majority.precision(0))
    one = found["tfidf"]
    (tn, fp), (fn, tp) = one.confusion
    assert one.accuracy == pytest.approx((tn + tp) / one.confusion.sum())
    assert one.f1(0) == pytest.approx(2 * tn / (2 * tn + fp + fn))
    assert one.precision(1) == pytest.approx(tp / (tp + fp))


def test_only_networks_that_stop_by_it_give_users_to_validation(found):
    assert "validation_loss" in found["cnn"].curve[0]
    assert found["cnn"].best_epoch >= 1
    assert found["tfidf"].curve == []


def test_as_json_and_in_words(found):
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["classifier"] for one in plain["classifiers"]] == ["majority", "tfidf", "cnn"]
    assert plain["rows"] == found.rows
    assert "tfidf orders reviews" in found.sentence()


def test_a_page(found, tmp_path):
    from penchant.reporting.pages.sentiment import write_sentiment

    path = write_sentiment(found, tmp_path / "page.html", name="made <reviews>", again="penchant x")
    text = path.read_text(encoding="utf-8")
    assert "made &lt;reviews&gt;" in text
    assert text.count("<svg") >= 3
    assert "called negative" in text
    assert (
        write_sentiment(
            found, tmp_path / "again.html", name="made <reviews>", again="penchant x"
        ).read_text(encoding="utf-8")
        == text
    )


def test_too_little(reviews):
    few = reviews.texts[:6]
    with pytest.raises(DataError, match="no reviews of one class"):
        evaluate_sentiment({}, few, [5, 5, 5, 5, 5, 1], np.arange(6), splits=3)
    with pytest.raises(ParameterError, match="one split"):
        evaluate_sentiment({}, few, [5, 5, 5, 5, 5, 1], np.arange(6), splits=0)


REAL = ("amazon-2018/Gift_Cards", "amazon-2018/All_Beauty", "amazon-2018/AMAZON_FASHION",
        "amazon-2014/Musical_Instruments")  # fmt: skip


@pytest.mark.mirror
def test_real_reviews(mirror):
    """The reference figures, and what the published network is worth beside them."""
    logs = [pn.load(name, mirror=mirror).frame() for name in REAL]
    frame = pl.concat([log.select("user", "rating", "summary", "text") for log in logs])
    texts = frame.select("summary", "text").fill_null("")
    every = {
        "tfidf": sentiment_classifier("tfidf"),
        "cnn": sentiment_classifier("cnn", epochs=2, batch_size=64),
    }
    stars, users = frame["rating"].to_numpy().astype(float), frame["user"].to_numpy()
    found = evaluate_sentiment(every, texts, stars, users, splits=1, replicates=100)
    assert found.rows == 14_194
    assert found.positive == pytest.approx(0.8945, abs=0.0005)
    assert found["tfidf"].auc[0] == pytest.approx(0.918, abs=0.006)
    assert found["cnn"].auc[0] == pytest.approx(0.74, abs=0.03)
    # One point over the majority in accuracy, as published, and far from what the texts tell.
    assert abs(found["cnn"].accuracy - found["majority"].accuracy) < 0.015
    summary = evaluate_sentiment(
        {"tfidf": sentiment_classifier("tfidf")}, texts, stars, users, splits=1, replicates=10
    )
    assert summary["tfidf"].auc[0] == found["tfidf"].auc[0]
