"""The names of metrics, and what the package exports."""

from __future__ import annotations

import subprocess
import sys

import pytest

import penchant.metrics
from penchant.errors import ParameterError
from penchant.metrics import (
    NAMES,
    NDCG,
    RMSE,
    Coverage,
    Metric,
    RankingMetric,
    Recall,
    RowMetric,
    parse,
)
from penchant.metrics.beyond_accuracy import ListMetric


@pytest.mark.parametrize("name", [name.replace("@k", "@7") for name in NAMES])
def test_every_name_leads_to_a_metric_of_that_name(name: str):
    metric = parse(name)
    assert metric.name == name
    assert metric == parse(name)
    assert isinstance(metric, RankingMetric | ListMetric | RowMetric)
    assert metric.task in ("ranking", "rating", "like")
    assert isinstance(metric.higher_is_better, bool)
    if isinstance(metric, RowMetric):
        assert metric.takes in ("rating", "score", "probability", "decision")


def test_parse():
    assert parse("ndcg@10") == NDCG(10)
    assert parse("recall-capped@20") == Recall(20, capped=True)
    assert parse("rmse") == RMSE()
    assert parse("coverage@5") == Coverage(5)


@pytest.mark.parametrize(
    "name", ["", "ndcg", "ndcg@", "ndcg@x", "ndcg@-1", "ndcg@1.5", "ndcg@²", "rmse@10", "rmse@"]
)
def test_unknown_names_list_the_known(name: str):
    with pytest.raises(ParameterError, match=r"known are hr@k.*rmse.*ece"):
        parse(name)


def test_list_length_zero():
    with pytest.raises(ParameterError, match="at least 1"):
        parse("ndcg@0")


def test_every_concrete_metric_has_a_name():
    def concrete(kind: type[Metric]) -> set[type[Metric]]:
        # Studies and other tests, in the same process, may have made metrics of their own.
        ours = [k for k in kind.__subclasses__() if k.__module__.startswith("penchant.metrics")]
        return set().union(*map(concrete, ours)) or {kind}

    named = {type(parse(name.replace("@k", "@3"))) for name in NAMES}
    assert concrete(Metric) == named
    assert {kind.__name__ for kind in named} <= set(penchant.metrics.__all__)


def test_exports_exist_once():
    names = penchant.metrics.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(penchant.metrics, name) for name in names)


def test_import_needs_numpy_alone():
    code = (
        "import sys, penchant.metrics;"
        "print([m for m in ('torch', 'polars', 'scipy', 'sklearn') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
