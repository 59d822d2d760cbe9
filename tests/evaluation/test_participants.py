"""Which trivial answers take part in a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

import penchant as pn
from penchant.data.origin import Origin
from penchant.errors import DataError, ParameterError
from penchant.evaluation.participants import named_models, participants_of
from penchant.models import ItemKNN, MarkovChain, SequentialRules
from penchant.testing import planted_sequences

OF_ORDER = {"recent-popular", "markov"}


@pytest.fixture(scope="module")
def log():
    return planted_sequences(n_users=30)


def names(models, split):
    found = participants_of(named_models(models), ["ranking", "rating"], None, split)
    return {name for name, (_, tasks) in found.items() if "ranking" in tasks}


def test_a_comparison_of_next_events_has_the_trivial_answers_of_order(log):
    split = pn.split_leave_last_out(log)
    assert names([], split) == {"random", "popular"} | OF_ORDER
    assert names([], replace(split, repeat_rule="allowed")) == {
        *("random", "popular", "personal-popular", "personal-recent"),
        *OF_ORDER,
    }


def test_other_comparisons_have_them_where_a_model_of_order_takes_part(log):
    split = pn.split_random(log)
    assert not names([ItemKNN()], split) & OF_ORDER
    assert names([SequentialRules()], split) > OF_ORDER
    for spec in ("list-blend:base_models=ease;stan", "time-decay:base_model=markov"):
        assert names([spec], split) > OF_ORDER, spec
    assert not names(["list-blend", "time-decay"], split) & OF_ORDER
    sequences = replace(log, origin=replace(log.origin, layout="sequences"))
    assert isinstance(sequences.origin, Origin)
    assert names([ItemKNN()], pn.split_random(sequences)) > OF_ORDER


def test_where_a_log_is_split_at_a_time_what_was_popular_lately_is_a_trivial_answer(log):
    assert names([ItemKNN()], pn.split_by_time(log)) == {
        *("random", "popular", "recent-popular", "item-knn"),
    }
    assert "recent-popular" not in names([ItemKNN()], pn.split_per_user(log))


def test_a_baseline_that_is_asked_for_is_not_there_twice(log):
    split = pn.split_leave_last_out(log)
    assert names({"markov": MarkovChain()}, split) == {"random", "popular"} | OF_ORDER


def test_markov_is_the_best_trivial_answer_where_only_the_order_tells(log):
    split = pn.split_leave_last_out(planted_sequences(), validation=False)
    table = pn.evaluate([ItemKNN()], split, ["hr@1"], replicates=200).table()
    verdicts = {entry.name: entry.trivial for entry in table.entries}
    assert table.entries[0].name == "markov"
    assert verdicts == {
        **dict.fromkeys(("markov", "popular", "recent-popular", "random"), True),
        "item-knn": False,
    }


def test_models_are_given_by_texts_too(log):
    named = named_models(["item-knn:neighbours=5", ItemKNN(), "item-knn"])
    assert list(named) == ["item-knn:neighbours=5", "item-knn", "item-knn'"]
    assert named["item-knn:neighbours=5"].neighbours == 5
    assert named_models({"mine": "item-knn"})["mine"].params() == ItemKNN().params()


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("item-knn", "Models are given as a list"),
        (ItemKNN(), "Models are given as a list"),
        (None, "Models are given as a list"),
        ([ItemKNN], r"ItemKNN is a class: give a model that is made of it, as ItemKNN\(\)"),
        ({"mine": ItemKNN}, "ItemKNN is a class"),
        ([3], "3 is no model"),
    ],
)
def test_what_is_no_model_is_refused(log, models, words):
    for call in (
        lambda: pn.evaluate(models, pn.split_random(log)),
        lambda: pn.cross_validate(models, log),
        lambda: pn.backtest(models, log),
    ):
        with pytest.raises(ParameterError, match=words):
            call()


def test_what_is_no_split_and_no_settings_are_refused(log):
    split = pn.split_random(log)
    for options, words in (
        ({"seed": -1}, "seed must be 0 or more, not -1"),
        ({"level": 95}, "A level lies between 0 and 1, not at 95"),
        ({"replicates": 0}, "replicates must be 1 or more"),
    ):
        with pytest.raises(ParameterError, match=words):
            pn.evaluate([ItemKNN()], split, ["ndcg@5"], **options)
        with pytest.raises(ParameterError, match=words):
            pn.cross_validate([ItemKNN()], log, ["ndcg@5"], **options)
    with pytest.raises(DataError, match="is for a split, and a Dataset is none"):
        pn.evaluate([ItemKNN()], log)
    with pytest.raises(DataError, match="is for a log, and a Split is none"):
        pn.cross_validate([ItemKNN()], split)
    with pytest.raises(ParameterError, match="Metrics are given as a list"):
        pn.evaluate([ItemKNN()], split, "ndcg@5")


def test_models_that_need_ratings_are_refused_before_others_learn(log):
    class Fitted(ItemKNN):
        def _fit(self, train, validation, run):
            raise AssertionError("it was fitted")

    bare = pn.Dataset.from_frame(log.frame().select("user", "item"))
    with pytest.raises(DataError, match="learns from ratings, and the log"):
        pn.evaluate([Fitted(), "rating-nmf"], pn.split_random(bare), ["ndcg@5"])
