"""What follows what, against sums over pairs of events."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.models import MarkovChain, SequentialRules
from penchant.models.sequence.transitions import (
    divided_rows,
    last_event_weights,
    transition_counts,
)


def log_of(sequences, weights=None, **more):
    rows = [(user, item) for user, items in enumerate(sequences) for item in items]
    frame = pl.DataFrame(rows, schema=["user", "item"], orient="row")
    if weights is not None:
        frame = frame.with_columns(weight=pl.Series(weights, dtype=pl.Float32))
    return Dataset.from_frame(frame, **more)


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 9, rng.integers(0, 12)).tolist() for _ in range(40)] + [[*range(9)]]


def counted(sequences, window, decay):
    counts = np.zeros((9, 9))
    for items in sequences:
        for (a, first), (b, second) in itertools.combinations(enumerate(items), 2):
            if b - a <= window:
                counts[first, second] += decay ** (b - a - 1)
    return counts


@pytest.mark.parametrize(("window", "decay"), [(1, 1.0), (3, 0.5), (30, 0.9)])
def test_counts_are_sums_over_pairs(sequences, window, decay):
    found = transition_counts(log_of(sequences).histories, window, decay)
    assert np.allclose(found.toarray(), counted(sequences, window, decay))
    with_power = divided_rows(found, 0.5).toarray()
    totals = found.toarray().sum(axis=1, keepdims=True)
    assert np.allclose(with_power * np.sqrt(totals), found.toarray(), atol=1e-5)


def test_events_that_are_not_positive_neither_count_nor_stand_between():
    histories = Histories.of([0, 1, 2, 3], n_items=4, ratings=[5, 1, 5, 1], positive=3.0)
    counts = transition_counts(histories, 1, 1.0).toarray()
    assert np.argwhere(counts).tolist() == [[0, 2]]
    assert last_event_weights(histories, 9, 0.5).tolist() == [0.5, 0, 1, 0]
    assert last_event_weights(histories, 1, 0.5).tolist() == [0, 0, 1, 0]


def test_where_there_are_sessions_nothing_follows_from_another_one():
    frame = pl.DataFrame({"user": [1] * 4, "item": [0, 1, 2, 3], "basket": ["a", "a", "b", "b"]})
    histories = Dataset.from_frame(frame, in_sessions=True).histories
    pairs = np.argwhere(transition_counts(histories, 3, 1.0).toarray())
    assert pairs.tolist() == [[0, 1], [2, 3]]
    assert last_event_weights(histories, 9, 0.5).tolist() == [0, 0, 0.5, 1]
    orders = Dataset.from_frame(frame).histories
    assert transition_counts(orders, 3, 1.0).nnz == 6
    assert last_event_weights(orders, 9, 0.5)[0] == 0.125


def test_what_follows_counts_by_its_weight():
    log = log_of([["a", "b"], ["a", "c"], ["a", "c"]], [1, 9, 1, 2, 1, 1])
    weights = MarkovChain().fit(log).weights_.toarray()
    assert weights[0].tolist() == pytest.approx([0, 9 / 12, 3 / 12])


def test_the_last_items_most_frequent_successor_comes_first():
    log = log_of([["a", "b"], ["b", "a", "c"], ["a", "c", "d"], ["d", "b", "d"]])
    model = MarkovChain().fit(log)
    after = model.recommend(model.history(["d", "a"]), k=3, repeats="allowed")
    # c followed a twice, b once; d and a never did, and d is as popular as can be.
    assert after["item"].to_list()[:2] == ["c", "b"]
    assert after["fallback"].to_list() == [False, False, True]


def test_sequential_rules_sum_what_the_last_items_lead_to(sequences):
    log = log_of(sequences)
    model = SequentialRules(window=3, event_decay=0.5, source_exponent=1, backward=0.25).fit(log)
    counts = counted(sequences, 3, 0.5)
    both = counts + 0.25 * counts.T
    chances = both / both.sum(axis=1, keepdims=True)
    history = Histories.of([7, 4, 2, 4], n_items=9)
    expected = chances[4] + 0.5 * chances[2] + 0.25 * chances[4]
    assert np.allclose(model.scores(history)[0], expected, atol=1e-6)
    parts = model.contributions(history, np.arange(9, dtype=np.int32))
    assert np.allclose(parts[:, 0], 0)
    assert np.allclose(parts[:, 3], chances[4], atol=1e-6)


def test_sequential_rules_keep_the_most_frequent_followers(sequences):
    few = SequentialRules(neighbours=2).fit(log_of(sequences)).weights_
    every = SequentialRules().fit(log_of(sequences)).weights_.toarray()
    assert np.diff(few.indptr).max() == 2
    assert few.toarray().max(axis=1) == pytest.approx(every.max(axis=1))


def test_a_log_of_single_events_is_answered_by_popularity():
    log = log_of([["a"], ["b"], ["b"]])
    for model in (MarkovChain(), SequentialRules()):
        lists = model.fit(log).recommend(model.history(["a"]), k=2, repeats="allowed")
        assert lists["item"].to_list() == ["b", "a"]
        assert lists["fallback"].all()
