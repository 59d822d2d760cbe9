"""Vectors whose products are scores, of every model of the table that has some."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contract.test_contract import factory_of
from penchant.errors import ParameterError
from penchant.models.protocols import ItemVectors
from penchant.models.table import make, names_of
from penchant.retrieval.products import product_names, product_vectors, require_product_vectors
from penchant.testing.fits import first_fit

VARIANTS = [
    "dot:target=interaction",
    "dot:biases=false,dim=4",
    "dot:target=like>=4",
    "svdpp",
    "sasrec:scale=16",
    "autorec:axis=user",
]


@pytest.mark.parametrize("spec", [*product_names(), *VARIANTS])
def test_products_are_scores(spec):
    model = first_fit(factory_of(spec)).model
    vectors = product_vectors(model)
    if spec == "svdpp":
        assert vectors is None
        return
    known = model.histories_.take([0, 5, 9])
    new = replace(known, users=np.full(3, -1, np.int32))
    for users in (known, new):
        scores = np.array(model.scores(users))
        products = vectors.users(users) @ vectors.items.T
        size = np.abs(scores).max()
        inside = vectors.known
        np.testing.assert_allclose(products[:, inside], scores[:, inside], atol=2e-5 * size)
        if not inside.all():
            assert (scores[:, ~inside].max(axis=1) < scores[:, inside].min(axis=1)).all()


def test_models_without_products_are_refused_with_the_names_of_others():
    assert set(product_names()) < set(names_of(ItemVectors))
    with pytest.raises(ParameterError, match=r"An index needs .* those of ease are not: .*ials"):
        require_product_vectors(make("ease"), "An index")


def test_dense_layers_make_no_products(tiny):
    assert product_vectors(make("dot:hidden=8,dim=4,epochs=1").fit(tiny)) is None
