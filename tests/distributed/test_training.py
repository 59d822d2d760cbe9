"""Networks that the workers of a cluster train together."""

from __future__ import annotations

import json
import logging
import sys

import numpy as np
import pytest
from tests.support import cluster_work

import penchant as pn
from penchant.distributed import replicas
from penchant.errors import DataError, MissingExtraError, ParameterError, PenchantError
from penchant.models import data_parallel
from penchant.run import Run
from penchant.testing import planted_ratings, planted_sequences

# Of Ray's own parts among each other.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray.*"),
]


def losses(model):
    return [[v for k, v in row.items() if k != "seconds"] for row in model.curve_]


@pytest.mark.slow
@pytest.mark.parametrize("shard_tables", [False, True])
def test_a_training_is_that_of_one_process_where_a_worker_dies(
    ray_cluster, tmp_path, monkeypatch, shard_tables
):
    split = pn.split_random(planted_ratings(), validation=0.2, test=0.2)
    expected = pn.models.make("dot:epochs=6").fit(split.train, split.validation)
    flag, rows = tmp_path / "died", []
    work = cluster_work.dies_in_epoch(data_parallel._learned, 3, flag)
    monkeypatch.setattr(data_parallel, "_learned", work)
    run = Run(
        ray=ray_cluster.address, workers=2, callbacks=(rows.append,), shard_tables=shard_tables
    )
    found = pn.models.make("dot:epochs=6").fit(split.train, split.validation, run=run)
    assert flag.exists()
    np.testing.assert_allclose(losses(found), losses(expected), rtol=1e-5)
    users = split.validation.histories
    np.testing.assert_allclose(found.scores(users), expected.scores(users), atol=1e-4)
    assert rows == found.curve_
    # Memory of the cluster would be used for something else once the connection ends.
    arrays = [v for v in vars(found).values() if isinstance(v, np.ndarray)]
    assert arrays
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.slow
def test_a_command_trains_on_a_cluster(ray_cluster, tmp_path, call):
    log = tmp_path / "log.csv"
    planted_sequences().frame().drop("row").write_csv(log)
    spec = "sasrec:epochs=3,dim=16,dropout=0,negatives=8,batch_size=200"
    words = ["train", log, "-m", spec, "--validation", 0, "--json"]
    here = call(*words, "-o", tmp_path / "here")
    cluster = ["--ray", ray_cluster.address, "--workers", 2, "--shard-tables"]
    there = call(*words, "-o", tmp_path / "there", *cluster)
    assert (here.exit_code, there.exit_code) == (0, 0)
    again = json.loads(there.stdout)["reproduce"]
    assert "--ray" not in again
    assert "--shard" not in again
    models = [pn.restore(tmp_path / name) for name in ("here", "there")]
    np.testing.assert_allclose(losses(models[1]), losses(models[0]), rtol=1e-5)
    lists = [model.recommend(None, 3)["item"].to_list() for model in models]
    assert lists[0] == lists[1]


@pytest.mark.slow
def test_what_the_work_objects_to_is_the_callers(ray_cluster, caplog):
    run = Run(ray=ray_cluster.address)
    with (
        caplog.at_level(logging.INFO, "penchant"),
        pytest.raises(DataError, match=r"^A log cannot be learned\.$"),
    ):
        replicas.of_replicas(cluster_work.object_or_die, "A log", run)
    assert "about to object" in caplog.messages


@pytest.mark.slow
def test_a_training_that_kills_its_workers_is_given_up(ray_cluster, monkeypatch):
    monkeypatch.setattr(replicas, "_RETRIES", 0)
    with pytest.raises(PenchantError, match="failed 1 times at training a network"):
        replicas.of_replicas(cluster_work.object_or_die, None, Run(ray=ray_cluster.address))


@pytest.mark.slow
def test_more_workers_than_there_is_room_for_are_refused(ray_cluster):
    model = pn.models.make("dot")
    for run, sentence in (
        (Run(ray=ray_cluster.address, workers=64), r"has room for [0-9]+ workers.* and 64 are"),
        (Run(ray=ray_cluster.address, workers=0), "needs a worker at least, and 0 are"),
    ):
        with pytest.raises(ParameterError, match=sentence):
            model.fit(planted_ratings(), run=run)
    assert not model.is_fitted


@pytest.mark.parametrize("spec", ["ease", "lightgcn", "bpr", "dnn-regressor", "list-blend"])
def test_a_model_that_workers_cannot_train_together_is_refused_before_ray_is_asked(
    monkeypatch, spec
):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ParameterError, match=r"cannot train .* together, as it does not learn by"):
        pn.models.make(spec).fit(planted_ratings(), run=Run(ray="auto"))


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[ray\]"):
        pn.models.make("dot").fit(planted_ratings(), run=Run(ray="local"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-m", "sasrec", "--ray", "nowhere"], "'nowhere' is not the address of a Ray cluster"),
        (["-m", "ease", "--ray", "auto"], "cannot train EASE together"),
        (["-m", "sasrec", "--workers", "2"], "name one with --ray"),
        (["-m", "dot", "--shard-tables"], "--shard-tables is for workers of a Ray cluster"),
        (["-m", "autorec", "--ray", "auto", "--shard-tables"], "tables that workers can shard"),
    ],
)
def test_what_cannot_be_is_one_sentence_before_the_log_is_read(tmp_path, call, words, sentence):
    bundle = tmp_path / "bundle"
    found = call("train", "no-log.csv", "-o", bundle, *words)
    assert found.exit_code == 1
    assert sentence in found.stderr
    assert not bundle.exists()
