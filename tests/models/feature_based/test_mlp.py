from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.data.splitting import split_random
from penchant.metrics import AUC
from penchant.models import Bias, FeatureMLP
from penchant.models.feature_based.mlp import Committee
from penchant.testing import planted_attributes

SMALL = {"hidden": 16, "batch_size": 64, "learning_rate": 0.01, "epochs": 8}


@pytest.fixture(scope="module")
def split():
    return split_random(planted_attributes(n_users=120), validation=0.15, test=0.2)


@pytest.fixture(scope="module")
def model(split):
    return FeatureMLP(target="like>=4", **SMALL).fit(split.train, split.validation)


def test_it_is_better_than_biases(split, model):
    truth = (split.test.ratings >= 4).astype(float)
    biases = AUC()(Bias().fit(split.train).predict(split.test.rows), truth)
    assert AUC()(model.predict(split.test.rows), truth) > biases + 0.1
    assert model.best_epoch_ <= SMALL["epochs"]


def test_a_committee_is_networks_side_by_side():
    torch.manual_seed(0)
    three = Committee(5, 6, 3, 0.5).eval()
    x = torch.randn(4, 5)
    for place in range(3):
        hidden = x
        for weight, bias in zip(three.weights, three.biases, strict=True):
            hidden = torch.relu(hidden) if weight is not three.weights[0] else hidden
            hidden = hidden @ weight[place] + bias[place]
        torch.testing.assert_close(three(x)[place], hidden[:, 0])
    torch.testing.assert_close(three.mean(x), three(x).mean(0))


def test_inputs_are_standardised_and_gaps_are_said(model):
    inputs = np.full((1, len(model.input_means_)), np.nan, np.float32)
    prepared = model._prepared(inputs).numpy()[0]
    n = len(model.input_means_)
    assert (prepared[:n] == 0).all()
    assert (prepared[n:] == 1).all()
    far = model._prepared(np.full_like(inputs, 1e9)).numpy()[0]
    assert (far[:n] == 4).all()
    mean = model._prepared(model.input_means_[None]).numpy()[0]
    np.testing.assert_allclose(mean, 0, atol=1e-6)


def test_ratings_come_on_their_scale(split):
    model = FeatureMLP(**SMALL, networks=1).fit(split.train, split.validation)
    found = model.predict(split.test.rows)
    assert abs(found.mean() - split.train.ratings.mean()) < 0.3
    assert np.corrcoef(found, split.test.ratings)[0, 1] > 0.5
