"""The names of metrics, and what the package exports."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

import penchant.metrics
from penchant.errors import ParameterError
from penchant.metrics import (
    NAMES,
    NDCG,
    RMSE,
    Catalogue,
    Coverage,
    Metric,
    Ranked,
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


@pytest.mark.parametrize("name", NAMES)
def test_figures_lie_within_the_bounds_of_their_metric(name: str):
    metric = parse(name.replace("@k", "@3"))
    low, high = metric.bounds
    assert low < high
    rng = np.random.default_rng(0)
    for _ in range(20):
        if isinstance(metric, RowMetric):
            rating = metric.takes == "rating"
            truth = rng.integers(0, 6, 12) if rating else rng.integers(0, 2, 12)
            given = {"rating": 9 * rng.random(12), "decision": rng.integers(0, 2, 12)}
            values = metric(given.get(metric.takes, rng.random(12)), truth)
        else:
            lists = np.argsort(rng.random((4, 8)), axis=1)[:, :3].astype(np.int32)
            items, spend = rng.integers(0, 8, 12).astype(np.int32), rng.random(12)
            if isinstance(metric, ListMetric):
                vectors = rng.normal(0, 1, (8, 2)).astype(np.float32)
                values = metric(lists, Catalogue(9, rng.integers(0, 9, 8), vectors))
            else:
                ranked = Ranked.of(lists, np.arange(0, 13, 3), items, spend.astype(np.float32))
                values = metric(ranked)
        finite = np.asarray(values)[np.isfinite(values)]
        assert ((finite >= low - 1e-6) & (finite <= high + 1e-6)).all()


def test_metrics_of_errors_and_of_money_have_no_upper_bound():
    assert parse("rmse").bounds == (0, math.inf)
    assert parse("ndcg@10").bounds == parse("like-accuracy").bounds == (0, 1)
    assert parse("revenue@10").bounds[1] == math.inf


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
