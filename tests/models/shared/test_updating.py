"""Models that go on learning: in the right direction, not too far, and through a bundle."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import DataError, PenchantError
from penchant.metrics import RMSE
from penchant.models import BPR, RBM, AttributeNetwork, AutoRec, MultDAE, MultVAE, make
from penchant.models.protocols import Updates
from penchant.testing import planted_attributes, planted_pairs, planted_ratings
from penchant.testing.helpers import ndcg

SMALL = "hidden=24,l2=3,learning_rate=0.02,batch_size=16,epochs=12"
ENCODERS = "hidden=24,dim=8,batch_size=20,epochs=20,learning_rate=0.005"
SPECS = {
    "autoencoder": "autoencoder:hidden=16,initial_scale=0.1,epochs=60",
    "mult-dae": f"mult-dae:{ENCODERS}",
    "mult-vae": f"mult-vae:{ENCODERS}",
    "autorec": f"autorec:{SMALL}",
    "autorec by user": f"autorec:axis=user,{SMALL}",
    "rbm": "rbm:initial_scale=0.1,batch_size=20,epochs=30",
    "rating-rbm": "rating-rbm:hidden=16,batch_size=20,epochs=20",
    "rating-rbm by user": "rating-rbm:axis=user,hidden=16,batch_size=20,epochs=20",
    "attribute-network": "attribute-network:batch_size=64,learning_rate=0.02,epochs=8",
    "attribute-network with rates": "attribute-network:item_rate=true,batch_size=64,"
    "learning_rate=0.02,epochs=8",
}
WEIGHTS = {
    "autoencoder": "decoder_weight_",
    "mult-dae": "output_weight_",
    "mult-vae": "output_weight_",
    "autorec": "encoder_weight_",
    "autorec by user": "item_vectors_",
    "rbm": "weights_",
    "rating-rbm by user": "inputs_",
    "attribute-network": "body_item_weight_",
    "attribute-network with rates": "body_item_weight_",
}
BY_NAME = pytest.mark.parametrize("name", SPECS)
NEWCOMER = 500
GROUP = np.arange(40) % 2


@pytest.fixture(scope="module")
def log():
    """Users with odd ids like the first, third… items, those with even ids the others."""
    return planted_pairs(n_users=60, with_times=False)


def logs_for(name, log):
    """A log for the model, and new events in which user 2 and a new one have a planted taste."""
    if name.startswith("attribute"):
        log = planted_attributes(n_users=60, with_times=False)
        wanted = log.item_table["genres"].list.contains(disliked(log)).to_numpy()
    else:
        wanted = GROUP == 0  # user 2 has liked the other ones so far
    ids = log.items.ids.to_list()
    events = [
        (user, item, 5.0 if yes else 1.0)
        for user in (2, NEWCOMER)
        for item, yes in list(zip(ids, wanted, strict=True))[: 3 * len(ids) // 4]
    ]
    if not name.startswith(("attribute", "autorec", "rating-rbm")):
        # What was disliked is an event, too, to a model that learns which items go together.
        events = [event for event in events if event[2] == 5.0]
    return log, wanted, news(*events)


def disliked(log):
    """The genre that user 2 rates lowest."""
    mine = log.frame().filter(pl.col("user") == 2).join(log.item_table, on="item")
    means = mine.explode("genres").drop_nulls("genres").group_by("genres").agg(pl.mean("rating"))
    return means.sort("rating", "genres")["genres"][0]


def news(*events):
    frame = pl.DataFrame(events, schema=["user", "item", "rating"], orient="row")
    return Dataset.from_frame(frame, name="news")


@pytest.fixture(scope="module")
def fitted(log):
    models = {}

    def of(name):
        if name not in models:
            models[name] = make(SPECS[name]).fit(logs_for(name, log)[0])
        return copy.deepcopy(models[name])

    return of


def leaning(model, user, wanted):
    """How far the scores of the wanted items lie above the others', in standard deviations."""
    scores = model.scores(model.histories_of([user]))[0, : len(wanted)]
    return (scores[wanted].mean() - scores[~wanted].mean()) / scores.std()


@BY_NAME
def test_scores_of_updated_users_move_towards_their_new_taste(name, log, fitted):
    _, wanted, new = logs_for(name, log)
    model = fitted(name)
    assert isinstance(model, Updates)
    before = leaning(model, 2, wanted)
    assert model.update(new) is model
    assert leaning(model, 2, wanted) > before + 0.2
    assert leaning(model, NEWCOMER, wanted) > 0.3
    assert model.histories_.lengths[model.users_.index(NEWCOMER)] == new.user_counts[-1]


@pytest.mark.parametrize("name", [n for n in WEIGHTS if not n.startswith("attribute")])
def test_the_network_finds_a_taste_that_comes_with_new_users(name, fitted):
    """Every third item, which no user has liked before, for a stranger who has had a few."""
    wanted, rng = np.arange(40) % 3 == 0, np.random.default_rng(0)
    model = fitted(name).clone(update_epochs=30)
    vars(model).update(fitted(name).fitted_state())
    ids = np.array(model.items_.ids.to_list())
    liked = [(NEWCOMER + n, i, 5.0) for n in range(20) for i in rng.permutation(ids[wanted])[:9]]
    tried = [(NEWCOMER + n, i, 1.0) for n in range(20) for i in rng.permutation(ids[~wanted])[:4]]
    stranger = model.history(ids[wanted][:5].tolist(), [5.0] * 5)

    def further():
        scores = model.scores(stranger)[0]
        others = wanted & ~np.isin(ids, ids[wanted][:5])
        return (scores[others].mean() - scores[~wanted].mean()) / scores.std()

    before = further()
    model.update(news(*liked, *tried))
    assert further() > before + 0.2


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_move_less_than_in_training_afresh(name, log, fitted):
    base, _, new = logs_for(name, log)
    model = fitted(name)
    attribute = WEIGHTS[name]
    old = np.array(getattr(model, attribute))
    updated = getattr(model.update(new), attribute)[: len(old)]
    rows = pl.concat([base.frame().drop("row"), new.frame().drop("row")])
    all_events = Dataset.from_frame(rows, item_table=base.item_table, scale=(1, 5))
    fresh = make(SPECS[name]).clone(seed=1).fit(all_events)
    apart = np.abs(updated - old).mean()
    assert 0 < apart < 0.5 * np.abs(getattr(fresh, attribute)[: len(old)] - old).mean()


@BY_NAME
def test_updates_go_on_through_bundles(name, log, fitted, tmp_path):
    _, _, new = logs_for(name, log)
    first, second = new.subset(np.arange(4)), new.subset(np.arange(4, len(new)))
    model = fitted(name).update(first)
    back = restore(save(model, tmp_path / "bundle"))
    for one in (model, back):
        one.update(second)
    np.testing.assert_allclose(
        model.scores(model.histories_), back.scores(back.histories_), atol=1e-5
    )
    assert back.histories_.n_events == model.histories_.n_events
    again = restore(save(back, tmp_path / "bundle", overwrite=True))
    np.testing.assert_allclose(
        again.scores(again.histories_), back.scores(back.histories_), atol=1e-5
    )


@BY_NAME
def test_a_known_user_is_answered_like_a_stranger_with_that_history(name, log, fitted):
    model = fitted(name).update(logs_for(name, log)[2])
    users = model.histories_of([2, NEWCOMER])
    strangers = replace(users, users=np.full(2, -1, np.int32))
    np.testing.assert_allclose(model.scores(users), model.scores(strangers), atol=2e-3)


@BY_NAME
def test_one_user_does_not_spoil_the_lists_of_all(name, fitted):
    """The events of a single user, learned ten times over."""
    attributes = name.startswith("attribute")
    planted = planted_attributes(n_users=120) if attributes else planted_pairs(n_users=120)
    split = split_random(planted, validation=0, test=0.2)
    model = make(SPECS[name]).fit(split.train)
    before = ndcg(model, split.test)
    items = model.items_.ids.to_list()
    odd = news(*((1, item, 5.0 if n % 3 else 1.0) for n, item in enumerate(items[:12])))
    for _ in range(10):
        model.update(odd)
    assert ndcg(model, split.test) > 0.85 * before


def test_others_keep_what_they_were_answered_where_nothing_is_shared(log, fitted):
    model = fitted("rating-rbm")
    before = model.scores(model.histories_of([1, 3, 60]))
    model.update(logs_for("rating-rbm", log)[2])
    np.testing.assert_allclose(model.scores(model.histories_of([1, 3, 60])), before, atol=1e-5)


def test_rows_of_which_no_batch_says_anything_stay():
    base = planted_ratings(n_users=30, n_items=40, per_user=5, cold_items=2)
    small = {"hidden": 6, "batch_size": 2, "epochs": 3, "update_epochs": 1, "dropout": 0.0}
    by_item = AutoRec(**small | {"batch_size": 4}).fit(base)
    by_user = AutoRec(axis="user", **small).fit(base)
    mult = MultDAE(dim=3, **small | {"l2": 0.01}).fit(base)
    item = base.items[0]
    new = news((1, item, 5.0))
    for model in (by_item, by_user, mult):
        old = model.encoder_weight_.copy()
        model.update(new)
        moved = (model.encoder_weight_ != old).any(axis=1)
        # User 1 and another one, or the item and three others: far from everything.
        assert 1 <= moved.sum() < 0.9 * len(old)
        own = model.users_.index(1) if model is by_item else model.items_.index(item)
        assert moved[own]


def test_a_new_user_of_autorec_gets_a_unit_fitted_to_the_history(log, fitted):
    _, _, new = logs_for("autorec", log)
    model = fitted("autorec").update(new)
    place = model.users_.index(NEWCOMER)
    units, bias = model._fitted(model.histories_.take([place]))
    np.testing.assert_allclose(model.user_units_[place], units[0], atol=1e-5)
    assert model.user_unit_bias_[place] == pytest.approx(float(bias[0]), abs=1e-5)
    np.testing.assert_array_equal(model.signatures_, model.histories_.signatures)
    assert model.encoder_weight_.shape == (61, 24)


def test_an_item_without_ratings_so_far_is_rated_by_its_new_ones():
    base = planted_ratings(n_users=40, cold_items=1)
    cold = base.items[40]
    new = news(*((user, cold, 1.0) for user in range(1, 31)))
    for axis in ("item", "user"):
        model = AutoRec(axis=axis, hidden=8, l2=3, batch_size=16, epochs=5).fit(base)
        offset = model.offset_.copy()
        before = model.scores(model.histories_of([35, 36]))[:, 40]
        after = model.update(new).scores(model.histories_of([35, 36]))[:, 40]
        assert (after < before - 0.8).all()
        np.testing.assert_array_equal(model.offset_[:40], offset[:40])


def test_ratings_beyond_the_scale_widen_it():
    base = planted_ratings(n_users=40)
    base = replace(base, scale=(2.0, 4.0))
    model = AutoRec(hidden=8, epochs=3).fit(base)
    model.update(news((1, 1, 5.0), (2, 1, 1.0)))
    assert (model.low_, model.high_) == (1.0, 5.0)


def test_learning_on_from_new_ratings_brings_predictions_nearer():
    split = split_random(planted_ratings(n_users=300), validation=0, test=0.2)
    late = np.random.default_rng(0).random(len(split.train)) < 0.5
    early, rest = split.train.subset(~late), split.train.subset(late)
    model = make(f"autorec:{SMALL}").fit(early)
    error = RMSE()(model.predict(split.test.rows), split.test.ratings)
    model.update(Dataset.from_frame(rest.frame()))
    assert RMSE()(model.predict(split.test.rows), split.test.ratings) < error


def test_the_penalty_goes_on_where_annealing_stood():
    progress = []

    class Watched(MultVAE):
        def _sampled(self, code, passed, noise):
            progress.append(passed)
            return super()._sampled(code, passed, noise)

    model = Watched(hidden=8, dim=3, epochs=4, update_epochs=2).fit(planted_pairs(n_users=30))
    assert progress == [0, 1, 2, 3]
    model.update(news((1, 1, 5.0)))
    assert progress[4:] == [4, 5]


def test_new_events_are_left_out_of_their_own_profiles(monkeypatch):
    log = planted_attributes(n_users=20)
    quick = {"batch_size": 64, "epochs": 2, "history_dropout": 0.0, "update_epochs": 1}
    model = AttributeNetwork(**quick, item_rate=True).fit(log)
    shown = []
    loss = AttributeNetwork._loss

    def watched(self, network, everybody, counts, generator, *rows):
        shown.append((counts, rows))
        return loss(self, network, everybody, counts, generator, *rows)

    monkeypatch.setattr(AttributeNetwork, "_loss", watched)
    model.update(news((3, 1, 5.0), (NEWCOMER, 2, 1.0)))
    counts, (users, _, liked, rates, _) = shown[0]
    place = model.users_.index(NEWCOMER)
    mine = int(np.flatnonzero(users.numpy() == place)[0])
    assert counts.events[place, 0] == 1  # the event itself, which the loss leaves out
    assert not liked[mine]
    item = model.items_.index(2)
    others, likes = model.item_events_[item] - 1, model.item_likes_[item]
    assert float(rates[mine]) == pytest.approx(float(model._rates(others, likes)), abs=1e-5)
    assert others == log.item_counts[item]
    assert len(users) == model.batch_size  # new events among old ones


def test_equal_hidden_units_stay_equal():
    model = RBM(epochs=5, initial_scale=0).fit(planted_pairs(n_users=40, n_items=20))
    model.update(news((1, 1, 5.0), (1, 4, 5.0)))
    assert model.distinct_hidden_units() == 1


def test_failed_updates_leave_the_model_as_it_was(log):
    model = RBM(initial_scale=0.1, epochs=5).fit(log)
    zero = Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1], "rating": [0.0]}))
    with pytest.raises(DataError, match="0 for an item not seen"):
        model.update(zero)
    auto = AutoRec(hidden=8, epochs=2).fit(log)
    before, state = auto.scores(auto.histories_), set(auto.fitted_state())
    auto.learning_rate = 1e30
    with pytest.raises(PenchantError, match="lower the learning rate"):
        auto.update(news((NEWCOMER, 1, 5.0)))
    np.testing.assert_array_equal(before, auto.scores(auto.histories_))
    assert set(auto.fitted_state()) == state
    assert NEWCOMER not in auto.users_


def test_others_do_not_say_that_they_can():
    assert not isinstance(BPR(), Updates)
