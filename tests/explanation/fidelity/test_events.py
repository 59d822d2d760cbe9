"""What items lose without what their reasons name, and without other items of the history."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import penchant as pn
from penchant.errors import ParameterError, UnknownIdError
from penchant.explanation import explain_lists, explanation_fidelity
from penchant.models import make
from penchant.models.linear.ease import EASE
from penchant.testing import planted_pairs, planted_sequences

COLUMNS = [
    "item",
    "rank",
    "method",
    "named",
    "drop_named",
    "drop_others",
    "drop_latest",
    "places_named",
    "places_others",
    "places_latest",
]


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=60, groups=4)


@pytest.fixture(scope="module")
def ease(log):
    return EASE(l2=20).fit(log)


def test_losses_are_those_of_scoring_histories_without_the_items(ease, log):
    table = explanation_fidelity(ease, [7], k=3, reasons=2, draws=1)
    assert table.columns == ["user", *COLUMNS]
    lists = explain_lists(ease, [7], k=3, reasons=2)
    history = ease.histories_of([7])
    before = ease.scores(history)[0].astype(float)
    unseen = np.setdiff1d(np.arange(log.n_items), history.items)
    for row, listed in zip(table.to_dicts(), lists.to_dicts(), strict=True):
        assert (row["item"], row["rank"]) == (listed["item"], listed["rank"])
        named = [reason["item"] for reason in listed["reasons"]]
        assert row["named"] == len(named) == 2
        assert row["method"] == "contributions"
        keep = [i for i, item in enumerate(history.items) if ease.items_[item] not in named]
        rest = ease.history(
            [ease.items_[history.items[i]] for i in keep], history.ratings[keep].tolist()
        )
        after = ease.scores(rest)[0].astype(float)
        item = int(ease.items_.indices([row["item"]])[0])
        fall = before - after
        drop = (fall[item] - np.median(fall)) / before.std()
        assert row["drop_named"] == pytest.approx(drop, abs=1e-5)
        places = (after[unseen] > after[item]).sum() - (before[unseen] > before[item]).sum()
        assert row["places_named"] == places


@pytest.mark.parametrize("spec", ["ease:l2=20", "user-knn", "mult-dae:hidden=16,dim=8,epochs=10"])
def test_items_lose_more_without_what_reasons_name(spec, log):
    table = explanation_fidelity(make(spec).fit(log), k=5)
    assert len(table) > 100
    assert table["drop_named"].mean() > table["drop_others"].mean() + 0.1
    assert table["places_named"].mean() > table["places_others"].mean()


def test_reasons_that_name_the_wrong_events_are_found_out(ease, log, monkeypatch):
    right = explanation_fidelity(ease, k=5)
    contributions = EASE.contributions
    monkeypatch.setattr(
        EASE, "contributions", lambda self, user, items: -contributions(self, user, items)
    )
    wrong = explanation_fidelity(ease, k=5)
    assert right["drop_named"].mean() > right["drop_others"].mean()
    assert wrong["drop_named"].mean() < wrong["drop_others"].mean()


def test_the_latest_items_are_the_reasons_of_a_model_that_reads_no_others():
    log = planted_sequences(n_users=60)
    markov = explanation_fidelity(make("markov").fit(log), k=3)
    assert (markov["named"] == 1).all()
    assert (markov["drop_named"] == markov["drop_latest"]).all()
    assert (markov["places_named"] == markov["places_latest"]).all()
    rules = explanation_fidelity(make("sequential-rules").fit(log), k=3)
    assert rules["drop_named"].mean() > rules["drop_latest"].mean()
    assert rules["drop_latest"].mean() > rules["drop_others"].mean()


def test_dislikes_are_none_of_the_latest(log, ease):
    """Of four likes and two later dislikes the last two likes are the latest."""
    ids = log.items.take([0, 4, 8, 12, 1, 2]).to_list()
    ratings = [5, 5, 5, 5, 1, 1]
    row = explanation_fidelity(ease, ease.history(ids, ratings), k=1, reasons=2).row(0, named=True)
    before = ease.scores(ease.history(ids, ratings))[0].astype(float)
    rest = ease.history(ids[:2] + ids[4:], ratings[:2] + ratings[4:])
    falls = before - ease.scores(rest)[0]
    fall = falls[ease.items_.indices([row["item"]])[0]] - np.median(falls)
    assert row["drop_latest"] == pytest.approx(fall / before.std(), abs=1e-5)


def test_others_could_have_been_named(log, ease):
    """Of three likes one is named, and dislikes are never drawn: nothing is left for two."""
    ids = log.items.take([0, 4, 8, 1, 2, 3, 5, 6, 7]).to_list()
    history = ease.history(ids, [5, 5, 5, 1, 1, 1, 1, 1, 1])
    assert len(explanation_fidelity(ease, history, k=4, reasons=1)) > 0
    assert len(explanation_fidelity(ease, history, k=4, reasons=2)) == 0


@pytest.mark.parametrize("spec", ["ease:l2=20", "dot:dim=8,epochs=3,batch_size=64"])
def test_users_who_are_asked_together_get_what_each_gets_alone(spec, log):
    model = make(spec).fit(log)
    users = log.users.ids.to_list()[:20]
    together = explanation_fidelity(model, users, k=3, draws=1)
    assert together["user"].n_unique() > 16
    exact = [name for name in together.columns if not name.endswith("others")]  # which are drawn
    for user in users[::6]:
        alone = explanation_fidelity(model, [user], k=3, draws=1).select(exact)
        assert_frame_equal(together.filter(user=user).select(exact), alone, abs_tol=1e-4)


def test_a_model_that_keeps_vectors_is_asked_as_of_new_users(log):
    model = make("dot:dim=8,epochs=8,batch_size=64,learning_rate=0.02").fit(log)
    table = explanation_fidelity(model, log.users.ids[:10].to_list(), k=5)
    assert set(table["method"]) == {"leave-one-out as new"}
    assert table["drop_named"].mean() > table["drop_others"].mean()


def test_who_is_asked(log, ease):
    split = pn.split_random(log, validation=0, test=0.2)
    model = EASE(l2=20).fit(split.train)
    of_split = explanation_fidelity(model, split, k=2)
    of_histories = explanation_fidelity(model, split.test.histories, k=2)
    assert of_split.equals(of_histories)
    assert of_split.columns[0] == "history"
    every = explanation_fidelity(ease, k=2)
    assert every["user"].n_unique() == log.n_users
    assert every.equals(explanation_fidelity(ease, k=2))
    drawn = explanation_fidelity(ease, k=2, seed=1)
    assert drawn["drop_named"].equals(every["drop_named"])
    assert not drawn["drop_others"].equals(every["drop_others"])


def test_models_without_reasons_have_no_rows(log):
    table = explanation_fidelity(make("popular").fit(log), [3], k=2)
    assert len(table) == 0
    assert table.schema == explanation_fidelity(EASE(l2=20).fit(log), [3], k=2).schema
    assert pl.String == table.schema["method"]


def test_errors(ease):
    with pytest.raises(ParameterError, match="number of draws must be at least 1"):
        explanation_fidelity(ease, draws=0)
    with pytest.raises(ParameterError, match="at least 1"):
        explanation_fidelity(ease, reasons=0)
    with pytest.raises(UnknownIdError, match="user 999"):
        explanation_fidelity(ease, [999])
