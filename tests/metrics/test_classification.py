"""Metrics of decisions against scikit-learn, and thresholds against all cuts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ParameterError
from penchant.metrics import (
    LikeAccuracy,
    LikeF1,
    LikePrecision,
    LikeRecall,
    best_threshold,
    confusion_matrix,
)
from penchant.typing import Bool, Float64, Int64
from support.scored_rows import scored_rows

DECISIONS = [LikeAccuracy(), LikePrecision(), LikeRecall(), LikeF1()]


@given(scored_rows())
def test_decisions_equal_scikit_learn(rows: tuple[Float64, Bool, Int64]):
    score, truth, weight = rows
    decided = score >= 0.5
    options = {"sample_weight": weight}
    expected = [
        reference.accuracy_score(truth, decided, **options),
        reference.precision_score(truth, decided, **options, zero_division=np.nan),
        reference.recall_score(truth, decided, **options, zero_division=np.nan),
        reference.f1_score(truth, decided, **options, zero_division=np.nan),
    ]
    for metric, value in zip(DECISIONS, expected, strict=True):
        np.testing.assert_allclose(metric(decided, truth, weight), value, err_msg=metric.name)
    np.testing.assert_array_equal(
        confusion_matrix(decided, truth, weight),
        reference.confusion_matrix(truth, decided, sample_weight=weight),
    )


def test_one_class_is_undefined_not_an_error():
    assert math.isnan(LikeRecall()([True, True], [False, False]))
    assert math.isnan(LikePrecision()([False, False], [True, False]))
    assert math.isnan(LikeF1()([False, False], [False, False]))
    assert LikeF1()([False, False], [True, False]) == 0


def test_no_rows_are_undefined():
    for metric in DECISIONS:
        assert math.isnan(metric([], []))


def brute_force(score: Float64, truth: Bool, metric) -> float:
    cuts = [-math.inf, *np.unique(score), math.inf]
    return np.nanmax([metric(score >= cut, truth) for cut in cuts])


@given(scored_rows(), st.sampled_from(DECISIONS))
def test_best_threshold_is_the_best_of_all_cuts(rows: tuple[Float64, Bool, Int64], metric):
    score, truth, _ = rows
    threshold = best_threshold(score, truth, metric.name)
    assert threshold not in score
    assert metric(score >= threshold, truth) == pytest.approx(brute_force(score, truth, metric))


def test_best_threshold_lies_half_way():
    assert best_threshold([0.1, 0.2, 0.6, 0.9], [False, False, True, True]) == pytest.approx(0.4)


def test_best_threshold_may_be_everything_or_nothing():
    score = np.array([0.1, 0.2, 0.9])
    assert best_threshold(score, [True, True, True]) == -math.inf
    assert best_threshold(score, [False, False, False], "like-accuracy") == math.inf


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_best_threshold_between_neighbouring_floats(kind: type):
    low = kind(0.3)
    score = np.array([low, np.nextafter(low, kind(1))], kind)
    threshold = best_threshold(score, [False, True])
    assert (score >= threshold).tolist() == [False, True]


def test_best_threshold_refuses_what_it_cannot_choose_by():
    with pytest.raises(ParameterError, match="'auc'"):
        best_threshold([0.1], [True], "auc")
    with pytest.raises(ParameterError, match="No cut"):
        best_threshold([], [])
    with pytest.raises(ParameterError, match="No cut"):
        best_threshold([0.1, 0.2], [False, False], "like-recall")
    with pytest.raises(ParameterError, match="NaN"):
        best_threshold([math.nan], [True])


@pytest.mark.parametrize("metric", DECISIONS)
def test_rows_that_cannot_be_judged(metric):
    with pytest.raises(ParameterError, match="NaN"):
        metric([1.0, math.nan], [True, False])
    with pytest.raises(ParameterError, match="true or false"):
        metric([1, 0], [5, 3])
    with pytest.raises(ParameterError, match="1 row instead of 2"):
        metric([1, 0], [True])


@pytest.mark.parametrize("metric", DECISIONS)
def test_a_score_is_no_decision(metric):
    with pytest.raises(ParameterError, match="prediction must be true or false"):
        metric([0.3, 0.8], [True, False])


def test_names():
    names = [metric.name for metric in DECISIONS]
    assert names == ["like-accuracy", "like-precision", "like-recall", "f1"]
