"""Comparable scores, against loops over users."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from penchant.data.histories import Histories
from penchant.models.blend.comparable_scores import comparable, listable_items
from penchant.repeats import Repeats

SHAPE = (3, 7)
SCORES = some.arrays(np.float32, SHAPE, elements=st.integers(-3, 3).map(float))
SEEN = some.arrays(np.bool_, SHAPE)


@given(SCORES, SEEN)
def test_standardised_scores_have_mean_0_and_deviation_1_over_unseen_items(scores, seen):
    found = comparable(scores, ~seen, "standardised")
    for row, values, hidden in zip(found, scores.astype(float), seen, strict=True):
        rest = values[~hidden]
        if not len(rest) or rest.std() == 0:
            np.testing.assert_array_equal(row, 0)
        else:
            np.testing.assert_allclose(row, (values - rest.mean()) / rest.std(), atol=1e-5)


@given(SCORES, SEEN)
def test_reciprocal_ranks_count_the_unseen_items_above(scores, seen):
    found = comparable(scores, ~seen, "reciprocal-rank")
    for row, values, hidden in zip(found, scores, seen, strict=True):
        above = [(values[~hidden] > value).sum() for value in values]
        np.testing.assert_allclose(row, [1 / (60 + 1 + n) for n in above], rtol=1e-6)


@pytest.mark.parametrize("normalisation", ["standardised", "reciprocal-rank"])
def test_never_stays_never_and_does_not_count(normalisation):
    scores = np.array([[1, -np.inf, 3, 2]], np.float32)
    found = comparable(scores, np.ones((1, 4), np.bool_), normalisation)
    without = comparable(scores[:, [0, 2, 3]], np.ones((1, 3), np.bool_), normalisation)
    np.testing.assert_array_equal(found[:, [0, 2, 3]], without)
    assert found[0, 1] == -np.inf


def test_a_spread_made_of_rounding_is_none():
    scores = np.float32(1000) + np.array([[0, 6e-5, 0]], np.float32)
    assert np.ptp(scores) > 0
    assert not comparable(scores, np.ones((1, 3), np.bool_), "standardised").any()


def test_a_spread_far_from_zero_is_kept():
    scores = np.float32(1000) + np.array([[0, 1, 2]], np.float32)
    found = comparable(scores, np.ones((1, 3), np.bool_), "standardised")
    np.testing.assert_allclose(found, [[-1.2247449, 0, 1.2247449]], rtol=1e-5)


def test_lists_may_hold_items_of_the_history_or_others_or_both():
    users = Histories.of([2, 0, 2], n_items=4)
    found = {repeats: listable_items(users, repeats).tolist() for repeats in get_args(Repeats)}
    assert found == {
        "excluded": [[False, True, False, True]],
        "allowed": [[True, True, True, True]],
        "only": [[True, False, True, False]],
    }
