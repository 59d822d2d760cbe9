"""DeepFM and the deep and cross network: what they find, new users, and poor logs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.metrics import AUC
from penchant.models import DCNV2, Bias, DeepFM
from penchant.testing import planted_attributes

SMALL = {"dim": 4, "hidden": (16,), "batch_size": 64, "learning_rate": 0.01, "l2": 3, "epochs": 6}
MODELS = [DeepFM, DCNV2]


def log_of(users, items, ratings):
    frame = pl.DataFrame({"user": users, "item": items, "rating": ratings})
    return pn.read(frame, user="user", item="item", rating="rating")


@pytest.fixture(scope="module")
def split():
    return split_random(planted_attributes(n_users=120), validation=0.15, test=0.2)


@pytest.mark.parametrize("model", MODELS)
def test_it_is_better_than_biases(split, model):
    fitted = model(target="like>=4", **SMALL).fit(split.train, split.validation)
    truth = (split.test.ratings >= 4).astype(float)
    biases = AUC()(Bias().fit(split.train).predict(split.test.rows), truth)
    assert AUC()(fitted.predict(split.test.rows), truth) > biases + 0.1
    assert fitted.best_epoch_ <= SMALL["epochs"]
    stranger = replace(split.train.histories, users=np.full(split.train.n_users, -1, np.int32))
    one, two = (fitted.scores(users).ravel() for users in (split.train.histories, stranger))
    assert np.corrcoef(one, two)[0, 1] > 0.8


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("users", "items"), [([1, 2, 3], [7, 7, 7]), ([1, 1, 1], [7, 8, 9]), ([1, 1, 2], [7, 8, 8])]
)
def test_poor_logs_have_finite_scores(model, users, items):
    """One item, one user, constant ratings."""
    log = log_of(users, items, [3.0] * 3)
    fitted = model(**SMALL | {"epochs": 2}).fit(log)
    scores = fitted.scores(log.histories)
    np.testing.assert_allclose(scores, 3, atol=1)
    assert np.isfinite(fitted.scores(fitted.history([items[0]]))).all()


@pytest.mark.parametrize("model", MODELS)
def test_logs_and_targets_that_teach_nothing_are_refused(model):
    with pytest.raises(DataError, match="learns from ratings"):
        model().fit(pn.read(pl.DataFrame({"user": [1, 2], "item": [1, 2]}), user="user"))
    with pytest.raises(DataError, match="has one"):
        model().fit(log_of([1], [1], [3.0]))
    with pytest.raises(ParameterError, match="use rating or like"):
        model(target="interaction")
