"""Parts of the study of movies: whom it judges on which rows, and how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.attributes.binary import item_attributes
from penchant.data.splits import TEST
from penchant.errors import DataError
from penchant.models import PerUserNetwork, RatingRBM
from penchant.run import Run
from penchant.studies.movies import evaluation, fidelity, honest_comparison, networks
from penchant.studies.movies.fidelity import ReasonFidelity, Removal
from penchant.studies.movies.one_user import train_for_first_user
from penchant.studies.movies.plan import usual_seconds
from penchant.studies.movies.setup import (
    EVERYTHING,
    MAJORITY,
    ModelScores,
    MoviesSetup,
    before_test,
    by_row,
    liked,
    predictions_or_scores,
    row_scores,
    rows_of,
)
from penchant.studies.movies.shared_models import TRIVIAL
from penchant.studies.records import Gain
from penchant.testing import planted_attributes


@pytest.fixture(scope="module")
def setup():
    log = planted_attributes(n_users=30, n_items=40, per_user=20)
    return MoviesSetup(
        log=log, seed=0, run=Run(), users=12, epochs=2, autoencoder_epochs=2, quick=True
    )


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
def test_the_first_user_of_movielens_1m(mirror):
    log = pn.load("movielens-1m", mirror=mirror)
    setup = MoviesSetup(
        log=log, seed=0, run=Run(), users=2, epochs=1, autoencoder_epochs=1, quick=True
    )
    found = train_for_first_user(setup)
    likes = np.asarray(found.liked)
    assert (found.user, len(likes), likes.sum(), found.n_train) == (1, 53, 45, 34)
    assert (likes[:34].sum(), likes[34:].sum()) == (26, 19)
    assert (found.rbm.users, found.rbm.items, found.rbm.left_out) == (1501, 3883, 1)
    assert found.rbm.errors == pytest.approx([0.02712, 0.02187], abs=5e-6)
    assert setup.rated_log.n_items == 3706


def test_all_are_judged_on_the_same_rows(setup):
    assert len(setup.sample) == 12
    (first,) = setup.log.events.filter(pl.col("row") == 1)["user"]
    assert setup.first_user == first
    assert first in setup.sample
    asked = by_row(setup.test, setup.test.rows.items)
    own = setup.sample_split
    assert by_row(own.test, own.test.rows.items) == asked
    assert own.log.users.ids.to_list() == setup.log.users.take(setup.sample).to_list()
    mine = np.isin(setup.log.events["user"].to_numpy(), setup.sample)
    assert len(asked) == int((setup.split.sides[mine] == TEST).sum())
    assert len(before_test(own)) + len(asked) == int(mine.sum())


def test_row_scores_are_those_of_the_lists(setup):
    model = RatingRBM(epochs=1).fit(setup.split.train)
    found = row_scores(model, setup.test.rows)
    assert found == pytest.approx(predictions_or_scores(model, setup.test), abs=1e-4)


def scored(scores, probabilities=True):
    return ModelScores(list(map(float, scores)), probabilities, 0.5, 0.5, 1.0, 1)


@pytest.fixture(scope="module")
def evaluated(setup):
    truth = np.asarray(by_row(setup.test, liked(setup.test)))
    users = np.asarray(by_row(setup.test, setup.test.rows.users))
    rng = np.random.default_rng(0)
    of_user = {u: 0.3 + 0.05 * n for n, u in enumerate(np.unique(users))}
    own = np.array([of_user[u] for u in users])
    models = {
        "oracle": scored(truth),
        "LSTM": scored(own),
        "modified LSTM": scored(1 - truth),
        EVERYTHING: scored(np.ones(len(truth)), probabilities=False),
        MAJORITY: scored(own),
        "item mean": scored(rng.random(len(truth)), probabilities=False),
        "user and item biases": scored(rng.random(len(truth)), probabilities=False),
    }
    assert set(TRIVIAL) < set(models)
    return evaluation.evaluate_models(setup, models)


def test_a_copy_of_a_trivial_answer_is_no_better_and_an_oracle_is(evaluated):
    gains = evaluated.gains
    for baseline in (EVERYTHING, MAJORITY):
        assert gains[baseline]["oracle"].verdict == "beats"
        assert gains[baseline]["modified LSTM"].verdict == "worse"
    assert gains[MAJORITY]["LSTM"] == Gain(0, 0, 0, "no better")
    assert honest_comparison.no_better(evaluated) == ["LSTM", "modified LSTM"]
    sentence = honest_comparison.verdict_on("LSTM", evaluated)
    assert sentence == (
        "On new ratings the published LSTM, one network for each user, is better than “likes "
        "everything” and no better than “the user's own majority”."
    )
    turned = {
        a: g | dict.fromkeys(("LSTM", "modified LSTM"), g["oracle"]) for a, g in gains.items()
    }
    assert honest_comparison.no_better(replace(evaluated, gains=turned)) == []


def test_knowing_who_likes_much_is_worth_nothing_within_users(evaluated):
    within = evaluated.within_users
    for name in (MAJORITY, EVERYTHING, "LSTM"):
        assert within[name] == evaluation.UserAuc(0.5, 0.5, 0.5)
    assert within["oracle"].auc == 1
    assert within["modified LSTM"].auc == 0
    assert set(evaluated.log_loss) == {"oracle", "LSTM", "modified LSTM", MAJORITY}


def test_reach_is_what_switching_a_genre_on_changes():
    every = np.array([[n >> 2 & 1, n >> 1 & 1, n & 1] for n in range(8)])
    names = np.array(["Action", "Drama", "War"])
    table = pl.DataFrame({"item": range(8), "genres": [names[row > 0].tolist() for row in every]})
    frame = pl.DataFrame({"user": [1] * 8, "item": range(8), "rating": [5.0, 1, 5, 1, 5, 4, 1, 1]})
    log = pn.Dataset.from_frame(frame, item_table=table, scale=(1, 5))
    attributes = item_attributes(log)
    for cell in ("lstm", "no-forget"):
        model = PerUserNetwork(cell=cell, hidden=5, epochs=3).fit(log)
        chance = model.predict(rows_of(model, 1, np.arange(8)))
        found = networks.attribute_effects(model, [1])
        for place, name in enumerate(attributes.names):
            if name not in names:  # no film has it
                assert np.isnan(found[place])
                continue
            column = int(np.flatnonzero(names == name)[0])
            on = np.flatnonzero(every[:, column])
            off = on - (4 >> column)
            assert found[place] == pytest.approx(np.abs(chance[on] - chance[off]).mean(), rel=1e-3)
        assert found[attributes.names.index("War")] > 0


def test_a_log_of_short_histories_is_refused():
    log = planted_attributes(n_users=12, n_items=20, per_user=3)
    setup = MoviesSetup(log=log, seed=0, run=Run(), users=12, epochs=2, autoencoder_epochs=2)
    with pytest.raises(DataError, match="longer histories"):
        _ = setup.split


def test_a_network_in_the_order_of_its_size(setup):
    steps = usual_seconds(setup)
    assert list(steps)[:2] == ["sql", "first-user"]
    assert list(steps)[-2:] == ["every-user", "evaluation"]
    assert steps["network-lstm"] > steps["network-modified-lstm"] > 0
    fewer = usual_seconds(replace(setup, users=6, everyone=False))
    assert fewer["network-lstm"] == pytest.approx(steps["network-lstm"] / 2)
    assert "every-user" not in fewer


def test_reasons_are_judged_beside_the_rule_of_thumb():
    drops = {"named": (0.2, 0.15, 0.25), "most_liked": (0.05, 0.0, 0.1), "others": (0.01, 0, 0.02)}
    removals = {kind: Removal(*ends, places=10) for kind, ends in drops.items()}
    reasons = ReasonFidelity(users=5, films=20, faithful=1.0, removals=removals)
    part = fidelity.section({"LSTM": reasons, "GRU": replace(reasons, faithful=0.9)}, ("a step",))
    lstm, gru = (conclusion.sentence for conclusion in part.conclusions)
    assert "4.0 times as much as the genre that the user liked most often." in lstm
    assert "for 10\N{NO-BREAK SPACE}% of the films another genre is worth still more" in gru
    assert "so by construction" in " ".join(part.text.split())
