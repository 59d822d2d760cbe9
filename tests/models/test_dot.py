from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.data.split import split_random
from penchant.errors import DataError, ParameterError
from penchant.models import DotProduct
from penchant.testing import planted_pairs, planted_ratings

SMALL = {"dim": 4, "batch_size": 64, "learning_rate": 0.02, "epochs": 6}


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=40, cold_items=1)


@pytest.fixture(scope="module")
def model(log):
    return DotProduct(**SMALL).fit(log)


def test_scores_are_the_formula(log, model):
    wanted = (
        model.output_[0] * model.user_vectors_ @ model.item_vectors_.T
        + model.output_[1]
        + model.user_bias_[:, None]
        + model.item_bias_
    )
    np.testing.assert_allclose(model.scores(log.histories), wanted, atol=1e-5)


@pytest.mark.parametrize("target", ["rating", "like>=4"])
def test_predictions_are_scores_on_the_scale_of_the_target(log, target):
    model = DotProduct(**SMALL, target=target).fit(log)
    rows = split_random(log).test.rows
    # Histories of the test are shorter, but a known user's vector is the one learned.
    scores = model.scores(rows.histories)[rows.history, rows.items]
    wanted = 1 / (1 + np.exp(-scores)) if target != "rating" else scores
    np.testing.assert_allclose(model.predict(rows), wanted, atol=1e-5)


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("target", ["rating", "like>=4"])
def test_a_new_users_vector_is_the_minimum_for_the_history(log, target, biases):
    model = DotProduct(**SMALL, target=target, biases=biases).fit(log)
    user = model.history([1, 2, 3, 9, 11], [5, 1, 4, 2, 5])
    vector, bias = model.user_rows(user)
    p = torch.tensor(np.append(vector[0], bias[:1])[: 4 + biases].astype(float), requires_grad=True)
    q = torch.from_numpy(model.item_vectors_[user.items].astype(float))
    output = model.output_[0] * q @ p[:4] + model.output_[1]
    if biases:
        output = output + p[4] + torch.from_numpy(model.item_bias_[user.items])
    truth = torch.from_numpy(model.target.of_ratings(user.ratings).astype(float))
    if target == "rating":
        loss = functional.mse_loss(output, truth)
    else:
        loss = functional.binary_cross_entropy_with_logits(output, truth)
    (loss + (model.l2 + 1e-6) * p.square().sum()).backward()
    np.testing.assert_allclose(p.grad.numpy(), 0, atol=2e-4)
    assert np.abs(vector).max() > 1e-3


def test_folding_in_is_like_training(log, model):
    stranger = type(log.histories)(
        users=np.full(log.n_users, -1, np.int32),
        offsets=log.histories.offsets,
        items=log.histories.items,
        ratings=log.histories.ratings,
        times=None,
        n_items=log.n_items,
    )
    one, two = model.scores(log.histories)[:, :40], model.scores(stranger)[:, :40]
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.9


def test_row_and_dense_optimisers_learn_alike(log):
    found = [
        DotProduct(**SMALL, optimiser=optimiser).fit(log).scores(log.histories)[:, :40].ravel()
        for optimiser in ("rows", "dense")
    ]
    assert np.corrcoef(*found)[0, 1] > 0.97


def test_untrained_rows_say_nothing(log, model):
    assert (model.item_vectors_[40] == 0).all()
    assert model.item_bias_[40] == 0
    split = split_random(log)
    keep = split.train.events["user"].to_numpy() != 5
    without = DotProduct(**SMALL).fit(split.train.subset(keep))
    assert (without.user_vectors_[5] == 0).all()


def test_items_drawn_as_negatives_alone_stay_at_the_end():
    log = planted_pairs(cold_items=3)
    model = DotProduct(**SMALL, target="interaction").fit(log)
    scores, cold = model.scores(log.histories).mean(axis=0), log.item_counts == 0
    assert cold.sum() == 3
    assert scores[cold].max() < scores[~cold].min()


def test_validation_decides_when_to_stop_and_refit_takes_that_over(log):
    split = split_random(log, validation=0.2)
    model = DotProduct(**SMALL | {"epochs": 40, "l2": 0.0, "learning_rate": 0.1}, patience=2)
    model.fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) == model.best_epoch_ + 2 < 40
    again = model.refit(log)
    assert again.epochs == model.best_epoch_ == len(again.curve_)
    with torch.no_grad():
        rows = split.validation.rows
        loss = functional.mse_loss(
            torch.tensor(model.predict(rows)), torch.tensor(split.validation.ratings)
        )
    assert float(loss) == pytest.approx(min(losses), rel=1e-3)


def test_impossible_combinations_are_refused():
    with pytest.raises(ParameterError, match="bce needs targets of 0 and 1"):
        DotProduct(loss="bce")
    with pytest.raises(DataError, match="use target=interaction"):
        DotProduct().fit(planted_pairs(with_ratings=False))
    assert DotProduct(loss="bce", target="like>=3").loss == "bce"


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_losses_other_than_bce_learn_likes_without_a_sigmoid(log, loss):
    model = DotProduct(**SMALL, target="like>=4", loss=loss).fit(log)
    assert model.curve_[-1]["loss"] < model.curve_[0]["loss"]
    rows = split_random(log).test.rows
    scores = model.scores(rows.histories)[rows.history, rows.items]
    np.testing.assert_allclose(model.predict(rows), scores, atol=1e-5)
