from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout, Rows
from penchant.data.splitting import split_random
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.models import DotProduct, make
from penchant.models.dot import vectors as dot_vectors
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
    (loss + (model.objective.l2 + 1e-6) * p.square().sum()).backward()
    np.testing.assert_allclose(p.grad.numpy(), 0, atol=2e-4)
    assert np.abs(vector).max() > 1e-3


def test_folding_in_is_like_training(log, model):
    stranger = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
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


def test_the_command_line_says_it_all():
    model = make(
        "dot:dim=1,biases=false,loss=mae,hidden=64x32,activation=relu,skip=first,dropout=0.9,"
        "target=adjusted(5,1),batch_size=128,epochs=25,patience=3,min_delta=0.01"
    )
    assert model.hidden == (64, 32)
    assert (model.skip, model.dropout, model.min_delta) == ("first", 0.9, 0.01)
    assert str(model.target) == "adjusted(5,1)"
    for text, layers in (("64", (64,)), ("(128, 64)", (128, 64)), ("(64,)", (64,)), ("none", ())):
        assert make(f"dot:hidden={text}").hidden == layers
    plain = make("dot:skip=none,activation=linear")
    assert (plain.skip, plain.activation) == ("none", "linear")
    assert DotProduct(hidden=64).hidden == DotProduct(hidden=[64]).hidden == (64,)


@pytest.mark.parametrize("layers", ["0", "64x", "x", "64xa", "-3", "1.5", (64, 0)])
def test_impossible_layers_are_refused(layers):
    if layers in ("64x", "x"):  # a cross more is no layer more
        assert DotProduct(hidden=layers).hidden in ((64,), ())
        return
    with pytest.raises(ParameterError, match="hidden cannot be"):
        DotProduct(hidden=layers)


def test_a_skip_needs_something_to_skip():
    with pytest.raises(ParameterError, match="give hidden=64, or use skip=dot"):
        DotProduct(skip="first")


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": (16,), "skip": "dot"},
        {"hidden": (16, 8), "skip": "first", "target": "like>=4", "biases": False},
        {"skip": "dot", "loss": "mae"},
    ],
)
def test_predictions_and_scores_of_dense_layers_are_the_networks(log, options):
    split = split_random(log, validation=0.2)
    model = DotProduct(**SMALL | options).fit(split.train, split.validation)
    network = model.network(
        log.n_users, log.n_items, by_rows=False, generator=torch.Generator()
    ).eval()
    assert model.n_parameters() == network.n_weights()
    network.head.load_state_dict(model.head.state_dict())
    with torch.no_grad():
        for table, rows in zip((network.users, network.items), model.tables(), strict=True):
            table.weight[:-1] = torch.from_numpy(rows)
        users, items = torch.meshgrid(
            torch.arange(log.n_users), torch.arange(log.n_items), indexing="ij"
        )
        wanted = network(users.ravel(), items.ravel()).view(users.shape)
    torch.testing.assert_close(torch.from_numpy(model.scores(log.histories)), wanted)
    rows = split.validation.rows
    wanted = wanted[rows.users.astype(int), rows.items.astype(int)]
    if "target" in options:
        wanted = torch.sigmoid(wanted)
    torch.testing.assert_close(torch.from_numpy(model.predict(rows)), wanted)


def test_dropout_learns_yet_less_by_heart(log):
    split = split_random(log, validation=0.2)
    options = SMALL | {"epochs": 25, "l2": 0.0}
    fits = [DotProduct(**options, dropout=d).fit(split.train) for d in (0.0, 0.5)]
    errors = []
    for model in fits:
        holdout = Holdout.of(split.train, split.train)
        rest = model.predict(holdout.rows) - holdout.ratings
        errors.append(float(np.square(rest).mean()))
    assert errors[0] < errors[1] < split.train.ratings.var()


def test_a_fit_starts_once_from_another_models_vectors(log):
    first = DotProduct(**SMALL).fit(log)
    options = SMALL | {"learning_rate": 1e-9, "epochs": 1}
    model = DotProduct(**options, hidden=4, target="like>=4").start_from(first).fit(log)
    np.testing.assert_allclose(model.user_vectors_, first.user_vectors_, atol=1e-6)
    np.testing.assert_allclose(model.item_bias_, first.item_bias_, atol=1e-6)
    again = model.fit(log)
    assert np.abs(again.user_vectors_ - first.user_vectors_).max() > 0.1
    # Rows are found by id, and unknown ones start as usual.
    frame = log.frame().filter(pl.col("user") > 3)
    fewer = Dataset.from_frame(frame, name="fewer")
    partly = DotProduct(**options, biases=False).start_from(first).fit(fewer)
    np.testing.assert_allclose(partly.user_vectors_, first.user_vectors_[3:], atol=1e-6)
    with pytest.raises(ParameterError, match="use dim=4"):
        DotProduct(dim=3).start_from(first)
    with pytest.raises(NotFittedError):
        DotProduct().start_from(DotProduct())


@pytest.mark.parametrize("options", [{}, {"hidden": (8,), "skip": "dot"}, {"optimiser": "dense"}])
def test_an_update_learns_the_new_events_from_where_it_is(log, options):
    events = log.frame()
    old = (pl.col("user") > 2) & ~((pl.col("user") == 7) & (pl.col("item") % 2 == 0))
    before = Dataset.from_frame(events.filter(old), item_table=log.item_table)
    news = Dataset.from_frame(events.filter(~old))
    model = DotProduct(**SMALL | {"epochs": 15}, update_epochs=10, **options).fit(before)
    kept = {user: model.user_vectors_[before.users.index(user)].copy() for user in (3, 7, 20)}
    weights, count = model.head.state_dict(), model.n_parameters()
    holdout = Holdout.of(log.subset(np.zeros(len(log), bool)), log)
    mine = np.isin(log.users.take(holdout.rows.users).to_numpy(), [1, 2, 7])

    def error():
        rows = Rows(model.histories_of(log.users.take(holdout.histories.users)), *places)
        return np.square(model.predict(rows) - holdout.ratings)[mine].mean()

    places = holdout.rows.history, holdout.items
    strangers = Rows(
        before.histories.take([0]), np.zeros(int(mine.sum()), np.int32), places[1][mine]
    )
    unknown = np.square(model.predict(strangers) - holdout.ratings[mine]).mean()
    assert model.update(news) is model
    assert error() < 0.8 * unknown
    now = {user: model.user_vectors_[model.users_.index(user)] for user in kept}
    assert np.array_equal(now[3], kept[3])
    assert np.array_equal(now[20], kept[20])
    assert 0 < np.abs(now[7] - kept[7]).max() < 0.5
    for name, weight in model.head.state_dict().items():
        assert torch.equal(weight, weights[name])
    assert model.n_parameters() == count + 2 * (4 + 1)


def test_many_new_users_are_folded_in_together(log, monkeypatch):
    calls = []
    real = dot_vectors.fold_in
    monkeypatch.setattr(dot_vectors, "fold_in", lambda *a: (calls.append(1), real(*a))[1])
    model = DotProduct(**SMALL, hidden=4, loss="mae").fit(log)
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    model.scores(strangers)
    assert len(calls) == 1


def test_default_batches_and_weight_decay_follow_target_and_log():
    ranking, rating = DotProduct(target="interaction"), DotProduct()
    assert [ranking.events_at_once(n) for n in (10, 2400, 8192, 10**6)] == [128, 300, 1024, 1024]
    assert rating.events_at_once(10) == 1024
    assert DotProduct(target="interaction", batch_size=7).events_at_once(10) == 7
    assert (ranking.objective.l2, rating.objective.l2) == (0.03, 0.1)
    assert DotProduct(target="interaction", l2=0).objective.l2 == 0
