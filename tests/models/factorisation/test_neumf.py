"""Neural matrix factorisation: what it finds, new users, weights, and poor logs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.splitting import split_random
from penchant.errors import DataError
from penchant.metrics import NDCG, Ranked
from penchant.models import NeuMF, Popular
from penchant.testing import planted_pairs

SMALL = {"dim": 4, "mlp_dim": 4, "hidden": (8, 4), "batch_size": 64, "learning_rate": 0.02}


def log_of(users, items, **columns):
    frame = pl.DataFrame({"user": users, "item": items, **columns})
    return pn.read(frame, user="user", item="item", **{c: c for c in columns})


@pytest.fixture(scope="module")
def split():
    return split_random(planted_pairs(n_users=120), validation=0.1, test=0.2)


def ndcg(model, holdout):
    lists, _ = model.top_items(holdout.histories, 10)
    return float(np.nanmean(NDCG(10)(Ranked.of(lists, holdout.offsets, holdout.items))))


@pytest.mark.parametrize("hidden", [(8, 4), ()])
def test_it_ranks_better_than_popularity(split, hidden):
    model = NeuMF(**SMALL | {"hidden": hidden}).fit(split.train, split.validation)
    assert model.best_epoch_ <= len(model.curve_) <= model.epochs
    assert ndcg(model, split.test) > 1.2 * ndcg(Popular().fit(split.train), split.test)


def test_a_new_user_gets_what_the_same_trained_user_gets(split):
    model = NeuMF(**SMALL).fit(split.train)
    known = split.train.histories
    stranger = replace(known, users=np.full(len(known), -1, np.int32))
    one, two = (model.scores(users).ravel() for users in (known, stranger))
    assert np.corrcoef(one, two)[0, 1] > 0.85


def test_events_of_more_weight_are_told_better(split):
    log = split.train
    heavy = np.random.default_rng(0).random(len(log)) < 0.5
    weights = pl.Series(np.where(heavy, 20.0, 1.0).astype(np.float32))
    weighted = replace(log, events=log.events.with_columns(weight=weights))
    user, item = (log.events[c].to_numpy() for c in ("user", "item"))
    plain, by_weight = (NeuMF(**SMALL).fit(each).scores(each.histories) for each in (log, weighted))

    def difference(scores):
        return scores[user, item][heavy].mean() - scores[user, item][~heavy].mean()

    assert difference(by_weight) > difference(plain) + 0.3


def test_events_of_weight_0_teach_nothing():
    log = log_of([1, 1, 2, 2, 3], [1, 2, 2, 3, 3])
    some = replace(log, events=log.events.with_columns(weight=pl.Series([1.0, 2, 1, 1, 0])))
    assert NeuMF(**SMALL).fit(some).trained_.tolist() == [True, True, False]
    none = replace(log, events=log.events.with_columns(weight=pl.lit(0.0)))
    with pytest.raises(DataError, match="none of its events counts as positive"):
        NeuMF(**SMALL).fit(none)


@pytest.mark.parametrize(
    ("users", "items", "columns"),
    [
        ([1, 2, 3], [7, 7, 7], {}),
        ([1, 1, 1], [7, 8, 9], {}),
        ([1], [7], {}),
        ([1, 1, 2, 2], [7, 8, 8, 9], {"rating": [3.0] * 4}),
    ],
)
def test_poor_logs_have_finite_scores(users, items, columns):
    """One item, one user, one event, constant ratings."""
    log = log_of(users, items, **columns)
    model = NeuMF(**SMALL | {"epochs": 3}).fit(log)
    assert np.isfinite(model.scores(log.histories)).all()
    assert np.isfinite(model.scores(model.history([items[0]]))).all()


def test_validation_users_without_training_events_decide_nothing(split):
    train = split.train
    some = train.subset(train.events["user"].to_numpy() < 60)
    late = split.validation.subset(split.validation.rows.users >= 60)
    model = NeuMF(**SMALL | {"epochs": 2}).fit(some, late)
    assert len(model.curve_) == model.best_epoch_ == 2
    assert "validation_loss" not in model.curve_[0]
