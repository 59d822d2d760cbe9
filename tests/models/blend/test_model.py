from __future__ import annotations

import numpy as np
import pytest

import penchant as pn
from penchant.bundle import save
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.metrics import AUC, RMSE, ExpectedCalibrationError
from penchant.models import Bias, Blend, ItemKNN
from penchant.testing import planted_ratings

MEMBERS = "bias;item-knn:similarity=adjusted-cosine,neighbours=10"


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=300, per_user=20), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def model(split):
    return Blend(base_models=MEMBERS).fit(split.train, split.validation)


def test_it_is_as_good_as_its_best_member(split, model):
    truth, rows = split.test.ratings, split.test.rows
    alone = [
        RMSE()(m.fit(split.train).predict(rows), truth)
        for m in (Bias(), ItemKNN(similarity="adjusted-cosine", neighbours=10))
    ]
    assert RMSE()(model.predict(rows), truth) < min(alone) + 0.005


def test_weights_of_one_part_held_out(split, model):
    once = Blend(base_models=MEMBERS, holdout=0.2).fit(split.train, split.validation)
    truth, rows = split.test.ratings, split.test.rows
    assert RMSE()(once.predict(rows), truth) < RMSE()(model.predict(rows), truth) + 0.005
    assert not np.array_equal(once.weights_, model.weights_)
    few = split.train.subset(np.arange(1))
    with pytest.raises(DataError, match="too few events to hold one of them out"):
        once.clone().fit(few)


def test_noise_gets_no_weight(split):
    model = Blend(base_models="bias;random", by_support=False).fit(split.train)
    weights = model.importances()
    assert list(weights) == ["Bias()", "Random()"]
    assert abs(weights["Random()"]) < 0.1 * weights["Bias()"]


def test_weights_of_typical_support_are_shown(model):
    assert len(model.importances()) == 2
    assert sum(model.importances().values()) > 0


def test_chances_are_calibrated(split):
    model = Blend(target="like>=4", base_models="bias;ordinal:dim=0,epochs=5", folds=3).fit(
        split.train
    )
    chance = model.predict(split.test.rows)
    truth = (split.test.ratings >= 4).astype(float)
    assert ExpectedCalibrationError()(chance, truth) < 0.05
    assert AUC()(chance, truth) > 0.7


def test_it_is_kept_with_its_members(split, model, tmp_path):
    restored = pn.restore(save(model, tmp_path / "blend"))
    rows = split.test.rows
    np.testing.assert_array_equal(restored.predict(rows), model.predict(rows))
    assert [repr(m) for m in restored.base_models_] == [repr(m) for m in model.base_models_]
    assert model.n_parameters() > sum(m.n_parameters() for m in model.base_models_)


def test_interactions_are_not_its_business():
    with pytest.raises(ParameterError, match="use rating or like>=4"):
        Blend(target="interaction")
