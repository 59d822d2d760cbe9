from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.data.target import Like
from penchant.errors import DataError, ParameterError
from penchant.evaluation.participants import with_threshold
from penchant.metrics import AUC
from penchant.models import AttributeNetwork, PerUserNetwork
from penchant.models.attributes.profiles import ProfilePrior, count_likes
from penchant.models.protocols import ExplainsAttributes
from penchant.testing import planted_attributes, planted_nothing, planted_ratings

QUICK = {"batch_size": 256, "learning_rate": 0.02, "epochs": 6}
BODIES = {
    "feed-forward": {},
    "two layers": {"layers": 2},
    "lstm": {"architecture": "recurrent"},
    "gru": {"architecture": "recurrent", "cell": "gru", "layers": 2},
}


@pytest.fixture(scope="module")
def log():
    return planted_attributes(n_users=30)


@pytest.fixture(scope="module", params=BODIES)
def model(request, log):
    return AttributeNetwork(**QUICK | BODIES[request.param]).fit(log)


def rows_of(model, history, items):
    items = np.asarray(items, np.int32)
    return Rows(history, np.zeros(len(items), np.int32), items)


class Recorder:
    """Stands where the network stands, and keeps what it is shown."""

    def __call__(self, *shown):
        self.shown = [part.numpy() for part in shown]
        return torch.zeros(len(shown[0]), requires_grad=True)


def shown_in_training(model, log):
    """What the network is shown of each row, and the rows."""
    rows = model._training_rows(log.histories)
    recorder, generator = Recorder(), torch.Generator()
    model._loss(recorder, model._prior(), model._counts(log.histories), generator, *rows)
    return recorder.shown, [part.numpy() for part in rows]


@pytest.mark.parametrize("item_rate", [False, True])
def test_an_event_is_left_out_of_its_own_profile(item_rate):
    log = planted_attributes(n_users=8, per_user=12)
    model = AttributeNetwork(**QUICK, history_dropout=0, item_rate=item_rate).fit(log)
    (overall, each, patterns, rates), (user, _, like, _, weight) = shown_in_training(model, log)
    events = log.events.select("user", "item", like=(pl.col("rating") >= 4).cast(pl.Int8))
    checked = 0
    for n, (who, item, liked) in enumerate(events.iter_rows()):
        rest = [row for m, row in enumerate(events.iter_rows()) if m != n]
        own = [(i, like) for u, i, like in rest if u == who]
        history = model.history(
            [log.items[i] for i, _ in own], [5.0 if like else 1.0 for _, like in own]
        )
        wanted = model.profiles(history)
        rate = 0.0
        if item_rate:
            others = [like for _, i, like in rest if i == item]
            s, share = model.damping, float(model.like_shares_[0])
            smoothed = (sum(others) + s * share) / (len(others) + s)
            rate = np.log(smoothed / (1 - smoothed)) - np.log(share / (1 - share))
        found = (
            (user == who)
            & (like == liked)
            & (patterns == model.item_attributes_[item]).all(axis=1)
            & np.isclose(rates, rate, atol=1e-5)
        )
        assert found.any()
        row = np.flatnonzero(found)[0]
        assert overall[row] == pytest.approx(wanted.overall[0].numpy(), abs=1e-4)
        assert each[row] == pytest.approx(wanted.by_attribute[0].numpy(), abs=1e-4)
        checked += 1
    assert checked == len(log)
    assert weight.sum() == pytest.approx(len(weight))
    assert weight @ like / weight.sum() == pytest.approx((log.ratings >= 4).mean(), abs=1e-6)


def test_a_profile_is_counted_as_one_would_by_hand(log):
    model = AttributeNetwork(**QUICK, damping=3).fit(log)
    liked, other = (
        next(i for i in range(log.n_items) if model.item_attributes_[i].sum() == n) for n in (1, 2)
    )
    ids = [log.items[i] for i in (liked, other, liked)]
    profile = model.profiles(model.history(ids, [4.0, 2.0, 5.0]))

    def odds(p):
        return np.log(p / (1 - p))

    g, s = model.like_shares_.astype(float), 3
    user = odds((2 + s * g[0]) / (3 + s)) - odds(g[0])
    assert profile.overall[0].tolist() == pytest.approx([user, np.log(4) / model.mean_log_events_])
    a, b = (model.item_attributes_[i].astype(float) for i in (liked, other))
    expected = odds(g[1:]) + user
    p = (2 * a + s / (1 + np.exp(-expected))) / (2 * a + b + s)
    use = model.attribute_shares_.astype(float)
    more = np.log((2 * a + b + s * use) / ((3 + s) * use))
    wanted = np.stack([odds(p) - expected, more], 1)
    assert profile.by_attribute[0].numpy() == pytest.approx(wanted, abs=1e-5)


def test_nothing_known_is_a_profile_of_zeros(model):
    profile = model.profiles(model.history([]))
    assert profile.overall.abs().max() < 1e-5
    assert profile.by_attribute.abs().max() < 1e-5


def test_an_unrated_history_counts_as_likes(model):
    ids = [model.items_[n] for n in (3, 1, 4)]
    assert np.array_equal(
        model.scores(model.history(ids)), model.scores(model.history(ids, [5, 4, 5]))
    )


def test_everybody_is_what_all_events_say(log):
    model = AttributeNetwork(**QUICK).fit(log)
    liked, had = log.ratings >= 4, model.item_attributes_[log.events["item"].to_numpy()]
    assert model.like_shares_[0] == pytest.approx(liked.mean(), abs=1e-3)
    assert model.like_shares_[1:] == pytest.approx((had[liked].sum(0) / had.sum(0)), abs=2e-3)
    assert model.attribute_shares_ == pytest.approx(had.mean(0), abs=1e-3)


def test_shares_of_attributes_nobody_has_met_are_finite(log):
    model = AttributeNetwork(**QUICK).fit(log)
    one_event = model._counts(model.history([log.items[0]], [5.0]))
    prior = ProfilePrior.estimate(one_event, 1.0)
    for found in (prior.like_shares, prior.attribute_shares, *prior.profiles(one_event)):
        assert found.isfinite().all()
    assert ((prior.like_shares > 0) & (prior.like_shares < 1)).all()


def test_counts_take_every_event_of_a_repeated_item(log):
    model = AttributeNetwork(**QUICK).fit(log)
    twice = model.history([log.items[0]] * 2, [5.0, 1.0])
    counts = count_likes(twice, np.array([1, 0], np.float32), model.item_attributes_)
    assert counts.events[0, 0] == 2
    assert counts.likes[0, 0] == 1


def test_scores_are_the_logits_of_predictions(model, log):
    users = log.histories.take([3])
    items = np.arange(log.n_items)
    scores = model.scores(users)[0]
    assert 1 / (1 + np.exp(-scores)) == pytest.approx(
        model.predict(rows_of(model, users, items)), abs=1e-5
    )


def test_users_it_never_saw_are_served_as_well(log):
    everyone = planted_attributes(n_users=150)
    known = everyone.subset(everyone.events["user"].to_numpy() < 100)
    model = AttributeNetwork(batch_size=256, learning_rate=0.02, epochs=15).fit(known)
    others = everyone.subset(everyone.events["user"].to_numpy() >= 100)
    split = split_random(others, validation=0, test=0.3)
    histories = replace(split.test.histories, users=np.full(split.test.n_users, -1, np.int32))
    rows = Rows(histories, split.test.rows.history, split.test.items)
    assert AUC()(model.predict(rows), split.test.ratings >= 4) > 0.85


def test_what_items_are_rated_is_seen_with_item_rate_alone():
    log = planted_ratings(n_users=150)
    split = split_random(log, validation=0, test=0.2)
    truth = split.test.ratings >= 4
    without, with_rate = (
        AUC()(
            AttributeNetwork(**QUICK, item_rate=rate).fit(split.train).predict(split.test.rows),
            truth,
        )
        for rate in (False, True)
    )
    assert with_rate > without + 0.05


def test_an_unknown_item_is_one_without_attributes(model, log):
    bare = int(np.flatnonzero(~model.item_attributes_.any(axis=1))[0])
    unknown, known = model.predict(rows_of(model, log.histories.take([0]), [-1, bare]))
    assert unknown == pytest.approx(known)


def test_effects_are_differences_of_scores(model, log):
    assert isinstance(model, ExplainsAttributes)
    user = log.histories.take([5])
    matrix = model.item_attributes_.tolist()
    scores = model.scores(user)[0]
    effects = model.attribute_effects(user, np.arange(log.n_items, dtype=np.int32))
    compared = 0
    for item, attributes in enumerate(matrix):
        for a in np.flatnonzero(attributes):
            lacking = [*attributes[:a], 0, *attributes[a + 1 :]]
            if lacking in matrix:
                difference = scores[item] - scores[matrix.index(lacking)]
                assert effects[item, a] == pytest.approx(difference, abs=1e-4)
                compared += 1
    assert compared > 5
    assert not effects[model.item_attributes_ == 0].any()


def test_training_stops_early_and_refits_as_long():
    split = split_random(planted_nothing(), validation=0.2, test=0.1)
    model = AttributeNetwork(batch_size=64, learning_rate=0.05, epochs=40, patience=2)
    model.fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert len(losses) < 40
    assert model.best_epoch_ == np.argmin(losses) + 1
    assert model.refit(split.log).epochs == model.best_epoch_
    truth = Like(4.0).of_ratings(split.validation.ratings)
    chance = model.predict(split.validation.rows)
    found = -np.mean(truth * np.log(chance) + (1 - truth) * np.log(1 - chance))
    assert found == pytest.approx(min(losses), abs=1e-4)


def test_another_column_holds_other_attributes(log):
    table = log.item_table.select("item", themes=pl.col("genres").list.slice(0, 1))
    other = Dataset.from_frame(log.frame().drop("row"), item_table=table)
    model = AttributeNetwork(**QUICK, column="themes").fit(other)
    assert model.item_attributes_.sum(axis=1).max() == 1
    assert len(model.attributes_) == model.item_attributes_.shape[1]


def test_refusals(log):
    with pytest.raises(ParameterError, match="such as like>=4"):
        AttributeNetwork(target="rating")
    with pytest.raises(DataError, match="item table"):
        AttributeNetwork().fit(replace(log, item_table=None))
    with pytest.raises(DataError, match="themes"):
        AttributeNetwork(column="themes").fit(log)


@pytest.mark.parametrize(
    ("to_scale", "threshold"),
    [
        (lambda r: r, 4.0),
        (lambda r: (r - 1) * 25, 75.0),
        (lambda r: (r - 1) / 4, 0.75),
        (lambda r: 1 + (r - 1) * 9 / 4, 8.0),
    ],
)
@pytest.mark.parametrize("cls", [AttributeNetwork, PerUserNetwork])
def test_a_like_is_in_the_upper_quarter_of_the_scale(log, cls, to_scale, threshold):
    events = log.frame().drop("row").with_columns(to_scale(pl.col("rating")).alias("rating"))
    other = Dataset.from_frame(events, item_table=log.item_table)
    assert other.rating_range == pytest.approx((to_scale(1), to_scale(5)))
    model = cls(epochs=1).fit(other)
    assert model.target == Like(threshold) == Like(other.like_threshold)
    assert cls(epochs=1, target="like>=2").fit(other).target == Like(2)


def test_an_open_target_is_settled_anew_by_each_fit(log, tmp_path):
    tens = log.frame().drop("row").with_columns(pl.col("rating") * 2)
    model = AttributeNetwork(**QUICK | {"epochs": 1})
    model.fit(Dataset.from_frame(tens, item_table=log.item_table, scale=(1, 10)))
    assert model.target == Like(8)
    assert model.params()["target"] is None
    assert "target" not in repr(model)
    save(model, tmp_path / "model")
    assert restore(tmp_path / "model").target == Like(8)
    assert model.clone().fit(log).target == Like(4)
    assert model.fit(log).target == Like(4)
    positive = Dataset.from_frame(log.frame().drop("row"), item_table=log.item_table, positive=3)
    assert model.fit(positive).target == Like(3)


def test_a_comparison_says_what_a_like_is():
    assert with_threshold(AttributeNetwork(), 50.0).target == Like(50)
    assert with_threshold(AttributeNetwork(target="like>=30"), 50.0).target == Like(30)
    assert with_threshold(AttributeNetwork(), None).params()["target"] is None
