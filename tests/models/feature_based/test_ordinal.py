from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.metrics import AUC
from penchant.models import Bias, OrdinalRegression
from penchant.models.feature_based.ordinal_network import (
    Penalty,
    fit_rows,
    minus_log_chance,
    thresholds,
)
from penchant.testing import planted_ratings

SMALL = {"dim": 4, "batch_size": 64, "learning_rate": 0.03}


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=100), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def model(split):
    return OrdinalRegression(**SMALL).fit(split.train, split.validation)


def test_thresholds_ascend_and_losses_are_logarithms_of_chances():
    generator = torch.Generator().manual_seed(0)
    shared, own = (torch.randn(n, generator=generator) for n in ((4,), (7, 3)))
    at = thresholds(shared, own).double()
    assert at.shape == (7, 4)
    assert (at.diff(dim=1) > 0).all()
    output = torch.randn(7, 1, generator=generator).double()
    up_to = torch.sigmoid(at - output)
    ends = torch.zeros(7, 1), torch.ones(7, 1)
    chances = torch.cat([ends[0], up_to, ends[1]], 1).diff(dim=1)
    for level in range(5):
        found = minus_log_chance(at - output, torch.full((7,), level))
        torch.testing.assert_close(found, -chances[:, level].log())


def test_losses_far_from_zero_are_finite():
    above = torch.tensor([[-800.0, -799.0], [799.0, 800.0]])
    for level in range(3):
        assert torch.isfinite(minus_log_chance(above, torch.full((2,), level))).all()


def test_a_users_row_is_the_minimum_for_the_events():
    rng = np.random.default_rng(1)
    items = torch.from_numpy(rng.normal(size=(9, 3)))  # two dimensions and a bias
    levels = rng.integers(4, size=9)
    shared = torch.tensor([-1.0, 0.2, 0.1], dtype=torch.float64)
    penalty = Penalty(2, 1.5, 0.7)
    rows = fit_rows(np.array([0, 4, 4, 9]), levels, items, shared, penalty, 5)
    assert (rows[1] == 0).all()
    for user, part in ((0, slice(0, 4)), (2, slice(4, 9))):
        w = rows[user].clone().requires_grad_()
        output = items[part][:, :2] @ w[:2] + w[2] + items[part][:, 2]
        above = thresholds(shared, w[3:].expand(len(output), -1)) - output[:, None]
        wanted = torch.from_numpy(levels[part])
        (minus_log_chance(above, wanted).sum() + penalty(w[None]).sum()).backward()
        assert float(w.grad.abs().max()) < 0.02


def test_chances_add_up_to_what_is_predicted(split, model):
    rows = split.test.rows
    chances = model.chances(rows)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-6)
    assert (chances >= 0).all()
    np.testing.assert_allclose(chances @ model.levels_, model.predict(rows), atol=1e-5)
    likes = OrdinalRegression(target="like>=4", **SMALL).fit(split.train, split.validation)
    wanted = likes.chances(rows)[:, likes.levels_ >= 4].sum(1)
    np.testing.assert_allclose(likes.predict(rows), wanted, atol=1e-6)


def test_scores_are_predictions(split, model):
    rows = split.test.rows
    scores = model.scores(rows.histories)
    np.testing.assert_allclose(
        scores[rows.history, rows.items], model.predict(rows), rtol=1e-4, atol=1e-4
    )


def test_it_is_better_than_biases_where_users_have_scales_of_their_own():
    """Some users only say 1 or 5 and others 2 to 4: one bias is not enough to say who likes."""
    rng = np.random.default_rng(0)
    n_users, n_items, each = 150, 40, 20
    user = np.repeat(np.arange(n_users), each)
    item = np.concatenate([rng.permutation(n_items)[:each] for _ in range(n_users)])
    quality = rng.normal(0, 1, n_items)[item] + rng.normal(0, 0.7, len(user))
    extreme = (user % 2).astype(bool)
    middle = np.digitize(quality, [-1.0, 1.0]) + 2.0
    ends = np.where(quality > 0, 5.0, 1.0)
    log = Dataset.from_frame(
        pl.DataFrame({"user": user, "item": item, "rating": np.where(extreme, ends, middle)})
    )
    split = split_random(log, validation=0.1, test=0.2)
    model = OrdinalRegression(dim=0, target="like>=5", batch_size=64, learning_rate=0.03)
    truth = (split.test.ratings >= 5).astype(float)
    found = AUC()(model.fit(split.train, split.validation).predict(split.test.rows), truth)
    biases = AUC()(Bias().fit(split.train).predict(split.test.rows), truth)
    assert found > biases + 0.01


def test_what_it_cannot_learn_from_is_said():
    frame = {"user": [1, 2, 3], "item": [1, 2, 3]}
    one = Dataset.from_frame(pl.DataFrame({**frame, "rating": [4.0] * 3}))
    with pytest.raises(DataError, match="2 to 50 different levels"):
        OrdinalRegression().fit(one)
    n = 60
    many = {"user": [1] * n, "item": list(range(n)), "rating": np.linspace(1, 5, n)}
    with pytest.raises(DataError, match="has 60: round them"):
        OrdinalRegression().fit(Dataset.from_frame(pl.DataFrame(many)))
    with pytest.raises(ParameterError, match="use rating or like>=4"):
        OrdinalRegression(target="interaction")
