from __future__ import annotations

import numpy as np
import pytest

from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.errors import DataError, NotFittedError, ParameterError


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 4)) @ rng.normal(size=(4, 9)) + rng.normal(0, 0.1, (300, 9)) + 3


def test_components_are_the_eigenvectors_of_the_covariance(rows):
    model = PrincipalComponents(dim=3).fit(rows)
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    np.testing.assert_allclose(model.variances_, values[::-1], rtol=1e-4, atol=1e-8)
    overlap = np.abs(model.components_ @ vectors[:, ::-1][:, :3])
    np.testing.assert_allclose(overlap, np.eye(3), atol=1e-3)
    assert model.explained.sum() == pytest.approx(1)


def test_codings_lead_back_as_near_as_can_be(rows):
    model = PrincipalComponents(dim=4).fit(rows)
    again = model.decode(model.encode(rows))
    lost = ((again - rows) ** 2).sum() / (len(rows) - 1)
    assert lost == pytest.approx(model.variances_[4:].sum(), rel=1e-3)
    whole = PrincipalComponents(dim=9).fit(rows)
    np.testing.assert_allclose(whole.decode(whole.encode(rows)), rows, atol=1e-4)


def test_it_is_restored(rows):
    model = PrincipalComponents(dim=2).fit(rows)
    again = PrincipalComponents.from_state(model.state())
    np.testing.assert_array_equal(again.encode(rows), model.encode(rows))


def test_what_cannot_be(rows):
    with pytest.raises(ParameterError, match="at least one number"):
        PrincipalComponents(dim=0)
    with pytest.raises(DataError, match="have no 10 components"):
        PrincipalComponents(dim=10).fit(rows)
    with pytest.raises(DataError, match="not finite"):
        PrincipalComponents(dim=2).fit(np.where(rows > 5, np.nan, rows))
    with pytest.raises(DataError, match="shape"):
        PrincipalComponents(dim=2).fit(rows[0])
    with pytest.raises(NotFittedError):
        PrincipalComponents().encode(rows)
