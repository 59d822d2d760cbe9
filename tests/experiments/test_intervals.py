from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from penchant.experiments.intervals import (
    Ratio,
    difference,
    ratio,
    sequence_width,
    users_needed,
)


def test_a_mean_has_the_interval_of_students_t():
    values = np.array([0.0, 1.0, 4.0, 2.0, 7.0])
    one = ratio(values, np.ones(5))
    expected = stats.t.interval(0.9, 4, values.mean(), stats.sem(values))
    assert one.value == pytest.approx(values.mean())
    assert one.interval(0.9) == pytest.approx(expected)


def test_a_difference_is_welchs():
    rng = np.random.default_rng(0)
    a, b = rng.exponential(2, 40), rng.exponential(1, 90)
    one = difference(ratio(a, np.ones(40)), ratio(b, np.ones(90)), level=0.95, tuned_for=100)
    test = stats.ttest_ind(a, b, equal_var=False)
    assert one.p_value == pytest.approx(test.pvalue)
    assert (one.low, one.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert one.always_low < one.low < one.high < one.always_high


def test_the_error_of_a_ratio_is_that_of_the_bootstrap():
    rng = np.random.default_rng(1)
    lists = 1.0 + rng.poisson(3, 500)
    wins = rng.binomial(lists.astype(int), rng.beta(2, 5, 500)).astype(float)
    picks = rng.integers(0, 500, (4000, 500))
    replicates = wins[picks].sum(axis=1) / lists[picks].sum(axis=1)
    one = ratio(wins, lists)
    assert one.value == wins.sum() / lists.sum()
    assert one.error == pytest.approx(replicates.std(), rel=0.05)


def test_a_confidence_sequence_is_the_mixtures():
    # At the moment it is tuned for, 5 % need 3.03 standard errors in place of 1.96.
    assert sequence_width(1000, level=0.95, tuned_for=1000) == pytest.approx(3.035, abs=0.001)
    widths = [
        sequence_width(n, level=0.95, tuned_for=1000) / math.sqrt(n)
        for n in (10, 100, 1000, 10_000)
    ]
    assert widths == sorted(widths, reverse=True)
    # The mixture's martingale is at 1 / alpha on the boundary.
    n, alpha = 400, 0.1
    rho = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / 700
    total = sequence_width(n, level=1 - alpha, tuned_for=700) * math.sqrt(n)
    martingale = math.exp(rho * total**2 / (2 * (n * rho + 1))) / math.sqrt(n * rho + 1)
    assert martingale == pytest.approx(1 / alpha)


def test_always_valid_intervals_hold_at_all_looks_together():
    rng = np.random.default_rng(2)
    wrong_once, wrong_always = 0, 0
    replications, looks = 300, range(50, 1001, 50)
    for _ in range(replications):
        a, b = rng.random(1000) < 0.2, rng.random(1000) < 0.2
        results = [
            difference(
                ratio(a[:n].astype(float), np.ones(n)),
                ratio(b[:n].astype(float), np.ones(n)),
                level=0.95,
                tuned_for=2000,
            )
            for n in looks
        ]
        wrong_once += any(one.low > 0 or one.high < 0 for one in results)
        wrong_always += any(one.always_low > 0 or one.always_high < 0 for one in results)
    assert wrong_once / replications > 0.15  # what peeking does
    assert wrong_always / replications < 0.05


def test_users_needed_are_the_textbooks():
    # Fleiss: 20 % against 25 % with power 80 % takes about 1,090 in each arm.
    a, b = Ratio(0.25, 0.25 * 0.75, 500), Ratio(0.2, 0.2 * 0.8, 500)
    assert users_needed(a, b, 0.05, level=0.95, power=0.8) == pytest.approx(2 * 1091, rel=0.01)
    assert users_needed(a, b, 0.0, level=0.95, power=0.8) == math.inf


def test_that_many_users_show_the_difference_as_often_as_asked():
    rng = np.random.default_rng(3)
    a, b = Ratio(0.5, 0.25, 10), Ratio(0.4, 0.24, 10)
    n = math.ceil(users_needed(a, b, 0.1, level=0.95, power=0.8) / 2)
    shown = 0
    for _ in range(400):
        one = ratio((rng.random(n) < 0.5).astype(float), np.ones(n))
        other = ratio((rng.random(n) < 0.4).astype(float), np.ones(n))
        shown += difference(one, other, level=0.95, tuned_for=n).low > 0
    assert stats.binomtest(shown, 400, 0.8).pvalue > 0.001


def test_without_users_or_differences_there_is_no_interval():
    nobody, same = ratio(np.zeros(0), np.zeros(0)), ratio(np.ones(9), np.ones(9))
    one_user = ratio(np.ones(1), np.ones(1))
    for pair in ((nobody, same), (same, same), (one_user, same), (same, one_user)):
        one = difference(*pair, level=0.95, tuned_for=10)
        assert math.isnan(one.low)
        assert math.isnan(one.p_value)
    assert math.isnan(nobody.error)
    assert math.isnan(same.interval(0.95)[0])
    assert math.isnan(users_needed(nobody, same, 0.1, level=0.95, power=0.8))
