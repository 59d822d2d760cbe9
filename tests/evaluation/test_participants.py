"""Which trivial answers take part in a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

import penchant as pn
from penchant.data.origin import Origin
from penchant.evaluation.participants import participants_of
from penchant.models import ItemKNN, MarkovChain, SequentialRules
from penchant.testing import planted_sequences

OF_ORDER = {"recent-popular", "markov"}


@pytest.fixture(scope="module")
def log():
    return planted_sequences(n_users=30)


def names(models, split):
    found = participants_of(models, ["ranking", "rating"], None, split)
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
