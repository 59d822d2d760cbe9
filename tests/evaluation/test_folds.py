from __future__ import annotations

import numpy as np
import pytest

import penchant as pn
from penchant.data.splitting import k_fold
from penchant.errors import ParameterError
from penchant.models import Bias, ItemKNN
from penchant.testing import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=40)


@pytest.fixture(scope="module")
def result(log):
    metrics = ["rmse", "ndcg@5"]
    return pn.cross_validate([ItemKNN()], log, metrics, folds=3, replicates=100, seed=4)


def test_each_fold_is_a_comparison_and_every_event_judges_once(log, result):
    assert [each.name for each in result.rounds] == ["fold 1", "fold 2", "fold 3"]
    assert result.tasks == ("rating", "ranking")
    assert sum(table.rows for table in result.tables("rating")) == len(log)
    for split, value in zip(k_fold(log, 3, seed=4), result.values("bias"), strict=True):
        model = Bias().fit(split.train)
        error = model.predict(split.test.rows) - split.test.ratings
        assert value == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)


def test_means_weigh_folds_by_their_users_and_spread_is_their_deviation(result):
    values = result.values("item-knn", "rmse")
    users = [table.users for table in result.tables("rating")]
    assert result.mean("item-knn") == pytest.approx(np.average(values, weights=users))
    assert result.deviation("item-knn") == pytest.approx(np.std(values, ddof=1))
    assert result.models()[0] in {"bias", "item-knn"}  # low errors stand first
    assert result.models("ranking")[-1] == "random" or "popular" in result.models("ranking")
    text = str(result)
    assert "rmse of each fold" in text
    assert "ndcg@5 of each fold" in text
    assert "± " in text
    tasks = result.to_dict()["tasks"]
    assert tasks["rating"]["models"][0]["deviations"]["rmse"] >= 0
    assert result.frame()["fold"].n_unique() == 3


def test_the_page_has_a_table_for_each_task(result, tmp_path):
    page = pn.report(result, tmp_path / "folds.html").read_text()
    assert "Recommenders by fold" in page
    assert "rmse by fold" in page
    assert "ndcg@5 by fold" in page


def test_rules_cost_what_they_do_in_each_fold(log, tmp_path):
    rules = pn.Rules(exclude=[int(log.items[int(np.argmax(log.item_counts))])])
    result = pn.cross_validate(
        [ItemKNN()], log, ["rmse", "ndcg@5"], rules=rules, folds=2, replicates=50, seed=4
    )
    cost = result.rule_costs.of_model("item-knn")["ndcg@5"]
    assert cost.without == pytest.approx(result.mean("item-knn", task="ranking"))
    differences = [
        each.rule_costs.of_model("item-knn")["ndcg@5"].difference for each in result.rounds
    ]
    assert cost.deviation == pytest.approx(np.std(differences, ddof=1))
    page = pn.report(result, tmp_path / "folds.html").read_text()
    assert "standard deviation over 2 folds" in page
    with pytest.raises(ParameterError, match="Rules are about lists"):
        pn.cross_validate([ItemKNN()], log, ["rmse"], rules=rules, folds=2)
