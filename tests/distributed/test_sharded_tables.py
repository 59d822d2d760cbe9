"""Models whose tables are sharded among the workers of a cluster."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.support import cluster_work
from tests.support.factors import assert_alike

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import IALS
from penchant.models.ials import sharded
from penchant.run import Run
from penchant.testing import planted_pairs


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["worker", "node"])
def test_the_fit_is_that_of_one_process_whoever_dies(ray_cluster, tmp_path, monkeypatch, dies):
    log, model = planted_pairs(n_users=90, n_items=50), IALS(dim=8, epochs=6)
    expected = model.clone().fit(log)
    node = ray_cluster.add_node() if dies == "node" else None
    work = cluster_work.dies_later(sharded.improved, tmp_path, 12, node)
    monkeypatch.setattr(sharded, "improved", work)
    found = model.clone().fit(log, run=Run(ray=ray_cluster.address, workers=3))
    assert (tmp_path / "died").exists()
    assert_alike(found, expected)
    users = log.histories
    np.testing.assert_allclose(found.scores(users), expected.scores(users), atol=1e-3)
    assert found.user_factors_.flags.writeable


@pytest.mark.slow
def test_a_command_trains_on_a_cluster(ray_cluster, tmp_path, call):
    log = tmp_path / "log.csv"
    planted_pairs().frame().drop("row").write_csv(log)
    words = ["train", log, "-m", "ials:dim=8,epochs=3", "--validation", 0, "--json"]
    here = call(*words, "-o", tmp_path / "here")
    there = call(*words, "-o", tmp_path / "there", "--ray", ray_cluster.address, "--workers", 2)
    assert (here.exit_code, there.exit_code) == (0, 0), there.stderr
    assert "--ray" not in json.loads(there.stdout)["reproduce"]
    models = [pn.restore(tmp_path / name) for name in ("here", "there")]
    assert_alike(models[1], models[0])
    lists = [model.recommend(None, 3)["item"].to_list() for model in models]
    assert lists[0] == lists[1]


@pytest.mark.parametrize("run", [Run(ray="local", workers=0), Run(replica=True)])
def test_what_cannot_be_is_refused(run):
    with pytest.raises(ParameterError, match=r"needs a worker at least|cannot train IALS together"):
        IALS().fit(planted_pairs(), run=run)
