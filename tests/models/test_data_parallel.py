"""Networks that processes of this machine train together, each on a share of every batch."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import polars as pl
import pytest
from tests.support.replica_processes import Case, answers, fit_together, fitted

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models import data_parallel
from penchant.models.table import TABLE, find
from penchant.run import Run
from penchant.testing import (
    planted_attributes,
    planted_pairs,
    planted_ratings,
    planted_sequences,
)

pytestmark = pytest.mark.slow

# An odd number of rows in a batch, so that shares are unequal, and nothing drawn in a step.
WITHOUT_DRAWS = [
    Case("dot:batch_size=101", "ratings"),
    Case("dot:batch_size=101,optimiser=dense,biases=true,l2=0.01", "ratings"),
    Case("dot:batch_size=101,target=interaction", "pairs"),
    Case("sasrec:dropout=0,negatives=8,dim=16,batch_size=101", "sequences"),
    Case("sasrec:dropout=0,dim=16,batch_size=101,l2=0.1,neighbours=3", "sequences"),
    Case("esasrec:dropout=0,dim=16,batch_size=101", "sequences"),
    Case("gru4rec:dropout=0,dim=16,batch_size=101,negatives=9", "sequences"),
    Case("sr-gnn:dropout=0,dim=16,batch_size=101", "sequences"),
    Case("autorec:dropout=0,batch_size=9", "ratings"),
    Case("autoencoder:batch_size=9", "ratings"),
    Case("mult-dae:dropout=0,batch_size=9,l2=0.01", "pairs"),
    Case("attribute-network:dropout=0,history_dropout=0,batch_size=101", "attributes"),
    Case("vbpr:batch_size=101,l2_content=0.01", "attributes"),
    Case("factorisation-machine:batch_size=101", "attributes"),
    Case("hybrid-factors:batch_size=101", "attributes"),
    Case("neumf:dropout=0,batch_size=101", "pairs"),
    Case("feature-mlp:dropout=0,batch_size=101", "ratings"),
    # Whose draws decide nothing, but move the order of the rows, which therefore are one batch.
    Case("deep-fm:id_dropout=0,dropout=0,batch_size=9999", "attributes"),
    Case("dcn-v2:id_dropout=0,dropout=0,batch_size=9999", "attributes"),
    Case("ordinal:batch_size=101", "ratings"),
    Case("conv-mf:dropout=0,batch_size=9", "texts"),
    Case("conv-rnn-mf:dropout=0,batch_size=9", "texts"),
]
WITH_DRAWS = [
    Case("sasrec:negatives=8,dim=16,batch_size=101", "sequences"),
    Case("mult-vae:batch_size=9", "pairs"),
    Case("attribute-network:batch_size=101", "attributes"),
]
CASES = [*WITHOUT_DRAWS, *WITH_DRAWS]
PROCESSES = 2


def with_epochs(case: Case) -> Case:
    return Case(f"{case.spec},epochs=3", case.log)


def planted_texts() -> Dataset:
    words = (["island", "ship", "storm"], ["castle", "dragon", "sword"])
    log = planted_ratings()
    items = log.items.ids
    plots = [" ".join(words[n % 2][: 1 + n % 3]) for n in range(len(items))]
    return Dataset.from_frame(
        log.frame().drop("row"), item_table=pl.DataFrame({"item": items, "plot": plots})
    )


@pytest.fixture(scope="module")
def splits():
    logs = {
        "ratings": planted_ratings(),
        "pairs": planted_pairs(),
        "attributes": planted_attributes(),
        "texts": planted_texts(),
    }
    found = {name: pn.split_random(log, validation=0.2, test=0.1) for name, log in logs.items()}
    return found | {"sequences": pn.split_leave_last_out(planted_sequences())}


@pytest.fixture(scope="module")
def together(splits, tmp_path_factory):
    """What each process has in the end, by case."""
    folder = tmp_path_factory.mktemp("replicas")
    fit_together(PROCESSES, [with_epochs(case) for case in CASES], splits, folder)
    return {
        case: [dict(np.load(folder / f"{number}-{rank}.npz")) for rank in range(PROCESSES)]
        for number, case in enumerate(CASES)
    }


def test_every_model_that_says_so_is_tried_here():
    able = {name for name in TABLE if find(name).data_parallel}
    assert able == {case.spec.partition(":")[0] for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.spec)
def test_all_processes_have_the_same_model(together, case):
    first, second = together[case]
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("case", WITHOUT_DRAWS, ids=lambda case: case.spec)
def test_it_is_the_model_of_one_process(splits, together, case):
    split = splits[case.log]
    expected, found = answers(fitted(with_epochs(case), split), split), together[case][0]
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-5)
    scores = [answer["scores"] for answer in (found, expected)]
    if case.spec.startswith("hybrid-factors"):
        # No loss depends on what is added to all scores of a user, which Adam moves by rounding.
        scores = [s - s.mean(1, keepdims=True) for s in scores]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-3 * expected["scores"].std())


@pytest.mark.parametrize("case", WITH_DRAWS, ids=lambda case: case.spec)
def test_with_other_draws_it_learns_as_well(splits, together, case):
    split = splits[case.log]
    expected, found = answers(fitted(with_epochs(case), split), split), together[case][0]
    assert not np.array_equal(found["losses"], expected["losses"])
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=0.1)


def test_where_a_fit_was_to_begin_is_forgotten_on_this_side_too(monkeypatch):
    log = planted_ratings()
    first = pn.models.make("dot:epochs=3,dim=4").fit(log)
    elsewhere = lambda work, shared, run: work(deepcopy(shared), Run())  # noqa: E731
    monkeypatch.setattr(data_parallel, "of_replicas", elsewhere)
    model = pn.models.make("dot:epochs=3,dim=4").start_from(first)
    begun = model.fit(log, run=Run(ray="local")).curve_[0]["loss"]
    anew = model.fit(log, run=Run(ray="local")).curve_[0]["loss"]
    assert begun < anew == first.curve_[0]["loss"]


@pytest.mark.parametrize("spec", ["lightgcn", "rbm", "two-tower", "per-user"])
def test_others_refuse_to_be_one_of_several(spec):
    with pytest.raises(ParameterError, match=r"cannot train .* together"):
        pn.models.make(spec).fit(planted_ratings(), run=Run(replica=True))
