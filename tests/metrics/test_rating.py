"""Rating metrics against numpy, scikit-learn and themselves under repetition of rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from penchant.errors import ParameterError
from penchant.metrics import MAE, RMSE, Pearson
from penchant.typing import Float64

TABLE = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 20), st.just(2)),
    # On a grid as ratings are: differences near the rounding error of the others are no spread.
    elements=st.integers(-5 * 2**10, 5 * 2**10).map(lambda n: n / 2**10),
)
ALL = [RMSE(), MAE(), Pearson()]


@given(TABLE)
def test_errors_equal_scikit_learn(table: Float64):
    prediction, truth = table.T
    assert RMSE()(prediction, truth) == pytest.approx(root_mean_squared_error(truth, prediction))
    assert MAE()(prediction, truth) == pytest.approx(mean_absolute_error(truth, prediction))


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_pearson_equals_numpy_also_far_from_zero(shift: float):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=500)
    prediction = truth + rng.normal(size=500)
    expected = np.corrcoef(prediction, truth)[0, 1]
    assert Pearson()(prediction + shift, truth - shift) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40)
@given(TABLE, st.data())
def test_a_whole_weight_is_repetition(table: Float64, data: st.DataObject):
    n = len(table)
    weight = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, 4)))
    repeated = np.repeat(table, weight, axis=0)
    for metric in ALL:
        expected = metric(*repeated.T)
        np.testing.assert_allclose(metric(*table.T, weight), expected, atol=1e-7)


@pytest.mark.parametrize("constant", [0.0, 0.1, 3.5299, 1e6 / 3])
def test_pearson_of_a_constant_is_undefined(constant: float):
    truth = np.random.default_rng(0).normal(size=101)
    assert math.isnan(Pearson()(np.full(101, constant), truth))
    assert math.isnan(Pearson()(truth, np.full(101, constant)))
    assert Pearson()(truth, truth * 1e-3) == pytest.approx(1)


@pytest.mark.parametrize("n", [7, 9, 10, 13])
@pytest.mark.parametrize("constant", [2.2, 3.3, 3.7, 4.4])
def test_pearson_where_only_unweighted_rows_vary(constant: float, n: int):
    """The weighted rows are constant but not centred, so rounding leaves a trace of spread."""
    prediction = np.array([constant] * n + [1.1] * 9)
    truth = np.random.default_rng(n).normal(size=n + 9)
    assert math.isnan(Pearson()(prediction, truth, prediction == constant))


def test_no_rows_and_no_weight_are_undefined():
    for metric in ALL:
        assert math.isnan(metric([], []))
        assert math.isnan(metric([1.0, 2.0], [2.0, 1.0], [0, 0]))


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(
    ("prediction", "truth", "weight", "message"),
    [
        ([1.0, math.nan], [1.0, 2.0], None, "infinite in 1 row"),
        ([1.0, 2.0], [1.0, math.inf], None, "truth is NaN or infinite in 1 row"),
        ([1.0, 2.0], [1.0], None, "truth has 1 row instead of 2"),
        ([[1.0, 2.0]], [1.0, 2.0], None, "one column"),
        (["a", "b"], [1.0, 2.0], None, "numbers"),
        ([1.0, 2.0], [1.0, 2.0], [1.0], "weight has 1 row instead"),
        ([1.0, 2.0], [1.0, 2.0], [1.0, -1.0], "negative"),
    ],
)
def test_rows_that_cannot_be_judged(metric, prediction, truth, weight, message: str):
    with pytest.raises(ParameterError, match=message):
        metric(prediction, truth, weight)


def test_directions_and_names():
    assert [(m.name, m.task, m.higher_is_better) for m in ALL] == [
        ("rmse", "rating", False),
        ("mae", "rating", False),
        ("pearson", "rating", True),
    ]
