"""Probability metrics against scikit-learn and a loop over bins."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penchant.errors import ParameterError
from penchant.metrics import Brier, ExpectedCalibrationError, LogLoss, calibration_curve
from penchant.typing import Bool, Float64, Int64

ALL = [LogLoss(), Brier(), ExpectedCalibrationError()]


@st.composite
def stated_rows(draw: st.DrawFn) -> tuple[Float64, Bool, Int64]:
    n = draw(st.integers(1, 25))
    probability = draw(hnp.arrays(np.float64, n, elements=st.floats(0, 1)))
    truth = draw(hnp.arrays(np.bool_, n))
    weight = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    weight[0] = 1
    return probability, truth, weight


@given(stated_rows())
def test_losses_equal_scikit_learn(rows: tuple[Float64, Bool, Int64]):
    probability, truth, weight = rows
    loss = reference.log_loss(truth, probability, sample_weight=weight, labels=[False, True])
    brier = np.average((probability - truth) ** 2, weights=weight)
    assert LogLoss()(probability, truth, weight) == pytest.approx(loss, rel=1e-6, abs=1e-12)
    assert Brier()(probability, truth, weight) == pytest.approx(brier)


def test_brier_equals_scikit_learn():
    rng = np.random.default_rng(0)
    probability = rng.random(200)
    truth = rng.random(200) < probability
    expected = reference.brier_score_loss(truth, probability)
    assert Brier()(probability, truth) == pytest.approx(expected)


@given(stated_rows(), st.integers(1, 12))
def test_calibration_equals_a_loop_over_bins(rows: tuple[Float64, Bool, Int64], bins: int):
    probability, truth, _ = rows
    curve = calibration_curve(probability, truth, bins)
    distance = 0.0
    for b in range(bins):
        inside = [
            i for i, p in enumerate(probability) if min(int(p * bins), bins - 1) == b
        ]  # the last bin holds 1
        assert curve.n_rows[b] == len(inside)
        if inside:
            assert curve.probability[b] == pytest.approx(probability[inside].mean())
            assert curve.share[b] == pytest.approx(truth[inside].mean())
            gap = abs(probability[inside].mean() - truth[inside].mean())
            distance += gap * len(inside) / len(truth)
        else:
            assert math.isnan(curve.probability[b])
            assert math.isnan(curve.share[b])
    value = ExpectedCalibrationError(bins)(probability, truth)
    assert value == pytest.approx(distance, abs=1e-12)


@settings(max_examples=30)
@given(stated_rows())
def test_a_whole_weight_is_repetition(rows: tuple[Float64, Bool, Int64]):
    probability, truth, weight = rows
    for metric in ALL:
        repeated = metric(np.repeat(probability, weight), np.repeat(truth, weight))
        assert metric(probability, truth, weight) == pytest.approx(repeated, abs=1e-12)


def test_edges_of_the_curve():
    curve = calibration_curve([0.0, 0.5, 1.0], [False, True, True], bins=2)
    assert curve.lower.tolist() == [0, 0.5]
    assert curve.upper.tolist() == [0.5, 1]
    assert curve.n_rows.tolist() == [1, 2]


def test_a_sure_mistake_costs_no_infinity():
    assert LogLoss()([1.0], [False]) == pytest.approx(36.04, abs=0.01)
    assert LogLoss()([1.0], [True]) == pytest.approx(0)


def test_no_rows_are_undefined():
    for metric in ALL:
        assert math.isnan(metric([], []))
    assert calibration_curve([], []).n_rows.tolist() == [0] * 10


@pytest.mark.parametrize("metric", ALL)
def test_rows_that_cannot_be_judged(metric):
    with pytest.raises(ParameterError, match="between 0 and 1"):
        metric([0.5, 1.1], [True, False])
    with pytest.raises(ParameterError, match="NaN"):
        metric([0.5, math.nan], [True, False])
    with pytest.raises(ParameterError, match="true or false"):
        metric([0.5, 0.5], [2, 0])


def test_impossible_bins():
    with pytest.raises(ParameterError, match="at least one bin"):
        ExpectedCalibrationError(0)
    with pytest.raises(ParameterError, match="at least one bin"):
        calibration_curve([0.5], [True], 0)


def test_names():
    assert [m.name for m in ALL] == ["log-loss", "brier", "ece"]
    assert ExpectedCalibrationError(20).name == "ece-20-bins"
    assert not any(m.higher_is_better for m in ALL)
