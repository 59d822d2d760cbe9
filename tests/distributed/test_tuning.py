"""Trials that the workers of a cluster make side by side."""

from __future__ import annotations

import json

import pytest
from tests.support import cluster_work
from tests.support.tuning import Peak

import penchant as pn
from penchant.errors import ParameterError
from penchant.models.parameters import Space
from penchant.run import Run
from penchant.testing import planted_ratings
from penchant.tuning import schedule

SPACE = {"at": Space(0, 10), "failing": ["", "data", "number"]}


@pytest.fixture(scope="module")
def split():
    return pn.split_random(planted_ratings(), validation=0.2, test=0.2)


def rows(tuning):
    return [(t.number, t.values, t.score, t.settled, t.problem) for t in tuning.trials]


@pytest.mark.slow
def test_trials_are_those_of_one_process_where_a_worker_dies(
    split, ray_cluster, tmp_path, monkeypatch
):
    options = {"metric": "rmse", "space": SPACE, "method": "random", "seed": 1}
    expected = pn.tune(Peak(), split, trials=12, **options)
    file, flag = tmp_path / "study.jsonl", tmp_path / "died"
    pn.tune(Peak(), split, trials=3, study=file, **options)
    monkeypatch.setattr(schedule, "attempt", cluster_work.after_a_death(schedule.attempt, flag))
    run = Run(ray=ray_cluster.address)
    found = pn.tune(Peak(), split, trials=12, study=file, run=run, **options)
    assert flag.exists()
    assert rows(found) == rows(expected)
    assert {trial.score is None for trial in found.trials} == {True, False}
    assert found.best_name == expected.best_name
    numbers = [json.loads(line).get("number") for line in file.read_bytes().splitlines()[1:]]
    assert sorted(numbers) == list(range(1, 13))
    assert rows(pn.tune(Peak(), split, trials=12, study=file, **options)) == rows(expected)


@pytest.mark.slow
def test_a_command_tunes_on_a_cluster(split, ray_cluster, tmp_path, call):
    log = tmp_path / "log.csv"
    split.log.frame().drop("row").write_csv(log)
    words = ["tune", log, "-m", "ease", "-s", "l2=1,30,1000", "--json"]
    here, there = (call(*words, *more) for more in ((), ("--ray", ray_cluster.address)))
    assert there.exit_code == 0
    answers = [json.loads(found.stdout) for found in (here, there)]
    for answer in answers:
        for trial in (*answer["trials"], answer["best"]):
            trial["seconds"] = None
    assert answers[0] == answers[1]


def test_a_bad_address_is_one_sentence_before_the_log_is_read_and_leaves_no_file(tmp_path, call):
    found = call("tune", "no-log.csv", "--study", tmp_path / "study", "--ray", "nowhere")
    assert found.exit_code == 1
    assert "'nowhere' is not the address of a Ray cluster" in found.stderr
    with pytest.raises(ParameterError, match="Ray cluster"):
        pn.tune(
            Peak(),
            pn.split_random(planted_ratings(), validation=0.2, test=0.2),
            "rmse",
            study=tmp_path / "study",
            run=Run(ray="nowhere"),
        )
    assert not list(tmp_path.iterdir())
