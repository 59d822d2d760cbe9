from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

import penchant as pn
from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.metrics import RMSE
from penchant.models import Bias, DNNRegressor
from penchant.models.feature_based.dnn_regressor import Regressor
from penchant.testing import planted_ratings

SMALL = {"hidden": (32, 16), "epochs": 15, "learning_rate": 0.003}


@pytest.fixture(scope="module")
def reviews():
    """Ratings of which the words written with them say nearly all."""
    rng = np.random.default_rng(0)
    n_users, n_items, n = 80, 30, 900
    keys = rng.choice(n_users * n_items, n, replace=False)
    rating = rng.integers(1, 6, n).astype(float)
    words = np.array(["awful", "poor", "fair", "good", "superb"])
    said = words[rating.astype(int) - 1]
    further = rng.choice([f"w{k}" for k in range(40)], (n, 4))
    return Dataset.from_frame(
        pl.DataFrame(
            {
                "user": keys // n_items,
                "item": keys % n_items,
                "rating": rating,
                "summary": said,
                "text": [f"{a} " + " ".join(b) for a, b in zip(said, further, strict=True)],
            }
        ),
        scale=(1.0, 5.0),
    )


@pytest.fixture(scope="module")
def split(reviews):
    return split_random(reviews, validation=0.1, test=0.2)


def test_the_published_size():
    network = Regressor(70, (256, 128, 64, 32, 8), None)
    trained = sum(p.numel() for p in network.parameters())
    running = sum(b.numel() for b in network.buffers() if b.is_floating_point())
    assert (trained + running, trained) == (63_633, 62_657)


def test_the_network_is_its_formula():
    torch.manual_seed(0)
    network = Regressor(5, (4, 3), (1.0, 5.0)).eval()
    for norm in network.norms:
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(6, 5)
    hidden = x
    for layer, norm in zip(network.hidden, network.norms, strict=True):
        hidden = torch.relu(hidden @ layer.weight.T + layer.bias)
        centred = hidden - norm.running_mean
        hidden = centred / (norm.running_var + 1e-3).sqrt() * norm.weight + norm.bias
    logit = hidden @ network.output.weight[0] + network.output.bias
    torch.testing.assert_close(network(x)[0], 1 + 4 * torch.sigmoid(logit))


@pytest.mark.parametrize("bounds", [None, (1.0, 5.0)])
def test_training_starts_at_the_mean_rating(bounds):
    network = Regressor(5, (4,), bounds).eval()
    network.output.weight.data.zero_()
    network.output.bias.data.fill_(network.before_bounds(4.2))
    torch.testing.assert_close(network(torch.randn(3, 5))[0], torch.full((3,), 4.2))


def test_the_text_of_the_very_event_tells_the_answer(split):
    """And nothing else does here, so without it nothing is better than a mean."""
    truth, rows = split.test.ratings, split.test.rows
    own = DNNRegressor(own_text=True, **SMALL).fit(split.train, split.validation)
    without = DNNRegressor(**SMALL).fit(split.train, split.validation)
    assert RMSE()(own.predict(rows), truth) < 0.8
    assert RMSE()(without.predict(rows), truth) > 1.3


def test_what_is_known_beforehand_is_used():
    split = split_random(planted_ratings(n_users=200), validation=0.1, test=0.2)
    model = DNNRegressor(**SMALL).fit(split.train, split.validation)
    truth, rows = split.test.ratings, split.test.rows
    biases = RMSE()(Bias().fit(split.train).predict(rows), truth)
    assert RMSE()(model.predict(rows), truth) < biases * 1.1


def test_a_bounded_output_stays_on_the_scale(reviews):
    """A price that nobody has seen before takes a linear unit tens of stars away."""
    items = pl.DataFrame({"item": range(30), "price": [5.0 + n for n in range(29)] + [1e7]})
    log = Dataset.from_frame(reviews.frame(), item_table=items, scale=(1.0, 5.0))
    far = log.events["item"].to_numpy() == 29
    rare = split_random(log.subset(~far), validation=0, test=0.1)
    published = {"clip": 0, "log_scale": False, **SMALL}
    linear = DNNRegressor(output="linear", **published).fit(rare.train)
    bounded = DNNRegressor(output="bounded", **published).fit(rare.train)
    rows = Holdout.of(rare.train, log.subset(far)).rows
    assert np.abs(linear.predict(rows) - 3).max() > 10
    found = bounded.predict(rows)
    assert ((found >= 1) & (found <= 5)).all()
    clipped = DNNRegressor(output="linear", log_scale=False, **SMALL).fit(rare.train)
    assert np.abs(clipped.predict(rows) - 3).max() < 4


def test_it_learns_from_a_reconstruction(split, tmp_path):
    model = DNNRegressor(code_dim=5, own_text=True, **SMALL).fit(split.train)
    assert model.code_encoder_0_weight_.shape[0] == 5
    prepared = model._prepared(np.random.default_rng(0).normal(size=(40, model.n_inputs_)))
    assert np.linalg.matrix_rank(prepared - prepared.mean(0), tol=1e-3) == 5
    restored = pn.restore(save(model, tmp_path / "dnn"))
    rows = split.test.rows
    np.testing.assert_array_equal(restored.predict(rows), model.predict(rows))


def test_a_last_batch_of_one_row():
    log = Dataset.from_frame(
        pl.DataFrame(
            {"user": range(33), "item": [n % 4 for n in range(33)], "rating": [1.0, 2, 3] * 11}
        )
    )
    model = DNNRegressor(epochs=1, batch_size=32).fit(log)
    assert np.isfinite(model.scores(log.histories)).all()


@pytest.mark.parametrize("units", ["12xy", "0", "-3", "8x0x4", ""])
def test_layers_that_are_none(units):
    with pytest.raises(ParameterError, match="hidden cannot be"):
        DNNRegressor(hidden=units)


def test_layers_may_be_a_text():
    assert DNNRegressor(hidden="16x8").hidden == (16, 8)
