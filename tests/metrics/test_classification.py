"""Like metrics against scikit-learn and pairwise definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penchant.errors import ParameterError
from penchant.metrics import (
    AUC,
    AveragePrecision,
    LikeAccuracy,
    LikeF1,
    LikePrecision,
    LikeRecall,
    PrecisionAtRecall,
    best_threshold,
    confusion_matrix,
)
from penchant.typing import Bool, Float64, Int64

DECISIONS = [LikeAccuracy(), LikePrecision(), LikeRecall(), LikeF1()]


@st.composite
def scored_rows(draw: st.DrawFn) -> tuple[Float64, Bool, Int64]:
    """Scores with many ties, truth with both classes, and whole weights."""
    n = draw(st.integers(2, 25))
    score = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.1, 0.25, 0.5, 0.7, 1.0])))
    truth = draw(hnp.arrays(np.bool_, n))
    truth[:2] = [True, False]
    weight = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    weight[:2] = 1
    return score, truth, weight


@settings(max_examples=80, deadline=None)
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


@settings(max_examples=80, deadline=None)
@given(scored_rows())
def test_areas_equal_scikit_learn(rows: tuple[Float64, Bool, Int64]):
    score, truth, weight = rows
    auc = reference.roc_auc_score(truth, score, sample_weight=weight)
    precision = reference.average_precision_score(truth, score, sample_weight=weight)
    assert AUC()(score, truth, weight) == pytest.approx(auc)
    assert AveragePrecision()(score, truth, weight) == pytest.approx(precision)


@settings(max_examples=40, deadline=None)
@given(scored_rows())
def test_auc_is_the_share_of_pairs_in_order(rows: tuple[Float64, Bool, Int64]):
    score, truth, _ = rows
    liked, other = score[truth][:, np.newaxis], score[~truth]
    assert AUC()(score, truth) == pytest.approx(np.mean((liked > other) + 0.5 * (liked == other)))


@pytest.mark.parametrize("metric", [AUC(), AveragePrecision(), PrecisionAtRecall(60)])
def test_many_weightings_equal_one_at_a_time(metric, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("penchant.metrics.score_order._BLOCK_CELLS", 100)
    rng = np.random.default_rng(0)
    score, truth = rng.integers(0, 9, 40) / 8, rng.random(40) < 0.4
    weights = rng.integers(0, 3, (7, 40)).astype(np.float64)
    expected = [metric(score, truth, weight) for weight in weights]
    np.testing.assert_allclose(metric.weighted(score, truth, weights), expected)
    assert len(set(expected)) > 3
    with pytest.raises(ParameterError, match="replicates by 40 rows"):
        metric.weighted(score, truth, weights[:, :-1])
    assert metric.weighted(score, truth, weights[:0]).shape == (0,)


def test_one_class_is_undefined_not_an_error():
    score = np.array([0.2, 0.8])
    assert math.isnan(AUC()(score, [True, True]))
    assert math.isnan(AUC()(score, [False, False]))
    assert math.isnan(AveragePrecision()(score, [False, False]))
    assert AveragePrecision()(score, [True, True]) == 1
    assert math.isnan(LikeRecall()([True, True], [False, False]))
    assert math.isnan(LikePrecision()([False, False], [True, False]))
    assert math.isnan(LikeF1()([False, False], [False, False]))
    assert LikeF1()([False, False], [True, False]) == 0


def test_no_rows_are_undefined():
    for metric in [*DECISIONS, AUC(), AveragePrecision(), PrecisionAtRecall(50)]:
        assert math.isnan(metric([], []))


def test_constant_scores_are_worth_half_and_the_base_rate():
    truth = np.array([True, False, False, False])
    assert AUC()(np.full(4, 0.3), truth) == 0.5
    assert AveragePrecision()(np.full(4, 0.3), truth) == 0.25


def brute_force(score: Float64, truth: Bool, metric) -> float:
    cuts = [-math.inf, *np.unique(score), math.inf]
    return np.nanmax([metric(score >= cut, truth) for cut in cuts])


@settings(max_examples=60, deadline=None)
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


@pytest.mark.parametrize("metric", [*DECISIONS, AUC(), AveragePrecision(), PrecisionAtRecall(50)])
def test_rows_that_cannot_be_judged(metric):
    with pytest.raises(ParameterError, match="NaN"):
        metric([1.0, math.nan], [True, False])
    with pytest.raises(ParameterError, match="true or false"):
        metric([1, 0], [5, 3])
    with pytest.raises(ParameterError, match="1 rows where 2"):
        metric([1, 0], [True])


@pytest.mark.parametrize("metric", DECISIONS)
def test_a_score_is_no_decision(metric):
    with pytest.raises(ParameterError, match="prediction must be true or false"):
        metric([0.3, 0.8], [True, False])


def test_names():
    names = [m.name for m in [*DECISIONS, AUC(), AveragePrecision()]]
    assert names == [
        "like-accuracy",
        "like-precision",
        "like-recall",
        "f1",
        "auc",
        "average-precision",
    ]


@settings(max_examples=80, deadline=None)
@given(scored_rows(), st.integers(1, 100))
def test_precision_at_recall_is_that_of_the_highest_cut_that_reaches_it(rows, percent):
    score, truth, weight = rows
    n_liked = int(weight[truth].sum())
    for cut in sorted(set(score), reverse=True):
        shown = score >= cut
        found = int(weight[shown & truth].sum())
        if 100 * found >= percent * n_liked:
            break
    expected = found / int(weight[shown].sum())
    assert PrecisionAtRecall(percent)(score, truth, weight) == pytest.approx(expected)


def test_precision_at_recall_on_an_example():
    score = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.1])
    truth = np.array([True, False, True, True, False, True])
    assert PrecisionAtRecall(25)(score, truth) == 1
    assert PrecisionAtRecall(50)(score, truth) == pytest.approx(2 / 3)
    assert PrecisionAtRecall(75)(score, truth) == pytest.approx(3 / 5)  # both rows of .6
    assert PrecisionAtRecall(100)(score, truth) == pytest.approx(4 / 6)
    assert PrecisionAtRecall(50)(np.full(6, 0.3), truth) == pytest.approx(4 / 6)
    assert math.isnan(PrecisionAtRecall(50)(score, np.zeros(6, bool)))
    assert math.isnan(PrecisionAtRecall(50)([], np.zeros(0, bool)))
    assert PrecisionAtRecall(80).name == "precision-at-recall@80"


@pytest.mark.parametrize("percent", [0, 101, 0.5, True])
def test_a_recall_that_is_no_share(percent):
    with pytest.raises(ParameterError, match="whole k from 1 to 100"):
        PrecisionAtRecall(percent)
