"""Figures of the restricted Boltzmann machines on real data."""

from __future__ import annotations

import numpy as np
import pytest

import penchant as pn
from penchant.metrics import RMSE
from penchant.models import RBM, RatingRBM

pytestmark = [pytest.mark.slow, pytest.mark.mirror, pytest.mark.usefixtures("mirror")]

PUBLISHED = {"learning_rate": 1.0, "initial_scale": 0.0, "output_start": "zero"}


# Sedhain et al., "AutoRec" (2015), table 1a, on the same share of random rows. Validation rows
# choose 13 and 21 epochs; a third of them is enough to be as good.
@pytest.mark.parametrize(("axis", "epochs", "published"), [("user", 4, 0.881), ("item", 6, 0.854)])
def test_ratings_of_movielens_1m(tenth_of_movielens_1m, axis, epochs, published):
    split = tenth_of_movielens_1m
    model = RatingRBM(axis=axis, epochs=epochs).fit(split.train)
    error = RMSE()(model.predict(split.test.rows), split.test.ratings)
    assert 0.83 < error < published


def test_the_published_machine_has_one_hidden_unit_thirty_times(fifth_of_movielens_1m):
    published = RBM(**PUBLISHED, epochs=10)
    models = {"published": published, "apart": published.clone(initial_scale=0.01, epochs=16)}
    table = pn.evaluate(models, fifth_of_movielens_1m, ["ndcg@10"], replicates=100)
    assert table.models["published"].distinct_hidden_units() == 1
    assert table.models["apart"].distinct_hidden_units() == 30
    found = {name: table.table()[name].metrics["ndcg@10"].value for name in (*models, "popular")}
    assert found["published"] < 1.1 * found["popular"]
    assert found["apart"] > 1.4 * found["popular"]
    assert np.isfinite(list(found.values())).all()


# The program prints .02712 after the first epoch, .01982 after the ninth, .01975 after the tenth.
def test_errors_that_the_published_program_prints(movielens_1m):
    users = movielens_1m.events["user"].to_numpy()
    rows = movielens_1m.subset(users < 1501).frame()
    train = pn.Dataset.from_frame(rows, item_table=movielens_1m.item_table, scale=(1, 5))
    assert (train.n_users, train.n_items) == (1501, 3883)  # films nobody rated are units, too
    model = RBM(**PUBLISHED, shuffle=False, drop_last=True, epochs=1).fit(train)
    assert model.reconstruction_error(model.histories_) == pytest.approx(0.02712, abs=5e-6)
    model = model.clone(epochs=10).fit(train)
    assert model.reconstruction_error(model.histories_) == pytest.approx(0.01982, abs=5e-6)
