from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders import sentiment_classifier
from penchant.encoders.sentiment.base import LabelledTexts
from penchant.encoders.sentiment.ensemble import blend_weights, out_of_fold_log_odds, user_folds
from penchant.errors import DataError
from penchant.metrics import AUC
from penchant.run import Run


def test_a_user_is_in_one_fold(reviews):
    groups = np.unique(reviews.users, return_inverse=True)[1]
    fold = user_folds(groups, 4, 0)
    assert set(fold) == {0, 1, 2, 3}
    for user in range(20):
        assert len(set(fold[groups == user])) == 1
    with pytest.raises(DataError, match="as many users"):
        user_folds(np.array([0, 0, 1]), 3, 0)


def test_nobody_is_judged_by_what_learned_from_them(reviews):
    """Each user's reviews have a word of their own that tells their class, and nothing else."""
    n = 200
    groups = np.arange(n)
    stars = np.where(np.arange(n) % 2, 5.0, 1.0)
    texts = reviews.texts[:n].with_columns(
        text=np.array([f"word{i}" for i in range(n)]), summary=np.array(["same"] * n)
    )
    model = sentiment_classifier("tfidf", c=100.0)
    seen = model.clone().fit(texts, stars).log_odds(texts)
    assert AUC()(seen, stars > 3) == 1
    unseen = out_of_fold_log_odds(model, LabelledTexts(texts, stars, groups), folds=4, run=Run())
    assert 0.3 < AUC()(unseen, stars > 3) < 0.7


def test_weights_are_not_negative_and_scale_does_not_matter():
    rng = np.random.default_rng(0)
    labels = rng.random(3000) < 0.7
    good = np.where(labels, 1, -1) + rng.normal(0, 1, 3000)
    other = np.where(labels, 1, -1) + rng.normal(0, 1, 3000)
    x = np.stack([good, 10 * other, -good], axis=1)
    weights = blend_weights(x, labels, 1e-3)
    assert weights[2] == 0
    assert weights[0] == pytest.approx(10 * weights[1], rel=0.15)
    chance = 1 / (1 + np.exp(-(x @ weights[:-1] + weights[-1])))
    assert chance.mean() == pytest.approx(labels.mean(), abs=1e-3)


def test_alike_members_share():
    rng = np.random.default_rng(0)
    labels = rng.random(500) < 0.7
    one = np.where(labels, 1, -1) + rng.normal(0, 2, 500)
    weights = blend_weights(np.stack([one, one], axis=1), labels, 0.01)
    assert weights[0] == pytest.approx(weights[1], rel=1e-2)


def test_a_useless_member_does_not_harm(reviews, others):
    base_models = ("tfidf", "majority")
    model = sentiment_classifier("ensemble", base_models=base_models).fit(
        reviews.texts, reviews.stars, users=reviews.users
    )
    alone = sentiment_classifier("tfidf").fit(reviews.texts, reviews.stars)
    area = AUC()(model.log_odds(others.texts), others.labels)
    assert area == pytest.approx(AUC()(alone.log_odds(others.texts), others.labels), abs=0.02)
    assert set(model.weights) == set(base_models)
