"""The hybrid recommender: its size as published, its branches, new items and new users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from torch.nn import functional

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.errors import DataError, ParameterError
from penchant.features.item_content import with_vectors
from penchant.models import HybridRecommender, make
from penchant.testing import planted_pairs, planted_ratings

SMALL = {"dim": 4, "batch_size": 64, "learning_rate": 0.01, "epochs": 5, "text_dim": 4}
PLOTS = ("a storm at sea", "a feast in town", "a long road home", "the last summer day")


def with_content(log, length=6, seed=0):
    """Pictures and plots that say which of two kinds an item is."""
    rng = np.random.default_rng(seed)
    kind = np.arange(log.n_items) % 2
    picture = rng.normal(size=(log.n_items, length)) + 3 * kind[:, None]
    plots = [f"{PLOTS[2 * k]} {PLOTS[2 * k + 1]} part {n}" for n, k in enumerate(kind)]
    table = log.item_table.drop("title").with_columns(plot=pl.Series(plots))
    return with_vectors(replace(log, item_table=table), "picture", picture)


@pytest.fixture(scope="module")
def log():
    return with_content(planted_ratings(n_users=40, cold_items=2))


@pytest.fixture(scope="module")
def model(log):
    return HybridRecommender(**SMALL).fit(log)


@pytest.fixture(scope="module")
def varied():
    """A log with pictures of 512 numbers and texts of more than 64 words."""
    rng = np.random.default_rng(0)
    n_users, n_items = 30, 90
    words = np.array([f"word{n}" for n in range(200)])
    texts = [" ".join(rng.choice(words, 12)) for _ in range(n_items)]
    keys = rng.choice(n_users * n_items, 300, replace=False)
    events = pl.DataFrame(
        {"user": keys // n_items, "item": keys % n_items, "rating": rng.integers(1, 6, 300)}
    )
    table = pl.DataFrame({"item": range(n_items), "plot": texts})
    log = Dataset.from_frame(events, item_table=table, scale=(1, 5))
    return with_vectors(log, "picture", rng.normal(size=(log.n_items, 512)))


def test_as_published_it_has_the_published_number_of_parameters(varied):
    model = HybridRecommender(content="text;picture", epochs=1).fit(varied)
    of_pairs = 64 * 16 + 16
    content_features = (64 * 64 + 64) + (512 * 256 + 256) + (320 * 128 + 128)
    head = ((1 + 16 + 128) * 64 + 64) + (64 + 1)
    assert of_pairs + content_features + head == 187_025
    assert model.text_rows_.shape == (varied.n_items, 64)
    assert model.picture_rows_.shape == (varied.n_items, 512)
    assert model.n_parameters() == 187_025 + 64 * (varied.n_users + varied.n_items)


def test_one_step_as_published_moves_the_output_from_zero_and_all_rows_by_their_moments(varied):
    few = varied.subset(np.arange(4))
    settings = {"epochs": 1, "patience": None, "batch_size": 1, "dropout": 0, "id_dropout": 0}
    rows, dense = (
        HybridRecommender(**settings, optimiser=name, output_start="zero").fit(few)
        for name in ("rows", "dense")
    )
    # Each of four steps of Adam moves a bias by the learning rate at most.
    assert 0 < dense.output_bias_[0] <= 4 * 0.01 + 1e-6
    median = HybridRecommender(**settings).fit(few).output_bias_[0]
    assert abs(median - np.median(few.ratings)) <= 4 * 0.01 + 1e-6
    # Whoever stood in the first batch goes on by the old moments in the other three.
    first = few.events["user"][0]
    assert np.abs(rows.users_rows_[first] - dense.users_rows_[first]).max() > 1e-3


def test_longer_pictures_are_brought_to_the_length_asked_for(varied):
    model = HybridRecommender(**SMALL | {"epochs": 1}, content="picture", picture_dim=20)
    model.fit(varied)
    assert model.picture_rows_.shape == (varied.n_items, 20)
    assert np.isfinite(model.picture_rows_).all()


@pytest.mark.parametrize("matrix", ["cosine", "none"])
@pytest.mark.parametrize("layers", [(16,), ()])
@pytest.mark.parametrize("content", ["", "text", "picture", "text;picture"])
def test_every_subset_of_branches_learns_and_predicts(log, matrix, layers, content):
    options = SMALL | {"matrix": matrix, "hidden": layers, "content": content}
    if matrix == "none" and not layers and not content:
        with pytest.raises(ParameterError, match="needs one branch at least"):
            HybridRecommender(**options)
        return
    model = HybridRecommender(**options).fit(log)
    assert model.content_ == [kind for kind in content.split(";") if kind]
    assert model.curve_[-1]["loss"] < model.curve_[0]["loss"]
    rows = split_random(log).test.rows
    assert np.isfinite(model.predict(rows)).all()
    n = 4 * ((matrix != "none") + bool(layers))
    assert model.item_rows(np.arange(3)).shape == (3, n)


@pytest.mark.parametrize(
    "spec",
    [
        "hybrid:matrix=product,hidden=,content=,target=interaction",
        "hybrid:matrix=none,hidden=16x8,content=,target=interaction",
        "hybrid:matrix=product,hidden=16x8,content=,target=interaction",
    ],
    ids=["gmf", "mlp", "neumf"],
)
def test_neural_matrix_factorisation_and_its_parts_are_special_cases(spec):
    model = make(spec).clone(dim=4, batch_size=64, epochs=3)
    log = planted_pairs(n_users=30, with_ratings=False)
    model.fit(log)
    p = torch.from_numpy(model.users_rows_[3]).double()
    q = torch.from_numpy(model.items_rows_[5]).double()
    parts = [p[:4] * q[:4]] if "product" in spec else []
    if "16x8" in spec:
        hidden = torch.cat([p[-4:], q[-4:]])
        for n in range(2):
            weight, bias = (vars(model)[f"layers_{n}_{part}_"] for part in ("weight", "bias"))
            hidden = torch.relu(torch.from_numpy(weight).double() @ hidden + torch.tensor(bias))
        parts.append(hidden)
    last = torch.from_numpy(model.last_weight_).double() @ torch.cat(parts)
    last = last + torch.from_numpy(model.last_bias_)
    wanted = torch.from_numpy(model.output_weight_).double() @ last + float(model.output_bias_[0])
    assert model.scores(log.histories)[3, 5] == pytest.approx(float(wanted[0]), abs=1e-4)


@pytest.mark.parametrize("target", ["rating", "like>=4"])
def test_predictions_are_scores_on_the_scale_of_the_target(log, target):
    model = HybridRecommender(**SMALL, target=target).fit(log)
    rows = split_random(log).test.rows
    scores = model.scores(rows.histories)[rows.history, rows.items]
    wanted = 1 / (1 + np.exp(-scores)) if target != "rating" else scores
    np.testing.assert_allclose(model.predict(rows), wanted, atol=1e-5)


def test_a_new_items_score_comes_from_its_content(log):
    """Two new items differ in their content alone; so do their scores, and one like an old one."""
    model = HybridRecommender(**SMALL, content="picture").fit(log)
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == 2
    assert (model.items_rows_[cold] == model.items_rows_[-1]).all()
    scores = model.scores(log.histories)[:, cold]
    assert np.abs(scores[:, 0] - scores[:, 1]).max() > 1e-3
    pictures = np.stack(log.item_table["picture"].to_numpy()).copy()
    pictures[cold[0]] = pictures[cold[1]]
    swapped = with_vectors(log, "picture", pictures)
    alike = HybridRecommender(**SMALL, content="picture").fit(swapped)
    scores = alike.scores(log.histories)[:, cold]
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-6)
    blind = HybridRecommender(**SMALL, content="").fit(log).scores(log.histories)[:, cold]
    np.testing.assert_allclose(blind[:, 0], blind[:, 1], atol=1e-6)


@pytest.mark.parametrize("target", ["rating", "like>=4", "interaction"])
def test_new_items_whose_content_is_liked_come_first(target):
    """Items of the second kind have more events and better ratings, and so will new ones."""
    rng = np.random.default_rng(1)
    everything = planted_ratings(n_users=60, cold_items=6)
    kind = np.arange(everything.n_items) % 2
    items = everything.events["item"].to_numpy()
    chosen = everything.subset((kind[items] == 1) | (rng.random(len(items)) < 0.3))
    better = (3.5 + kind[chosen.events["item"].to_numpy()]).astype(np.float32)
    events = chosen.events.with_columns(rating=pl.Series(better))
    log = with_content(replace(chosen, events=events))
    options = SMALL | {"epochs": 10, "content": "picture", "target": target, "id_dropout": 0.3}
    model = HybridRecommender(**options).fit(log)
    cold = log.item_counts == 0
    assert cold.sum() == 6
    scores = model.scores(log.histories)
    assert (scores[:, cold & (kind == 1)].min(1) > scores[:, cold & (kind == 0)].max(1)).all()


def test_new_items_are_not_learned_to_be_bad():
    log = with_content(planted_pairs(n_users=60, cold_items=4))
    model = HybridRecommender(**SMALL | {"epochs": 15}, target="interaction").fit(log)
    scores, cold = model.scores(log.histories).mean(axis=0), log.item_counts == 0
    assert scores[cold].mean() > np.quantile(scores[~cold], 0.05)


@pytest.mark.parametrize("target", ["rating", "like>=4", "interaction"])
def test_a_new_users_row_lowers_the_loss_over_the_history(log, target):
    model = HybridRecommender(**SMALL, target=target).fit(log)
    user = model.history([1, 2, 3, 9, 11], [5, 1, 4, 2, 5])
    fitted, common = model.user_rows(user), model.users_rows_[-1:]
    user_events = model._user_events(user)
    network, items = model._network(), user_events.items
    q = torch.from_numpy(model.item_rows(items)).double()
    content = model._of_items(network, items)
    losses = [
        float(
            model._objective.mean(
                network.combine(torch.from_numpy(p).double().expand(len(q), -1), q, content),
                torch.from_numpy(user_events.targets),
            )
        )
        for p in (fitted, common)
    ]
    assert losses[0] < 0.97 * losses[1]
    np.testing.assert_array_equal(model.user_rows(model.history([])), common)
    without = replace(user, ratings=None)
    assert (model.user_rows(without) == common).all() == (target != "interaction")


def test_folded_in_together_is_as_alone(log, model):
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    together = model.user_rows(strangers)
    for n in (0, 7):
        np.testing.assert_allclose(model.user_rows(strangers.take([n]))[0], together[n], atol=1e-5)


def test_validation_decides_as_predictions_would(log):
    """Also where held-out items have no training events."""
    split = split_random(log, validation=0.2)
    keep = split.train.events["item"].to_numpy() > 8
    train = split.train.subset(keep)
    model = HybridRecommender(**SMALL | {"epochs": 30, "learning_rate": 0.05}, patience=2)
    model.fit(train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) == model.best_epoch_ + 2 < 30
    assert model.refit(log).epochs == model.best_epoch_
    known = model.trained_[split.validation.rows.users]
    assert known.all()
    found = torch.from_numpy(model.predict(split.validation.rows))
    loss = functional.l1_loss(found, torch.tensor(split.validation.ratings))
    assert float(loss) == pytest.approx(min(losses), rel=1e-4)


def test_save_and_restore(tmp_path):
    log = planted_ratings(n_users=40, cold_items=2)
    model = HybridRecommender(**SMALL, content="table").fit(log)
    assert model.content_ == ["table"]
    back = restore(save(model, tmp_path / "bundle"))
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    for users in (log.histories, strangers):
        np.testing.assert_array_equal(back.scores(users), model.scores(users))
    assert back.n_parameters() == model.n_parameters()


def test_an_item_outside_the_vocabulary_is_one_of_which_nothing_is_known(log, model):
    rows = Rows(log.histories, np.array([0, 0], np.int32), np.array([-1, 3], np.int32))
    found = model.predict(rows)
    network = model._network()
    p = torch.from_numpy(model.user_rows(log.histories.take([0]))).double()
    q = torch.from_numpy(model.items_rows_[-1:]).double()
    with torch.no_grad():
        wanted = network.combine(p, q, network.unknown_content())
    assert found[0] == pytest.approx(float(wanted[0]), abs=1e-5)
    assert np.isfinite(found).all()


def test_a_log_without_content_is_learned_from_ids_alone():
    log = replace(planted_ratings(n_users=30), item_table=None)
    model = HybridRecommender(**SMALL).fit(log)
    assert model.content_ == []
    assert np.isfinite(model.scores(log.histories)).all()


def test_what_cannot_be_is_refused(log):
    with pytest.raises(ParameterError, match="bce needs targets of 0 and 1"):
        HybridRecommender(loss="bce")
    with pytest.raises(ParameterError, match="there is no content 'sound'"):
        HybridRecommender(content="text;sound")
    with pytest.raises(DataError, match="use target=interaction"):
        HybridRecommender(**SMALL).fit(planted_pairs(with_ratings=False))
    bare = replace(log, item_table=None)
    with pytest.raises(
        DataError, match="has none of the content text, and the model no other branch"
    ):
        HybridRecommender(**SMALL, matrix="none", hidden=(), content="text").fit(bare)
