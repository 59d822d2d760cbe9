from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit

from penchant.encoders.text.logistic import LogisticModel
from penchant.errors import DataError, MissingExtraError


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 6)) * (rng.random((300, 6)) < 0.5)
    ratings = features @ [2.0, -1.0, 0.5, 0, 0, 0] + rng.logistic(size=300)
    return features, np.stack([ratings > 0, ratings > 1.5], axis=1)


@pytest.mark.parametrize("c", [0.3, 4.0])
def test_the_gradient_of_the_objective_vanishes(rows, c):
    features, above = rows
    weight = np.where(above[:, 0], 1.0, 3.0)
    model = LogisticModel.fit(features, above, c=c, sample_weight=weight)
    error = weight[:, None] * (expit(model.decision_function(features)) - above)
    np.testing.assert_allclose(c * features.T @ error + model.coefficients, 0, atol=2e-3)
    np.testing.assert_allclose(error.sum(axis=0), 0, atol=2e-3)


def test_sparse_features_give_what_dense_ones_do(rows):
    features, above = rows
    dense = LogisticModel.fit(features, above, c=1.0)
    of_sparse = LogisticModel.fit(sparse.csr_array(features), above, c=1.0)
    np.testing.assert_allclose(of_sparse.coefficients, dense.coefficients, atol=1e-5)
    np.testing.assert_allclose(of_sparse.intercepts, dense.intercepts, atol=1e-5)


def test_one_class_alone(rows):
    features, above = rows
    with pytest.raises(DataError, match="both classes"):
        LogisticModel.fit(features, np.ones_like(above), c=1.0)
    with pytest.raises(DataError, match="both classes"):
        LogisticModel.fit(features[:0], above[:0], c=1.0)


def test_without_scikit_learn(rows, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[sklearn\]"):
        LogisticModel.fit(*rows, c=1.0)
