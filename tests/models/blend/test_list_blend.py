"""Blended lists, against the weighted sum of standardised scores written out."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.support.basket_logs import random_baskets

import penchant as pn
from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.explanation import explain
from penchant.metrics import NDCG, Ranked
from penchant.models import EASE, IALS, DecayedFrequency, ItemKNN, ListBlend, Popular, make, spec_of
from penchant.testing import planted_pairs, planted_sequences

TWO = "(ease:l2=20;item-knn;popular)"


@pytest.fixture(scope="module")
def split():
    log = planted_pairs(n_users=150, groups=3, n_items=60, cold_items=2)
    return split_random(log, validation=0.15, test=0.15)


@pytest.fixture(scope="module")
def model(split):
    return ListBlend(base_models=TWO).fit(split.train, split.validation)


def standardised(scores, users):
    found = np.empty(scores.shape)
    for n, row in enumerate(scores.astype(float)):
        rest = np.delete(row, users.block(n, n + 1).items)
        found[n] = (row - rest.mean()) / (rest.std() or 1)
    return found


def ndcg(model, holdout):
    lists, _ = model.top_items(holdout.histories, 10)
    return float(np.nanmean(NDCG(10)(Ranked.of(lists, holdout.offsets, holdout.items))))


def test_scores_are_the_weighted_sum_of_standardised_scores(split):
    model = ListBlend(base_models="(ease:l2=20;ials:dim=4)", weights="3;1").fit(split.train)
    users = split.train.histories.take([0, 5, 9])
    ease, ials = EASE(l2=20).fit(split.train), IALS(dim=4).fit(split.train)
    wanted = 0.75 * standardised(ease.scores(users), users)
    wanted += 0.25 * standardised(ials.scores(users), users)
    np.testing.assert_allclose(model.scores(users), wanted, atol=1e-4)
    assert list(model.importances().values()) == [0.75, 0.25]


def test_it_is_as_good_as_its_best_base_model_on_validation(split, model):
    held_out = split.validation
    alone = [m.fit(split.train) for m in (EASE(l2=20), ItemKNN(), Popular())]
    assert ndcg(model, held_out) > max(ndcg(m, held_out) for m in alone) - 1e-6


@pytest.mark.parametrize("with_validation", [True, False])
@pytest.mark.parametrize("normalisation", ["standardised", "reciprocal-rank"])
def test_noise_gets_hardly_any_weight(split, with_validation, normalisation):
    model = ListBlend(base_models="(ease:l2=20;random)", normalisation=normalisation)
    model.fit(split.train, split.validation if with_validation else None)
    assert model.importances()["Random()"] < 0.2


def test_without_validation_base_models_are_fitted_to_all_events(split):
    model = ListBlend(base_models=TWO).fit(split.train)
    alone = EASE(l2=20).fit(split.train)
    np.testing.assert_array_equal(model.base_models_[0].weights_, alone.weights_)
    assert model.weights_.sum() == pytest.approx(1)


def test_held_out_events_do_not_teach_base_models_by_which_weights_are_fitted(split, monkeypatch):
    import penchant.models.blend.list_blend as module

    seen = []
    gather = module.gather_candidates

    def spy(base_models, holdout, *rest):
        seen.append((base_models[0].histories_.pairs, holdout))
        return gather(base_models, holdout, *rest)

    monkeypatch.setattr(module, "gather_candidates", spy)
    ListBlend(base_models=TWO).fit(split.train)
    ((learned, held_out),) = seen
    users = held_out.histories.users[held_out.rows.history]
    pairs = users.astype(np.int64) * split.train.n_items + held_out.items
    assert len(pairs)
    assert np.isin(pairs, split.train.histories.pairs).all()
    assert not np.isin(pairs, learned).any()


def test_refitting_keeps_weights_and_what_validation_settled(split):
    model = ListBlend(base_models="(bpr:dim=4,epochs=9;ease:l2=20)")
    model.fit(split.train, split.validation)
    whole = model.refit(split.log)
    np.testing.assert_allclose(whole.weights_, model.weights_)
    assert whole.normalisation_ == model.normalisation_
    assert whole.base_models_[0].epochs == model.base_models_[0].best_epoch_
    assert whole.log_fingerprint_ == split.log.fingerprint


def test_its_spec_makes_it_again():
    model = ListBlend(base_models=TWO, weights=(0.5, 0.25, 0.25), normalisation="standardised")
    assert make(spec_of(model)).params() == model.params()


def test_reasons_are_the_base_models_own(split):
    model = ListBlend(base_models=TWO, weights="2;1;1").fit(split.train)
    users = split.train.histories.block(3, 4)
    items = np.arange(users.n_items, dtype=np.int32)
    assert model.has_contributions
    parts = model.contributions(users, items)
    wanted = np.zeros(parts.shape)
    for base, weight in ((EASE(l2=20), 0.5), (ItemKNN(), 0.25)):
        base.fit(split.train)
        spread = np.delete(base.scores(users)[0].astype(float), users.items).std()
        wanted += weight / spread * base.contributions(users, items)
    np.testing.assert_allclose(parts, wanted, atol=1e-4)
    user, item = split.train.users[3], model.recommend([split.train.users[3]])["item"][0]
    assert explain(model, user, item).method == "contributions"


@pytest.mark.parametrize(
    "changes",
    [
        {"normalisation": "reciprocal-rank"},
        {"base_models": "(bpr:dim=4,epochs=3;ease:l2=20)", "weights": "1;1"},
    ],
)
def test_where_scores_cannot_be_divided_events_are_left_out_in_turn(split, changes):
    model = ListBlend(**({"base_models": TWO} | changes)).fit(split.train)
    assert not model.has_contributions
    user, item = split.train.users[3], model.recommend([split.train.users[3]])["item"][0]
    assert explain(model, user, item).method.startswith("leave-one-out")


def test_it_is_kept_with_its_base_models(split, model, tmp_path):
    restored = pn.restore(save(model, tmp_path / "blend"))
    users = split.test.histories
    np.testing.assert_array_equal(restored.scores(users), model.scores(users))
    assert restored.importances() == model.importances()


def test_unknown_users_get_lists_by_their_history(split, model):
    known = split.train.histories.block(7, 8)
    ids = model.items_.take(known.items).to_list()
    stranger = model.history(ids)
    lists = [model.recommend(users, k=5)["item"].to_list() for users in (known, stranger)]
    assert lists[0] == lists[1]
    assert model.recommend(model.history([]), k=3)["fallback"].all()


@pytest.mark.parametrize("other", ["item-knn", "popular"])
def test_lists_of_trivial_answers_are_their_own(other, caplog):
    split = pn.split_leave_last_out(planted_sequences(n_users=80))
    blend = make(f"list-blend:base_models=markov;{other}").fit(split.train, split.validation)
    assert not caplog.records
    assert ndcg(blend, split.test) > 0.9
    lists = blend.recommend(split.log.users.ids.to_list()[:5], k=1)
    assert not lists["fallback"].any()


def test_few_users_leave_weights_equal(caplog):
    log = planted_pairs(n_users=4, n_items=20)
    with caplog.at_level(logging.WARNING):
        model = ListBlend(base_models="(ease:l2=5;popular)").fit(log)
    assert model.weights_.tolist() == [0.5, 0.5]
    assert "equal weights" in caplog.text


def log_of(users, items, **columns):
    return Dataset.from_frame(pl.DataFrame({"user": users, "item": items, **columns}))


@pytest.mark.parametrize(
    "log",
    [
        log_of([1, 2, 3], [7, 7, 7]),
        log_of([1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6]),
        log_of([1, 1, 2, 2, 3, 3], [1, 2, 2, 3, 1, 3], rating=[3.0] * 6),
        log_of([1, 1, 2, 2, 3, 3], [1, 2, 2, 3, 1, 3]),
    ],
    ids=["one item", "one user", "constant ratings", "no ratings"],
)
def test_small_logs_get_lists_without_nan(log):
    model = ListBlend(base_models="(ease:l2=5;item-knn;popular)").fit(log)
    assert np.isfinite(model.scores(log.histories)).all()
    model.recommend(k=3)


def test_weights_of_events_reach_the_base_models(split):
    log = split.train
    weights = np.random.default_rng(0).choice([1.0, 30.0], len(log)).astype(np.float32)
    weighted = replace(log, events=log.events.with_columns(weight=pl.Series(weights)))
    given = ListBlend(base_models="(ease:l2=20;ials:dim=4)", weights="1;1")
    plain, other = given.clone().fit(log), given.clone().fit(weighted)
    assert plain.uses_weights
    assert not np.allclose(plain.scores(log.histories), other.scores(weighted.histories))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_models": ""}, "needs base models"),
        ({"base_models": "ease;nobody"}, "no model 'nobody'"),
        ({"base_models": "ease;ials", "weights": "1"}, "give each a weight"),
        ({"base_models": "ease;ials", "weights": "0;0"}, "more than 0"),
        ({"base_models": "ease;ials", "weights": "1;-1"}, "weights cannot be"),
        ({"holdout": 1.0}, "holdout cannot be"),
        ({"normalisation": "none"}, "normalisation cannot be"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        ListBlend(**changes)


def test_weights_are_those_of_lists_that_may_hold_repeats():
    split = pn.split_next_basket(random_baskets(0, n_users=120))
    model = ListBlend(base_models="random;decayed-frequency")
    allowed = model.clone().fit(split.train, split.validation)
    assert allowed.repeats_ == "allowed"
    excluded = model.clone(repeats="excluded").fit(split.train, split.validation)
    weights = [each.importances()["DecayedFrequency()"] for each in (allowed, excluded)]
    assert weights[0] > 0.6
    assert weights[0] > weights[1]  # what one had says nothing of new items
    assert model.clone().fit(split.train).repeats_ == "allowed"  # the log has baskets
    assert allowed.refit(split.train).repeats_ == "allowed"
    lists = allowed.recommend(k=4, repeats="allowed")
    best = DecayedFrequency().fit(split.train).recommend(k=1, repeats="allowed")
    assert set(best.select("user", "item").rows()) & set(lists.select("user", "item").rows())
