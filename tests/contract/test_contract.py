"""Every model of the table, and some variants, against the whole contract."""

from __future__ import annotations

from functools import partial

import pytest

from penchant.models import TABLE, make
from penchant.testing import CHECKS

VARIANTS = (
    "popular:half_life=30",
    "item-mean:damping=5",
    "item-knn:similarity=pearson",
    "item-knn:similarity=adjusted-cosine",
    "item-knn:similarity=jaccard,neighbours=10",
    "user-knn:similarity=adjusted-cosine",
    "user-knn:similarity=pearson,neighbours=10",
    "dot:target=interaction",
    "dot:target=like>=4",
    "dot:target=adjusted(3,1),loss=mae,optimiser=rows",
    "dot:dim=1,biases=false",
    "ials:nu=0,l2=3",
)

# Logs this small need shorter vectors, and more steps an epoch, than the defaults have.
FOR_SMALL_LOGS = {
    "dot": {"dim": 8, "batch_size": 64, "learning_rate": 0.02, "epochs": 12},
    "ials": {"dim": 8, "epochs": 8},
}


def factory_of(spec):
    model = make(spec)
    name, _, given = spec.partition(":")
    small = {k: v for k, v in FOR_SMALL_LOGS.get(name, {}).items() if f"{k}=" not in given}
    return partial(type(model), **(model.params() | small))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("spec", [*TABLE, *VARIANTS])
def test_contract(spec, check):
    CHECKS[check](factory_of(spec))
