"""What a tracker writes of results, as plain values."""

from __future__ import annotations

import json
import logging
import math
import sys

import pytest

import penchant as pn
from penchant.errors import MissingExtraError, ParameterError
from penchant.models import make
from penchant.testing import planted_pairs
from penchant.tracking.run_records import key, records_of


@pytest.fixture(scope="module")
def split():
    return pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def result(split):
    models = {"ease": make("ease:l2=10"), "net": make("dot:target=interaction,epochs=2")}
    return pn.evaluate(models, split, ["ndcg@10", "recall@20"], replicates=100)


def test_a_comparison_has_a_run_for_each_model(result, split):
    above, below = records_of(result)
    assert above.params["metrics"] == "ndcg@10, recall@20"
    assert above.tags["penchant.split"] == split.fingerprint
    assert above.tags["penchant.log_fingerprint"] == split.log.fingerprint
    assert above.tags["best_on_validation"] == result.best_name()
    runs = {record.name: record for record in below}
    assert set(runs) == {"ease", "net", "popular", "random"}
    value = result.table()["ease"].metrics["ndcg@10"]
    figures = runs["ease"].figures
    for name in ("low", "high", "gain", "gain_low", "gain_high"):
        assert figures[f"ndcg_at_10.{name}"] == getattr(value, name)
    assert figures["ndcg_at_10"] == value.value
    assert figures["validation/ndcg_at_10"] == result.table()["ease"].validation
    assert runs["ease"].params["l2"] == "10"
    assert runs["ease"].tags["verdict.ranking"] == value.verdict
    assert runs["popular"].tags["trivial"] == "true"
    assert "ndcg_at_10.gain" not in runs["popular"].figures  # not a number
    assert [row["epoch"] for row in runs["net"].curve] == [1, 2]
    assert all(math.isfinite(v) for record in below for v in record.figures.values())


def test_a_tuning_has_a_run_for_each_trial(split):
    tuning = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1.0, 100.0]})
    above, below = records_of(tuning)
    assert above.params["best"] == tuning.best_name
    assert above.figures["validation/ndcg_at_10"] == tuning.best_trial.score
    assert [record.params["l2"] for record in below] == ["1", "100"]
    assert [r.figures["validation/ndcg_at_10"] for r in below] == [t.score for t in tuning.trials]


def test_a_fitted_model_has_one_run(split):
    model = make("ease:l2=10").fit(split.train)
    above, below = records_of(model)
    assert below == ()
    assert above.params["model"] == "ease:l2=10.0"
    assert above.tags["penchant.log_fingerprint"] == split.train.fingerprint
    assert above.figures["parameters"] == model.n_parameters()


def test_other_things_are_no_results(split):
    with pytest.raises(ParameterError, match="A Split is no result that is tracked: give"):
        records_of(split)


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("ndcg@10", "ndcg_at_10"),
        ("rmse", "rmse"),
        ("hr@5 (99 negatives)", "hr_at_5_99_negatives"),
    ],
)
def test_names_are_such_as_trackers_take(metric, name):
    assert key(metric) == name


def test_results_are_given_to_all_that_wait_for_them(split):
    given = []
    run = pn.Run(on_result=(given.append,))
    result = pn.evaluate([make("ease")], split, ["ndcg@10"], replicates=50, run=run)
    tuning = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1.0, 100.0]}, run=run)
    assert len(given) == 2
    assert given[0] is result
    assert given[1] is tuning


def test_without_mlflow_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.entities", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[mlflow\]'"):
        pn.MLflowTracker("sqlite:///mlflow.db")


@pytest.fixture
def mlflow():
    return pytest.importorskip("mlflow", reason="the extra mlflow is not installed")


@pytest.fixture
def client(mlflow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return mlflow.tracking.MlflowClient(tracking_uri="sqlite:///runs.db")


@pytest.mark.filterwarnings("ignore")
def test_runs_are_written_to_mlflow(client, split):
    tracker = pn.MLflowTracker("sqlite:///runs.db", experiment="films")
    models = {"ease": make("ease:l2=10"), "net": make("dot:target=interaction,epochs=2")}
    run = pn.Run(on_result=(tracker,))
    result = pn.evaluate(models, split, ["ndcg@10"], replicates=100, run=run)
    (experiment,) = client.search_experiments(filter_string="name = 'films'")
    runs = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
    above = runs.pop(f"compare {split.log.name}")
    assert set(runs) == {"ease", "net", "popular", "random"}
    assert {r.data.tags["mlflow.parentRunId"] for r in runs.values()} == {above.info.run_id}
    assert {r.info.status for r in (above, *runs.values())} == {"FINISHED"}
    value = result.table()["ease"].metrics["ndcg@10"]
    assert runs["ease"].data.metrics["ndcg_at_10.low"] == pytest.approx(value.low)
    assert runs["ease"].data.params["l2"] == "10"
    curve = client.get_metric_history(runs["net"].info.run_id, "curve/loss")
    assert [point.step for point in curve] == [1, 2]
    files = {f.path for f in client.list_artifacts(above.info.run_id)}
    assert files == {"result.json", "report.html"}
    path = client.download_artifacts(above.info.run_id, "result.json")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        assert json.load(file)["split"]["fingerprint"] == split.fingerprint
    model = make("ease:l2=10").fit(split.train)
    assert client.get_run(tracker.write(model)).data.params["model"] == "ease:l2=10.0"


@pytest.mark.filterwarnings("ignore")
def test_what_mlflow_does_not_take(client, split, caplog, tmp_path):
    from penchant.errors import PenchantError

    (tmp_path / "text.db").write_text("no database")
    with pytest.raises(PenchantError, match="MLflow does not take runs there"):
        pn.MLflowTracker("sqlite:///text.db")
    tracker = pn.MLflowTracker("sqlite:///runs.db")
    with caplog.at_level(logging.WARNING, "penchant"):
        tracker(split)  # no result
    assert "The result is not in MLflow: A Split is no result" in caplog.text


@pytest.mark.filterwarnings("ignore")
def test_commands_write_runs(client, tiny_csv, tmp_path):
    from typer.testing import CliRunner

    from penchant.cli.app import app

    for words in (
        ["compare", str(tiny_csv), "-m", "ease", "--metric", "ndcg@10", "--replicates", "50"],
        ["tune", str(tiny_csv), "-m", "ease", "-s", "l2=1,10"],
        ["train", str(tiny_csv), "-m", "ease", "-o", str(tmp_path / "bundle")],
    ):
        done = CliRunner().invoke(app, [*words, "--mlflow", "sqlite:///runs.db"])
        assert done.exit_code == 0, done.output
        assert "--mlflow" not in done.output
    (experiment,) = client.search_experiments(filter_string="name = 'penchant'")
    kinds = [r.data.tags["penchant.kind"] for r in client.search_runs([experiment.experiment_id])]
    assert sorted(set(kinds)) == ["comparison", "model", "training", "trial", "tuning"]
