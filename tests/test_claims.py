"""A published figure beside the trivial answers."""

import json
import re

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.testing import planted_ratings


@pytest.fixture
def liker():
    """A user who likes 45 of 53 items."""
    frame = pl.DataFrame(
        {"user": 1, "item": np.arange(53), "rating": np.where(np.arange(53) < 45, 5.0, 2.0)}
    )
    return pn.Dataset.from_frame(frame, name="one user", scale=(1, 5))


def test_an_accuracy_that_always_yes_has_too(liker):
    found = pn.claim(published=0.8491, on=liker, metric="like-accuracy")
    assert found.best.name == "always-yes"
    assert found.best.value == pytest.approx(45 / 53)
    assert found.best.low < 45 / 53 < found.best.high
    assert found.verdict == "no better"
    assert "is no better than always-yes (.8491" in found.sentence
    assert found.sentence in str(found)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.frame()["name"].to_list()[0] == "published"


def test_what_is_beyond_the_interval_is_better(liker):
    assert pn.claim(published=0.99, on=liker, metric="like-accuracy").verdict == "better"


def test_another_value_stands_beside_the_same_trivial_answers(liker):
    first = pn.claim(published=0.8491, on=liker, metric="like-accuracy")
    second = first.of(0.99)
    assert second == pn.claim(published=0.99, on=liker, metric="like-accuracy")
    assert (first.verdict, second.verdict) == ("no better", "better")
    with pytest.raises(ParameterError, match="is a number"):
        first.of(float("inf"))


def test_on_a_split_lower_errors_are_better():
    split = pn.split_random(planted_ratings(), validation=0.1, test=0.2)
    trivial = pn.claim(published=9.0, on=split, metric="rmse")
    assert {a.name for a in trivial.baselines} >= {"global-mean", "user-mean", "item-mean", "bias"}
    assert [a.value for a in trivial.baselines] == sorted(a.value for a in trivial.baselines)
    assert trivial.verdict == "no better"
    best = trivial.best
    assert pn.claim(published=best.value, on=split, metric="rmse").verdict == "no better"
    assert pn.claim(published=best.low - 0.01, on=split, metric="rmse").verdict == "better"


def test_on_a_split_recommending_everything_has_its_f1():
    split = pn.split_random(planted_ratings(), validation=0.1, test=0.2)
    found = {a.name: a.value for a in pn.claim(published=0.7, on=split, metric="f1").baselines}
    liked = float((split.test.ratings >= 4).mean())
    assert found["always-yes"] == pytest.approx(2 * liked / (1 + liked))


def test_a_ranking_has_popularity_beside_it():
    split = pn.split_random(planted_ratings(), validation=0.1, test=0.2)
    found = pn.claim(published=0.9, on=split, metric="ndcg@10")
    assert {a.name for a in found.baselines} == {"popular", "random"}
    assert found.verdict == "better"


def test_what_cannot_be_claimed(liker):
    with pytest.raises(ParameterError, match="give a split"):
        pn.claim(published=0.3, on=liker, metric="ndcg@10")
    with pytest.raises(ParameterError, match="is a number"):
        pn.claim(published=float("nan"), on=liker, metric="f1")
    bare = pn.Dataset.from_frame(liker.frame().drop("rating"))
    with pytest.raises(ParameterError, match="judges ratings"):
        pn.claim(published=0.3, on=bare, metric="f1")


def test_a_percentage_is_refused_where_the_metric_is_a_share(liker):
    with pytest.raises(ParameterError, match=r"from 0 to 1, .* 84\.91: as .*, 84\.91 % is 0\.8491"):
        pn.claim(84.91, on=liker, metric="like-accuracy")
    found = pn.claim(0.8491, on=liker, metric="like-accuracy")
    with pytest.raises(ParameterError, match=r"84\.91 % is 0\.8491"):
        found.of(84.91)
    assert pn.claim(1.0, on=liker, metric="like-accuracy").verdict == "better"


@pytest.mark.parametrize(
    ("published", "metric", "words"),
    [
        (-0.9, "rmse", "rmse is 0 or more, and cannot be -0.9."),
        (-0.1, "f1", "f1 is from 0 to 1, and cannot be -0.1."),
        (101, "auc", "auc is from 0 to 1, and cannot be 101."),
        (-1.5, "pearson", "pearson is from -1 to 1, and cannot be -1.5."),
    ],
)
def test_what_a_metric_cannot_be_is_refused(liker, published, metric, words):
    with pytest.raises(ParameterError, match=re.escape(words)):
        pn.claim(published, on=liker, metric=metric)


def test_what_lists_are_like_is_no_claim():
    split = pn.split_random(planted_ratings(), validation=0.1, test=0.2)
    for metric in ("coverage@10", "novelty@10"):
        with pytest.raises(ParameterError, match=f"{metric} describes lists and is no merit"):
            pn.claim(0.5, on=split, metric=metric)


def test_what_a_constant_has_is_said_where_something_else_is_best():
    split = pn.split_random(planted_ratings(), validation=0.1, test=0.2)
    found = pn.claim(published=0.7, on=split, metric="f1")
    constant = next(a for a in found.baselines if a.name == "always-yes")
    assert found.best.name != "always-yes"
    assert f"; always-yes has .{constant.value * 10000:.0f}." in found.sentence
