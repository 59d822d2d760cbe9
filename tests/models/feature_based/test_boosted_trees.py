from __future__ import annotations

import sys

import numpy as np
import pytest

import penchant as pn
from penchant.bundle import save
from penchant.data.splitting import split_random
from penchant.errors import BundleError, MissingExtraError
from penchant.metrics import AUC
from penchant.models import Bias, BoostedTrees
from penchant.models.feature_based.booster_text import threads_for
from penchant.run import Run
from penchant.testing import planted_attributes, planted_ratings

pytest.importorskip("lightgbm")

SMALL = {"min_events": 20, "trees": 150, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def split():
    return split_random(planted_attributes(n_users=120), validation=0.15, test=0.2)


@pytest.fixture(scope="module")
def model(split):
    return BoostedTrees(target="like>=4", **SMALL).fit(split.train, split.validation)


def test_labels_make_it_better_than_biases(split, model):
    truth = (split.test.ratings >= 4).astype(float)
    found = AUC()(model.predict(split.test.rows), truth)
    assert found > AUC()(Bias().fit(split.train).predict(split.test.rows), truth) + 0.1
    shares = model.importances()
    assert sum(shares.values()) == pytest.approx(1)
    assert "with the genres" in next(iter(shares))
    assert list(shares) == sorted(shares, key=shares.get, reverse=True)


def test_validation_rows_say_when_to_stop(split, model):
    assert model.best_trees_ < SMALL["trees"]
    assert model._settled() == {"trees": model.best_trees_}
    assert model.booster_.count("Tree=") == model.best_trees_
    alone = BoostedTrees(target="like>=4", **SMALL).fit(split.train)
    assert alone.best_trees_ == SMALL["trees"]


def test_threads_change_nothing(split):
    few = {**SMALL, "trees": 5}  # threads that wait for a busy machine are slow
    one, two = (BoostedTrees(target="like>=4", **few) for _ in range(2))
    one.fit(split.train, run=Run(threads=1))
    two.fit(split.train, run=Run(threads=2))
    assert one.booster_ == two.booster_
    assert [threads_for(n, Run()) for n in (100, 10**6)] == [1, 0]
    assert threads_for(10**6, Run(threads=3)) == 3


def test_test_ratings_do_not_enter(split):
    """What is held out changes nothing but the answer to when to stop."""
    other = BoostedTrees(target="like>=4", **SMALL).fit(split.train)
    again = BoostedTrees(target="like>=4", **SMALL).fit(
        split.log.subset(np.flatnonzero(split.sides == 0))
    )
    assert other.booster_ == again.booster_


@pytest.mark.parametrize("target", ["rating", "adjusted(3,2,1,5)"])
def test_ratings(target):
    split = split_random(planted_ratings(n_users=120), validation=0.1, test=0.2)
    model = BoostedTrees(target=target, **SMALL).fit(split.train, split.validation)
    found = model.target.to_rating(model.predict(split.test.rows))
    assert np.corrcoef(found, split.test.ratings)[0, 1] > 0.5


def test_the_threshold_of_likes(split):
    assert BoostedTrees(target="like>=3")._threshold(split.train) == 3
    assert BoostedTrees(target="like>=3", threshold=5)._threshold(split.train) == 5
    assert BoostedTrees()._threshold(split.train) == 4


def test_members_are_features_and_are_kept(split, model, tmp_path):
    stack = BoostedTrees(target="like>=4", base_models="bias;item-knn:neighbours=10", **SMALL)
    stack.fit(split.train, split.validation)
    assert stack.input_names()[-2:] == ["Bias()", "ItemKNN(neighbours=10)"]
    assert stack.n_parameters() > model.n_parameters()
    restored = pn.restore(save(stack, tmp_path / "stack"))
    rows = split.test.rows
    np.testing.assert_array_equal(restored.predict(rows), stack.predict(rows))
    assert restored.input_names() == stack.input_names()


def test_a_booster_of_other_features_is_refused(split, model):
    broken = BoostedTrees(target="like>=4", **SMALL).fit(split.train)
    broken.booster_ = broken.booster_.replace("max_feature_idx=", "max_feature_idx=1")
    with pytest.raises(BundleError, match="cannot be used"):
        broken.predict(split.test.rows)
    with pytest.raises(BundleError, match="cannot be used"):
        broken.importances()


def test_without_lightgbm(split, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[trees\]"):
        BoostedTrees().fit(split.train)
