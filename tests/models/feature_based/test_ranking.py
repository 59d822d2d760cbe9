"""Boosted trees that rank what base models name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import DataError
from penchant.metrics import NDCG, Ranked
from penchant.models import BoostedTrees, Popular
from penchant.models.feature_based.candidates import BaseScores, drawn
from penchant.testing import planted_pairs

pytest.importorskip("lightgbm")

LISTS = {"target": "interaction", "min_events": 20, "trees": 100, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def split():
    """Users have what is of their kind, so few of it that hardly two items are had together."""
    rng = np.random.default_rng(0)
    rows = [
        (user, item)
        for user in range(120)
        for item in 5 * rng.choice(30, 6, replace=False) + user % 5
    ]
    table = pl.DataFrame({"item": range(150), "kind": [f"kind {n % 5}" for n in range(150)]})
    frame = pl.DataFrame(rows, schema=["user", "item"], orient="row")
    log = Dataset.from_frame(frame, item_table=table)
    return split_random(log, validation=0.15, test=0.2)


@pytest.fixture(scope="module")
def model(split):
    return BoostedTrees(**LISTS, candidates=40).fit(split.train, split.validation)


def ndcg(model, holdout):
    lists, _ = model.top_items(holdout.histories, 10)
    return float(np.nanmean(NDCG(10)(Ranked.of(lists, holdout.offsets, holdout.items))))


def test_labels_rank_what_base_models_cannot_tell_apart(split):
    model = BoostedTrees(**LISTS, base_models="popular", candidates=150)
    model.fit(split.train, split.validation)
    assert ndcg(model, split.test) > 2 * ndcg(Popular().fit(split.train), split.test)
    names = model.input_names()
    assert names[-3:] == [
        "Popular(): score",
        "Popular(): part of the best score",
        "Popular(): rank",
    ]
    shares = model.importances()
    assert sum(shares[name] for name in names if "kind" in name) > 0.3


def test_candidates_come_first_and_the_rest_as_the_first_base_model_says(split, model):
    users = split.test.histories.take(range(10))
    scores = BaseScores.of(model.base_models_, users, 40)
    found, first = model.scores(users), model.base_models_[0].scores(users)
    rows, items = scores.candidates()
    there = np.zeros(found.shape, bool)
    there[rows, items] = True
    assert not there.reshape(-1)[users.pairs].any()
    for mine, base, candidate in zip(found, first, there, strict=True):
        assert mine[candidate].min() > mine[~candidate].max()
        expected = np.argsort(-base[~candidate], kind="stable")[:20]
        np.testing.assert_allclose(
            base[~candidate][np.argsort(-mine[~candidate], kind="stable")[:20]],
            base[~candidate][expected],
            atol=1e-5,
        )


def test_validation_events_say_when_to_stop(split, model):
    assert model.best_trees_ < LISTS["trees"]
    assert BoostedTrees(**LISTS).fit(split.train).best_trees_ == LISTS["trees"]


def test_a_restored_model_makes_the_same_lists(split, model, tmp_path):
    restored = pn.restore(save(model, tmp_path / "trees"))
    users = split.test.histories
    np.testing.assert_array_equal(restored.scores(users), model.scores(users))
    np.testing.assert_array_equal(restored.predict(split.test.rows), model.predict(split.test.rows))


def test_events_below_the_positive_rating_are_not_recommended():
    """Everybody has the even items, and hates them."""
    rng = np.random.default_rng(0)
    rows = [
        (user, item, 5.0 if item % 2 else 1.0)
        for user in range(60)
        for item in rng.choice(40, 20, replace=False)
    ]
    log = Dataset.from_frame(pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row"))
    lists = BoostedTrees(**LISTS).fit(replace(log, positive=4.0)).recommend(k=5)
    assert (lists["item"] % 2).mean() > 0.95


def test_a_log_without_ratings():
    log = planted_pairs(n_users=60, with_ratings=False, with_times=False)
    model = BoostedTrees(**LISTS).fit(log)
    assert np.isfinite(model.scores(log.histories)).all()
    with pytest.raises(DataError, match="use target=interaction"):
        BoostedTrees().fit(log)


def test_popularity_of_late_names_candidates_where_there_are_times():
    log = planted_pairs(n_users=40)
    assert log.has_times
    model = BoostedTrees(**LISTS | {"trees": 5}).fit(log)
    times = log.frame()["time"]
    days = (times.max() - times.min()).total_seconds() / 86_400
    assert model.base_models_[-1].half_life == pytest.approx(days / 10, rel=1e-3)


@pytest.mark.parametrize("items", [[0, 0, 0, 0], [0]])
def test_a_log_in_which_nothing_comes_next(items):
    log = Dataset.from_frame(pl.DataFrame({"user": range(len(items)), "item": items}))
    with pytest.raises(DataError, match="use another model, such as popular"):
        BoostedTrees(**LISTS, base_models="popular").fit(log)


def test_others_are_drawn_for_each_event_from_the_same_user():
    rows = np.repeat([0, 1, 2], [10, 4, 5])
    truth = np.zeros(19, bool)
    truth[[0, 3, 11]] = True
    chosen = drawn(rows, truth, 3, np.random.default_rng(1))
    assert chosen[truth].all()
    assert np.bincount(rows[chosen & ~truth], minlength=3).tolist() == [6, 3, 0]


def test_equal_scores_rank_the_more_popular_item_first():
    frame = pl.DataFrame({"user": [0, 0, 1, 1, 2, 2, 3], "item": [0, 1, 0, 2, 0, 2, 3]})
    model = Popular().fit(Dataset.from_frame(frame))
    users = model.histories_.take([3])
    scores = BaseScores.of([model], users, 3)
    assert scores.best[0].tolist() == [[0, 2, 1]]
    np.testing.assert_allclose(
        scores.inputs(np.array([0, 0, 0]), np.array([0, 3, -1])),
        [[3, 1, 0], [1, 1 / 3, np.log(4)], [np.nan, np.nan, np.log(4)]],
        rtol=1e-6,
    )
