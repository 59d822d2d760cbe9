"""Metrics of the user's own work wherever a metric does."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.metrics import MAE, NDCG, RMSE, ListMetric, RankingMetric, SumMetric
from penchant.models import EASE
from penchant.reporting.reproduce import snippet
from penchant.serving.pages.operator.comparison import comparison_figures
from penchant.testing import planted_pairs, planted_ratings


@dataclass(frozen=True)
class RBP(RankingMetric):
    """Rank-biased precision."""

    patience: float = 0.8
    label = "rbp"

    def _of(self, ranked):
        weights = self.patience ** np.arange(self.k) * (1 - self.patience)
        return (self.head(ranked.hits) * weights).sum(axis=1)


class Off(SumMetric):
    """Mean absolute error, as anyone would write it."""

    label, task, takes, higher_is_better = "off", "rating", "rating", False

    def terms(self, prediction, truth):
        errors = np.abs(np.asarray(prediction) - np.asarray(truth))
        return np.stack([errors, np.ones_like(errors)], axis=1)

    def value(self, sums):
        return sums[..., 0] / sums[..., 1]


@dataclass(frozen=True)
class FirstIndex(ListMetric):
    label = "first-index"
    per_user = True

    def _value(self, lists, catalogue):
        return lists[:, 0].astype(float)


@pytest.fixture(scope="module")
def rated():
    return pn.split_per_user(planted_ratings(), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def result(rated):
    metrics = [RBP(5), "ndcg@5", FirstIndex(5), Off(), "mae"]
    return pn.evaluate(["ease"], rated, metrics, replicates=100)


def test_they_decide_the_order_and_the_verdicts(result):
    table, rating = result.table(), result.table("rating")
    assert table.metrics == ("rbp@5", "ndcg@5", "first-index@5")
    assert table.higher_is_better
    assert not rating.higher_is_better
    values = list(rating.values("off").values())
    assert values == sorted(values)
    assert rating.values("off") == pytest.approx(rating.values("mae"))
    assert np.isfinite(table["ease"].metrics["rbp@5"].gain)
    assert set(table.custom_metrics) == {"rbp@5", "first-index@5"}


def test_json_pages_and_code_have_them(result, tmp_path):
    page = pn.report(result, tmp_path / "page.html").read_text()
    assert "Rank-biased precision." in page
    assert "lower is better" in page
    code = snippet(result)
    assert "metrics=[RBP(k=5, patience=0.8), 'ndcg@5', FirstIndex(k=5), Off(), 'mae']" in code
    for name in ("RBP", "FirstIndex", "Off"):
        assert f"{name} = ...  # a metric of your own" in code
    compile(code, "snippet", "exec")
    figures = comparison_figures(json.loads(result.to_json()))
    assert [task["direction"] for task in figures["tasks"]] == [
        "higher is better",
        "lower is better",
    ]
    assert figures["metrics"]["rbp@5"] == "Rank-biased precision."


def test_folds_periods_items_held_out_and_tuning_take_them(rated, tmp_path):
    folds = pn.cross_validate(["ease"], rated.log, [RBP(5)], folds=2, replicates=50)
    assert "Rank-biased" in pn.report(folds, tmp_path / "folds.html").read_text()
    cold = pn.split_cold_items(planted_pairs(), test=0.2)
    table = pn.evaluate(["ease"], cold, [RBP(5)], replicates=50).table()
    assert set(table.custom_metrics) == set(table.metrics)
    tuning = pn.tune(EASE(), rated, RBP(5), space={"l2": [1.0, 100.0]})
    assert tuning.metric == "rbp@5"
    assert "Rank-biased" in pn.report(tuning, tmp_path / "tuning.html").read_text()


def test_predictions_of_others_are_judged_by_them():
    table = pl.DataFrame(
        {"user": [1, 1, 2, 2], "rating": [5, 3, 4, 2], "theirs": [4, 3, 4, 3], "mean": [3.5] * 4}
    )
    found = pn.evaluate_predictions(table, [Off(), RMSE(), "mae"], trivial=["mean"], replicates=50)
    assert found["theirs"].metrics["off"].value == 0.5 == found["theirs"].metrics["mae"].value
    assert [entry.name for entry in found.entries] == ["theirs", "mean"]


class NoLabel(RankingMetric):
    def _of(self, ranked):
        return np.zeros(len(ranked.hits))


class NoTakes(SumMetric):
    label, task = "nothing", "rating"
    terms = value = Off.value


class WrongShape(RankingMetric):
    label = "wrong"

    def _of(self, ranked):
        return np.zeros(3)


class Fitted(EASE):
    def _fit(self, train, validation, run):
        raise AssertionError("it was fitted")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (NoLabel(5), "The metric NoLabel has no label: give its class one, as in label = "),
        (NoTakes(), "The metric NoTakes has no takes"),
        (NDCG, "NDCG is a class: give a metric that is made of it"),
        (3, "3 is no metric: give a name such as 'ndcg@10'"),
        # Trivial answers tell of it, before any model learns.
        (WrongShape(5), "wrong@5 needs one number for each of 80 users"),
    ],
)
def test_what_is_none_is_refused_before_any_model_learns(rated, metric, words):
    with pytest.raises(ParameterError, match=words):
        pn.evaluate([Fitted()], rated, [metric], replicates=50)


def test_two_of_one_name_are_refused(rated):
    with pytest.raises(ParameterError, match="Two different metrics are called 'rbp@5'"):
        pn.evaluate([Fitted()], rated, [RBP(5), RBP(5, patience=0.5)])
    assert pn.evaluate([], rated, [MAE(), "mae"], replicates=50).table("rating")


def test_items_are_compared_only_where_something_is_known_of_them():
    bare = pn.Dataset.from_frame(planted_pairs().frame().select("user", "item"))
    split = pn.split_random(bare)
    with pytest.raises(ParameterError, match=r"genres, and the log has none: give .*\(--items, "):
        pn.evaluate([Fitted()], split, ["ndcg@5", "intra-list-diversity@5"])
