"""Models of a comparison that the workers of a cluster fit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from polars.testing import assert_frame_equal
from tests.support import cluster_work
from tests.support.tuning import Peak

import penchant as pn
from penchant.errors import DataError
from penchant.evaluation import judging
from penchant.run import Run
from penchant.testing import planted_ratings

MODELS = ("ease", "dot:epochs=2", "list-blend:base_models=ease;popular")


@pytest.fixture(scope="module")
def split():
    return pn.split_random(planted_ratings(), validation=0.2, test=0.2)


def plain(answer):
    """All that a comparison says, but for time and memory."""
    for table in answer["tables"].values():
        for entry in table["entries"]:
            entry["cost"] = None
    return answer


@pytest.mark.slow
def test_a_comparison_is_that_of_one_process_where_a_worker_dies(
    split, ray_cluster, tmp_path, monkeypatch, caplog
):
    models = [pn.models.make(name) for name in MODELS]
    expected = pn.evaluate(models, split, replicates=200)
    told = sorted(caplog.messages)
    caplog.clear()
    flag = tmp_path / "died"
    monkeypatch.setattr(judging, "judge", cluster_work.after_a_death(judging.judge, flag))
    found = pn.evaluate(models, split, replicates=200, run=Run(ray=ray_cluster.address))
    assert flag.exists()
    assert plain(found.to_dict()) == plain(expected.to_dict())
    assert sorted(caplog.messages) == told
    assert all(entry.cost.fit_seconds > 0 for entry in found.table().entries)
    assert list(found.models) == list(expected.models)
    best, same = found.best(), expected.best()
    assert_frame_equal(best.recommend(None, 3), same.recommend(None, 3))
    # Memory of the cluster would be used for something else once the connection ends.
    arrays = [v for v in vars(found.models["ease"]).values() if isinstance(v, np.ndarray)]
    assert arrays
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.slow
def test_what_a_model_objects_to_is_said_as_in_one_process(split, ray_cluster):
    run = Run(ray=ray_cluster.address)
    with pytest.raises(DataError, match=r"^There is too little of it\.$"):
        pn.evaluate([Peak(failing="data")], split, ["rmse"], run=run)
    with pytest.raises(DataError, match=r"Fitting GraphFilter .* hours, and 0 are allowed"):
        pn.evaluate(
            [pn.models.make("graph-filter")], split, ["ndcg@5"],
            run=Run(ray=ray_cluster.address, max_hours=0),
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "options"),
    [("compare", ["--split", "k-fold", "--folds", 2]), ("backtest", ["--periods", 2])],
)
def test_a_command_compares_on_a_cluster(split, ray_cluster, tmp_path, call, command, options):
    log = tmp_path / "log.csv"
    split.log.frame().drop("row").write_csv(log)
    words = [command, log, "-m", "ease", "--metric", "ndcg@5", *options]
    words += ["--replicates", 50, "--json"]
    here, there = (call(*words, *more) for more in ((), ("--ray", ray_cluster.address)))
    assert there.exit_code == 0
    answers = [json.loads(found.stdout) for found in (here, there)]
    assert _figures(answers[0]) == _figures(answers[1])


def _figures(answer):
    """The tables of folds without costs."""
    if isinstance(answer, dict):
        return {k: _figures(v) for k, v in answer.items() if k != "cost"}
    return [_figures(v) for v in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ray", "nowhere"], "'nowhere' is not the address of a Ray cluster"),
        (["--ray", "auto", "--also", "b.csv", "--also-gain"], "leave one of them out"),
    ],
)
def test_what_cannot_be_is_one_sentence_before_the_log_is_read(tmp_path, call, words, sentence):
    page = tmp_path / "page.html"
    found = call("compare", "no-log.csv", "-o", page, *words)
    assert found.exit_code == 1
    assert sentence in found.stderr
    assert not page.exists()
