"""The bootstrap over users: its draws, its coverage and its one code path with the metrics."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from penchant.errors import ParameterError
from penchant.metrics import (
    AUC,
    MAE,
    RMSE,
    AveragePrecision,
    Brier,
    ExpectedCalibrationError,
    LikeF1,
    Pearson,
    PrecisionAtRecall,
    bootstrap_weights,
    interval,
    mean_replicates,
    replicates,
)
from penchant.typing import Float64


def draws(n_users: int, n_replicates: int, seed: int = 0) -> Float64:
    return np.concatenate(list(bootstrap_weights(n_users, n_replicates, seed)))


def test_draws_are_multinomial():
    weights = draws(50, 4000)
    assert weights.shape == (4000, 50)
    assert (weights.sum(axis=1) == 50).all()
    assert weights.mean() == 1
    np.testing.assert_allclose(weights.mean(axis=0), 1, atol=0.1)
    # Variance 1 - 1/n and covariance -1/n of multinomial counts.
    covariance = np.cov(weights.T)
    np.testing.assert_allclose(np.diag(covariance), 1 - 1 / 50, atol=0.2)
    assert covariance[~np.eye(50, dtype=bool)].mean() == pytest.approx(-1 / 50, abs=2e-3)


def test_draws_depend_on_the_seed_alone(monkeypatch: pytest.MonkeyPatch):
    weights = draws(30, 40, seed=7)
    np.testing.assert_array_equal(draws(30, 40, seed=7), weights)
    np.testing.assert_array_equal(draws(30, 10, seed=7), weights[:10])
    assert (draws(30, 40, seed=8) != weights).any()
    monkeypatch.setattr("penchant.metrics.bootstrap._BLOCK_CELLS", 100)
    blocks = list(bootstrap_weights(30, 40, seed=7))
    assert len(blocks) == 14
    np.testing.assert_array_equal(np.concatenate(blocks), weights)


@pytest.mark.parametrize(
    "metric",
    [
        RMSE(),
        MAE(),
        Pearson(),
        LikeF1(),
        AUC(),
        AveragePrecision(),
        PrecisionAtRecall(70),
        Brier(),
        ExpectedCalibrationError(5),
    ],
)
def test_replicates_are_the_metric_on_resampled_rows(metric):
    rng = np.random.default_rng(3)
    users = [2, 5, 11, 40]
    user = rng.choice(users, 60)
    truth = rng.random(60) < 0.5
    prediction = rng.integers(0, 5, 60) / 4
    if metric.takes == "decision":
        prediction = prediction >= 0.5
    values = replicates(metric, prediction, truth, user, 20, seed=4)
    for weights, value in zip(draws(4, 20, seed=4), values, strict=True):
        rows = np.concatenate(
            [
                np.repeat(np.nonzero(user == u)[0], int(w))
                for u, w in zip(users, weights, strict=True)
            ]
        )
        assert value == pytest.approx(metric(prediction[rows], truth[rows]), rel=1e-9)
    assert len(set(values)) > 5


def test_undefined_replicates_are_nan():
    user = np.array([0, 0, 1, 1])
    truth = np.array([True, False, True, True])
    values = replicates(AUC(), [0.9, 0.1, 0.2, 0.3], truth, user, 200)
    only_one_class = draws(2, 200)[:, 0] == 0
    assert only_one_class.any()
    np.testing.assert_array_equal(np.isnan(values), only_one_class)
    low, high = interval(values)
    assert 0 <= low <= high <= 1


def test_pairing_makes_a_constant_lead_certain():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 1)) + np.array([[0.0, 0.01]])
    means = mean_replicates(values, 300)
    assert means[:, 0].std() > 0.1
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 0.01)


def test_row_metrics_and_per_user_values_share_their_draws():
    rng = np.random.default_rng(0)
    error = rng.random(25)
    rows = replicates(MAE(), error, np.zeros(25), np.arange(25), 50, seed=9)
    np.testing.assert_allclose(rows, mean_replicates(error[:, np.newaxis], 50, seed=9)[:, 0])


def test_users_without_a_value_do_not_count():
    values = np.array([[1.0, math.nan], [3.0, math.nan], [math.nan, math.nan], [2.0, 5.0]])
    means = mean_replicates(values, 100)
    for weights, row in zip(draws(4, 100), means, strict=True):
        for column, mean in zip(values.T, row, strict=True):
            drawn = np.repeat(column, weights.astype(int))
            drawn = drawn[~np.isnan(drawn)]
            np.testing.assert_allclose(mean, drawn.mean() if len(drawn) else math.nan)
    assert np.isnan(means[:, 1]).any()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    samples = rng.exponential(size=(200, 400))  # 200 users, 400 studies, true mean 1
    low, high = interval(mean_replicates(samples, 400), 0.9)
    held = ((low <= 1) & (high >= 1)).mean()
    assert 0.84 < held < 0.94


def test_intervals_respect_that_rows_of_a_user_belong_together():
    """Each user's 10 rows are copies: the interval must be as wide as from one row each."""
    rng = np.random.default_rng(0)
    error = rng.normal(size=80)
    ten = replicates(MAE(), np.repeat(error, 10), np.zeros(800), np.repeat(np.arange(80), 10), 200)
    one = replicates(MAE(), error, np.zeros(80), np.arange(80), 200)
    np.testing.assert_allclose(ten, one)


def test_interval_is_the_percentile_and_passes_over_nan():
    values = np.stack([np.arange(101.0), np.full(101, np.nan)], axis=1)
    values[50, 0] = np.nan
    low, high = interval(values, 0.9)
    np.testing.assert_allclose(low, [np.nanquantile(values[:, 0], 0.05), np.nan])
    np.testing.assert_allclose(high, [np.nanquantile(values[:, 0], 0.95), np.nan])


def test_memory_is_bounded_by_blocks():
    """All weights at once would be 400 × 40,000 × 8 bytes = 128 MB."""
    rng = np.random.default_rng(0)
    score, truth, user = rng.random(40_000), rng.random(40_000) < 0.3, np.arange(40_000) % 400
    tracemalloc.start()
    replicates(AUC(), score, truth, user, 400)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 80e6


def test_refusals():
    with pytest.raises(ParameterError, match="at least one user"):
        next(bootstrap_weights(0, 10))
    with pytest.raises(ParameterError, match="one replicate"):
        next(bootstrap_weights(3, 0))
    with pytest.raises(ParameterError, match="as many users"):
        replicates(RMSE(), [1.0, 2.0], [1.0, 2.0], np.array([1]))
    with pytest.raises(ParameterError, match="table"):
        mean_replicates(np.zeros(3))
    with pytest.raises(ParameterError, match="finite or NaN"):
        mean_replicates(np.full((2, 2), np.inf))
    with pytest.raises(ParameterError, match="level"):
        interval(np.zeros(3), 95)
    with pytest.raises(ParameterError, match="needs replicates"):
        interval(np.zeros(0))
