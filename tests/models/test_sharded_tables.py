"""Networks whose tables are sharded among the processes that train them."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.support.replica_processes import Case, answers, fitted, group_of

import penchant as pn
from penchant import costs
from penchant.data.splits import Split
from penchant.errors import ParameterError
from penchant.models import data_parallel
from penchant.models.table import TABLE
from penchant.run import Run
from penchant.testing import (
    planted_attributes,
    planted_pairs,
    planted_ratings,
    planted_sequences,
)

pytestmark = pytest.mark.slow

# An odd number of rows in a batch, so that shares are unequal, and nothing drawn in a step.
CASES = [
    Case("dot:batch_size=401", "ratings"),
    Case("dot:batch_size=401,optimiser=dense,l2=0.01,initialisation=glorot-normal", "ratings"),
    Case("dot:batch_size=401,target=interaction,biases=false,hidden=8,skip=dot", "pairs"),
    Case("sasrec:dropout=0,negatives=8,dim=16,batch_size=401", "sequences"),
    Case("esasrec:dropout=0,negatives=8,dim=16,batch_size=401", "sequences"),
    Case("gru4rec:dropout=0,negatives=9,dim=16,batch_size=401", "sequences"),
    Case("sr-gnn:dropout=0,negatives=8,dim=16,batch_size=401", "sequences"),
    Case("vbpr:batch_size=401,l2_content=0.01", "attributes"),
    Case("neumf:dropout=0,batch_size=401", "pairs"),
    Case("ordinal:batch_size=401", "ratings"),
    Case("factorisation-machine:batch_size=401", "attributes"),
    Case("hybrid-factors:batch_size=401", "attributes"),
    # Whose draws decide nothing, but move the order of the rows, which therefore are one batch.
    Case("deep-fm:id_dropout=0,dropout=0,batch_size=9999", "attributes"),
    Case("dcn-v2:id_dropout=0,dropout=0,batch_size=9999", "attributes"),
]
PROCESSES = 3


def with_epochs(case: Case) -> Case:
    return Case(f"{case.spec},epochs=2", case.log)


@pytest.fixture(scope="module")
def splits() -> dict[str, Split]:
    logs = {
        "ratings": planted_ratings(),
        "pairs": planted_pairs(),
        "attributes": planted_attributes(),
    }
    found = {name: pn.split_random(log, validation=0.2, test=0.1) for name, log in logs.items()}
    return found | {"sequences": pn.split_leave_last_out(planted_sequences())}


def fit_all(splits: dict[str, Split], folder: Path, rank: int) -> None:
    run = Run(replica=True, shard_tables=True)
    for number, case in enumerate(CASES):
        split = splits[case.log]
        model = fitted(with_epochs(case), split, run)
        assert model.is_fitted == (rank == 0)
        if model.is_fitted:
            np.savez(folder / f"{number}.npz", **answers(model, split))
    log = splits["ratings"].train
    start = fitted(Case("dot:epochs=1,dim=4", "ratings"), splits["ratings"])
    begun = pn.models.make("dot:epochs=1,dim=4").start_from(start).fit(log, run=run)
    if begun.is_fitted:
        np.savez(folder / "begun.npz", items=begun.item_vectors())


@pytest.fixture(scope="module")
def folder(splits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    group_of(PROCESSES, partial(fit_all, splits, folder), folder)
    return folder


def test_every_model_that_says_so_is_tried_here():
    able = {name for name in TABLE if pn.models.make(name).can_shard_tables}
    assert able == {case.spec.partition(":")[0] for case in CASES}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.spec for case in CASES])
def test_the_first_process_has_the_model_of_one_alone(splits, folder, number):
    case = CASES[number]
    split, found = splits[case.log], np.load(folder / f"{number}.npz")
    expected = answers(fitted(with_epochs(case), split), split)
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=1e-5)
    scores = [answer["scores"] for answer in (found, expected)]
    if case.spec.startswith("hybrid-factors"):
        # No loss depends on what is added to all scores of a user, which Adam moves by rounding.
        scores = [s - s.mean(1, keepdims=True) for s in scores]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-4 * expected["scores"].std())


def test_a_fit_can_begin_at_another_model(splits, folder):
    log = splits["ratings"].train
    start = fitted(Case("dot:epochs=1,dim=4", "ratings"), splits["ratings"])
    expected = pn.models.make("dot:epochs=1,dim=4").start_from(start).fit(log).item_vectors()
    found = np.load(folder / "begun.npz")["items"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "spec", ["autorec", "sasrec:neighbours=3", "sasrec:negatives=none", "mult-vae"]
)
def test_a_model_without_such_tables_is_refused(spec):
    with pytest.raises(ParameterError, match="has no tables that workers can shard"):
        pn.models.make(spec).fit(planted_ratings(), run=Run(ray="local", shard_tables=True))


def test_this_machine_needs_no_room_for_gradients_and_moments(monkeypatch, splits):
    asked = []
    here = lambda work, shared, run: work(deepcopy(shared), Run())  # noqa: E731
    monkeypatch.setattr(costs, "require_memory", lambda memory, *rest: asked.append(memory))
    monkeypatch.setattr(data_parallel, "of_replicas", here)
    model, log = pn.models.make("dot:epochs=1,dim=4"), splits["ratings"].train
    for sharded in (False, True):
        model.clone().fit(log, run=Run(ray="local", shard_tables=sharded))
    of_events = model.event_bytes * len(log)
    assert asked[1] - of_events == (asked[0] - of_events) / 2 > 0


@pytest.mark.parametrize("spec", ["dot", "ials"])
def test_one_process_alone_is_refused(spec):
    with pytest.raises(ParameterError, match="--shard-tables is for workers of a Ray cluster"):
        pn.models.make(spec).fit(planted_ratings(), run=Run(shard_tables=True))
