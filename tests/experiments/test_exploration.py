from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import penchant as pn
from penchant.errors import ParameterError
from penchant.experiments.exploration import list_propensities


def enumerated(n: int, k: int, epsilon: float) -> dict[tuple[int, ...], float]:
    """The probability of every list, over all swaps that chance can choose."""
    lists: dict[tuple[int, ...], float] = {}
    for partners in itertools.product([None, *range(n)], repeat=k):
        places, probability = list(range(n)), 1.0
        for position, partner in enumerate(partners):
            probability *= 1 - epsilon if partner is None else epsilon / n
            if partner is not None:
                places[position], places[partner] = places[partner], places[position]
        shown = tuple(places[:k])
        lists[shown] = lists.get(shown, 0.0) + probability
    return lists


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 4), st.floats(0, 1))
def test_propensities_are_those_of_enumeration(n, k, epsilon):
    k = min(n, k)
    lists = enumerated(n, k, epsilon)
    expected = np.zeros((n, k))
    for places, probability in lists.items():
        expected[list(places), range(k)] += probability
    assert sum(lists.values()) == pytest.approx(1)
    np.testing.assert_allclose(list_propensities(n, k, epsilon), expected, atol=1e-12)


@given(st.integers(0, 40), st.integers(0, 20), st.floats(0, 1), st.integers(0, 99))
def test_a_list_has_its_propensities(n, k, epsilon, seed):
    drawn = pn.sample_list(n, k, epsilon=epsilon, rng=np.random.default_rng(seed))
    assert len(set(drawn.places)) == len(drawn.places) == min(n, k)
    assert set(drawn.places) <= set(range(n))
    table = list_propensities(n, k, epsilon)
    assert drawn.propensities == table[drawn.places, range(len(drawn.places))].tolist()
    assert all(0 < p <= 1 + 1e-12 for p in drawn.propensities)
    assert drawn.explored == [place != at for at, place in enumerate(drawn.places)]


@pytest.mark.parametrize(("n", "k", "epsilon"), [(4, 2, 0.4), (3, 3, 0.7), (5, 1, 1.0)])
def test_lists_are_drawn_as_often_as_enumeration_says(n, k, epsilon):
    lists = enumerated(n, k, epsilon)
    rng = np.random.default_rng(1)
    counts = dict.fromkeys(lists, 0)
    for _ in range(6000):
        counts[tuple(pn.sample_list(n, k, epsilon=epsilon, rng=rng).places)] += 1
    expected = [6000 * p for p in lists.values()]
    assert stats.chisquare(list(counts.values()), expected).pvalue > 0.001


def test_every_candidate_can_stand_everywhere():
    assert list_propensities(50, 10, 0.05).min() > 0.05 / 50 * 0.9
    np.testing.assert_allclose(list_propensities(500, 100, 0.05).sum(axis=0), 1)


def test_without_epsilon_the_list_is_the_top():
    drawn = pn.sample_list(20, 3, epsilon=0, rng=np.random.default_rng(0))
    assert drawn == ([0, 1, 2], [1.0] * 3, [False] * 3)


def test_the_same_seed_draws_the_same_list():
    lists = [pn.sample_list(30, 9, epsilon=0.5, rng=np.random.default_rng(3)) for _ in range(2)]
    assert lists[0] == lists[1]
    assert any(lists[0].explored)


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, float("nan"), "much"])
def test_impossible_epsilon(epsilon):
    with pytest.raises(ParameterError, match="epsilon is a probability"):
        pn.sample_list(3, 3, epsilon=epsilon, rng=np.random.default_rng(0))


@pytest.mark.parametrize(("n", "k"), [(3, -1), (-1, 3)])
def test_impossible_numbers(n, k):
    with pytest.raises(ParameterError, match="0 or more"):
        pn.sample_list(n, k, epsilon=0.1, rng=np.random.default_rng(0))


def test_a_list_takes_microseconds():
    rng = np.random.default_rng(0)
    pn.sample_list(50, 10, epsilon=0.05, rng=rng)
    start = time.perf_counter()
    for _ in range(500):
        pn.sample_list(50, 10, epsilon=0.05, rng=rng)
    assert (time.perf_counter() - start) / 500 < 500e-6
