"""Matrix factorisation by a sampled softmax: what is planted, and logs of little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.models import SampledSoftmax
from penchant.testing.helpers import ndcg
from penchant.testing.logs import planted_pairs


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=100, cold_items=2)


def test_few_drawn_items_do_as_well_as_all(log):
    split = pn.split_random(log, validation=0, test=0.2)
    options = {"dim": 8, "batch_size": 64, "epochs": 20}
    exact = ndcg(SampledSoftmax(negatives=100, **options).fit(split.train), split.test)
    drawn = ndcg(SampledSoftmax(negatives=8, **options).fit(split.train), split.test)
    assert drawn > 0.9 * exact > 0.3


def test_items_without_events_have_nothing(log):
    model = SampledSoftmax(dim=4, epochs=2).fit(log)
    assert not model.item_vectors_[40:].any()
    assert not model.item_bias_[40:].any()


def test_validation_decides_the_epoch(log):
    split = pn.split_random(log, validation=0.2, test=0.1)
    model = SampledSoftmax(dim=8, batch_size=64).fit(split.train, split.validation)
    best = min(model.curve_, key=lambda row: row["validation_loss"])
    assert model.best_epoch_ == best["epoch"]


@pytest.mark.parametrize(
    "rows",
    [
        [("u", "a"), ("v", "a")],  # one item
        [("u", "a"), ("u", "b"), ("u", "c")],  # one user
        [(u, i) for u in "uv" for i in "ab"],  # everybody has everything
    ],
)
def test_logs_of_little(rows):
    log = pn.read(pl.DataFrame(rows, schema=["user", "item"], orient="row"))
    model = SampledSoftmax(dim=4, epochs=3).fit(log)
    assert np.isfinite(model.scores(model.histories_)).all()
    assert model.recommend(model.history(["a"]), k=5).height == log.n_items - 1


def test_without_positive_events_popularity_answers(log):
    model = SampledSoftmax(dim=4, epochs=2).fit(replace(log, positive=6.0))
    assert not model.trained_.any()
    assert model.recommend(k=3)["fallback"].all()
