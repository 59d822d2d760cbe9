"""Metrics of scored likes against scikit-learn and pairwise definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.errors import ParameterError
from penchant.metrics import AUC, AveragePrecision, PrecisionAtRecall
from penchant.typing import Bool, Float64, Int64
from support.scored_rows import scored_rows

METRICS = [AUC(), AveragePrecision(), PrecisionAtRecall(50)]


@given(scored_rows())
def test_areas_equal_scikit_learn(rows: tuple[Float64, Bool, Int64]):
    score, truth, weight = rows
    auc = reference.roc_auc_score(truth, score, sample_weight=weight)
    precision = reference.average_precision_score(truth, score, sample_weight=weight)
    assert AUC()(score, truth, weight) == pytest.approx(auc)
    assert AveragePrecision()(score, truth, weight) == pytest.approx(precision)


@settings(max_examples=40)
@given(scored_rows())
def test_auc_is_the_share_of_pairs_in_order(rows: tuple[Float64, Bool, Int64]):
    score, truth, _ = rows
    liked, other = score[truth][:, np.newaxis], score[~truth]
    assert AUC()(score, truth) == pytest.approx(np.mean((liked > other) + 0.5 * (liked == other)))


@pytest.mark.parametrize("metric", [AUC(), AveragePrecision(), PrecisionAtRecall(60)])
def test_many_weightings_equal_one_at_a_time(metric, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("penchant.metrics.curves._BLOCK_CELLS", 100)
    rng = np.random.default_rng(0)
    score, truth = rng.integers(0, 9, 40) / 8, rng.random(40) < 0.4
    weights = rng.integers(0, 3, (7, 40)).astype(np.float64)
    expected = [metric(score, truth, weight) for weight in weights]
    values_for = metric.grouped(score, truth, np.arange(40), 40)
    np.testing.assert_allclose(values_for(weights), expected)
    assert len(set(expected)) > 3
    assert values_for(weights[:0]).shape == (0,)


def test_one_class_is_undefined_not_an_error():
    score = np.array([0.2, 0.8])
    assert math.isnan(AUC()(score, [True, True]))
    assert math.isnan(AUC()(score, [False, False]))
    assert math.isnan(AveragePrecision()(score, [False, False]))
    assert AveragePrecision()(score, [True, True]) == 1


def test_no_rows_are_undefined():
    for metric in METRICS:
        assert math.isnan(metric([], []))


def test_constant_scores_are_worth_half_and_the_base_rate():
    truth = np.array([True, False, False, False])
    assert AUC()(np.full(4, 0.3), truth) == 0.5
    assert AveragePrecision()(np.full(4, 0.3), truth) == 0.25


@pytest.mark.parametrize("metric", METRICS)
def test_rows_that_cannot_be_judged(metric):
    with pytest.raises(ParameterError, match="NaN"):
        metric([1.0, math.nan], [True, False])
    with pytest.raises(ParameterError, match="true or false"):
        metric([1, 0], [5, 3])
    with pytest.raises(ParameterError, match="1 row instead of 2"):
        metric([1, 0], [True])


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
