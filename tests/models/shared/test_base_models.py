from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.models import EASE, Bias, Blend, DotProduct
from penchant.models.shared import base_models
from penchant.models.shared.base_models import (
    any_has_evidence,
    base_predictions,
    fit_base_models,
    out_of_fold_predictions,
    scored_grid,
    specs_of,
)
from penchant.run import Run
from penchant.testing import planted_ratings, planted_sequences


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=60), validation=0.1, test=0.2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("bias; ials", "bias;ials"),
        ("(bias;ials)", "bias;ials"),
        ("(dot:dim=4,biases=false;bias)", "(dot:dim=4,biases=false;bias)"),
        (["bias", "dot:dim=4,biases=false"], "(bias;dot:dim=4,biases=false)"),
    ],
)
def test_members_are_a_text_that_reads_itself(given, kept):
    model = Blend(base_models=given)
    assert model.base_models == kept
    assert Blend(base_models=model.base_models).base_models == kept


def test_wrong_members_are_refused():
    with pytest.raises(ParameterError, match="there is no model 'nobody'"):
        Blend(base_models="bias;nobody")
    with pytest.raises(ParameterError, match="bias has no parameter 'depth'"):
        Blend(base_models="bias:depth=3")
    with pytest.raises(ParameterError, match="needs base models"):
        Blend(base_models="")
    assert specs_of("") == []


def test_members_take_the_seed_unless_they_have_one(split):
    text = "(dot:dim=2,epochs=1;dot:dim=2,epochs=1,seed=9)"
    found = fit_base_models(text, split.train, split.validation, 4, Run())
    assert [model.seed for model in found] == [4, 9]


def test_an_event_is_answered_by_who_has_not_seen_it(split):
    """A fold's predictions are those of a model fitted to the other folds."""
    train = split.train
    base_models = [Bias().fit(train)]
    found = out_of_fold_predictions(base_models, train, 4, 7, Run())
    fold = np.random.default_rng(7).permutation(len(train)) % 4
    held = np.flatnonzero(fold == 2)
    known = train.subset(fold != 2)
    user, item = (train.events[c].to_numpy()[held] for c in ("user", "item"))
    wanted = Bias().fit(known).predict(Rows(known.histories, user, item))
    np.testing.assert_allclose(found[held, 0], wanted, atol=1e-6)
    assert np.abs(found[:, 0] - base_predictions(base_models, _rows(train))[:, 0]).max() > 0.01


def test_rankers_answer_with_scores_and_likes_with_log_odds(split):
    train, rows = split.train, split.test.rows
    ease = EASE().fit(train)
    likes = DotProduct(dim=2, epochs=1, target="like>=4").fit(train)
    found = base_predictions([ease, likes], rows)
    scores = ease.scores(rows.histories)
    np.testing.assert_allclose(found[:, 0], scores[rows.history, rows.items], atol=1e-6)
    chance = 1 / (1 + np.exp(-found[:, 1].astype(float)))
    np.testing.assert_allclose(chance, likes.predict(rows), atol=1e-5)
    nobody = Rows(rows.histories, rows.history[:1], np.array([-1], np.int32))
    mean = scores[rows.history[0]].mean()
    assert base_predictions([ease], nobody)[0, 0] == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("spec", ["markov", "personal-popular", "personal-recent"])
def test_trivial_answers_to_histories_know_something_of_these(spec):
    log = planted_sequences(n_users=20)
    histories = log.histories.take([0, 1])
    histories = replace(histories, offsets=np.array([0, 0, histories.n_events]))
    models = fit_base_models(f"{spec};popular;random", log, None, 0, Run())
    assert any_has_evidence(models, histories).tolist() == [False, True]
    assert not any_has_evidence(models[1:], histories).any()


def test_a_grid_scores_all_pairs_or_those_with_some_items(split, monkeypatch):
    monkeypatch.setattr(base_models, "_ROWS_AT_ONCE", 7 * split.log.n_items)
    users = split.test.histories

    def score(rows):
        return rows.users * 1000.0 + rows.items

    every = np.arange(users.n_items)
    np.testing.assert_array_equal(
        scored_grid(users, None, score), users.users[:, None] * 1000.0 + every
    )
    some = np.array([7, 3], np.int32)
    np.testing.assert_array_equal(
        scored_grid(users, some, score), users.users[:, None] * 1000.0 + some
    )
    assert scored_grid(users, some[:0], score).shape == (len(users), 0)


def _rows(train):
    user, item = (train.events[c].to_numpy() for c in ("user", "item"))
    return Rows(train.histories, user, item)
