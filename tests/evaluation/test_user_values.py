"""Values of single users, and differences of two models."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.metrics import mean_replicates
from penchant.models import EASE, ItemKNN
from penchant.testing import planted_pairs, planted_ratings

METRICS = ["ndcg@10", "coverage@10", "novelty@10", "rmse", "mae", "auc"]


@pytest.fixture(scope="module")
def split():
    return pn.split_per_user(planted_ratings(), validation=0.1, test=0.2)


@pytest.fixture(scope="module")
def result(split):
    models = {"ease": EASE(l2=10), "knn": ItemKNN()}
    return pn.evaluate(models, split, METRICS, replicates=300, seed=3, keep_user_values=True)


def test_their_means_are_the_figures_of_the_tables(split, result):
    for task, metrics in (("ranking", ["ndcg@10", "novelty@10"]), ("rating", ["mae"])):
        values, table = result.user_values(task), result.table(task)
        assert values.columns[:2] == ["user", "model"]
        assert "coverage@10" not in values.columns
        assert values["model"].unique(maintain_order=True).to_list() == [
            entry.name for entry in table.entries
        ]
        if task == "ranking":
            means = dict(values.group_by("model").agg(pl.col(metrics[0]).mean()).iter_rows())
            assert means == pytest.approx(table.values(metrics[0]))
        users = values.filter(model=table.entries[0].name)["user"]
        assert users.to_list() == split.log.users.take(split.test.histories.users).to_list()


def test_values_of_rows_are_those_of_the_users_rows(split, result):
    model, test = result.models["knn"], split.test
    values = result.user_values("rating").filter(model="knn")
    errors = model.predict(test.rows).astype(float) - test.ratings
    for n in (0, 7):
        own = errors[test.offsets[n] : test.offsets[n + 1]]
        assert values["rmse"][n] == pytest.approx(np.sqrt(np.mean(own**2)))
        assert values["mae"][n] == pytest.approx(np.mean(np.abs(own)))
    likes = result.user_values("like").filter(model="knn")["auc"]
    truth = [test.ratings[a:b] >= 4 for a, b in zip(test.offsets, test.offsets[1:], strict=False)]
    undefined = [own.all() or not own.any() for own in truth]
    assert [value is None for value in likes] == undefined
    assert 0 < sum(undefined) < len(undefined)


def test_a_difference_is_that_of_the_same_resamples_of_users(result):
    found = result.difference("ease", "knn", "ndcg@10")
    values = result.user_values()
    one, other = (values.filter(model=name)["ndcg@10"].to_numpy() for name in ("ease", "knn"))
    drawn = mean_replicates(np.stack([one, other], 1), 300, 3)
    assert found.value == pytest.approx(np.mean(one - other))
    ends = np.quantile(drawn[:, 0] - drawn[:, 1], [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert 0 < found.p_value <= 1
    back = result.difference("knn", "ease", "ndcg@10")
    assert (back.value, back.low, back.high) == pytest.approx(
        (-found.value, -found.high, -found.low)
    )
    assert back.p_value == pytest.approx(found.p_value)
    assert result.difference("ease", "knn") == found
    assert "ndcg@10 of ease minus that of knn is" in str(found)


def test_a_difference_has_its_sign_whatever_is_better(result):
    rating = result.table("rating")
    found = result.difference("knn", "global-mean", "mae")
    assert found.value == rating["knn"].metrics["mae"].value - (
        rating["global-mean"].metrics["mae"].value
    )
    assert found.value < 0
    assert found.high < 0
    assert found.p_value < 0.05


def test_differences_need_no_kept_values_and_few_resamples_give_no_interval(split):
    bare = pn.evaluate(["ease", "item-knn"], split, ["ndcg@10"], replicates=10)
    found = bare.difference("ease", "item-knn")
    assert np.isfinite(found.value)
    assert np.isnan([found.low, found.high, found.p_value]).all()
    assert str(found).endswith("of 80 test users")
    with pytest.raises(ParameterError, match="keep_user_values=True"):
        bare.user_values()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ease", "eese"), "has no 'eese'"),
        (("ease", "knn", "hr@3"), "no metric 'hr@3', only ndcg@10"),
        (("ease", "knn", "coverage@10"), "coverage@10 is not resampled over users"),
        (("ease", "knn", "rmse"), "has no 'ease'"),
    ],
)
def test_impossible_differences(result, arguments, words):
    with pytest.raises(ParameterError, match=words):
        result.difference(*arguments)


def test_cold_items_have_columns_of_both_kinds_of_lists():
    split = pn.split_cold_items(planted_pairs(), test=0.2)
    result = pn.evaluate(["ease"], split, ["ndcg@5"], replicates=50, keep_user_values=True)
    table, values = result.table(), result.user_values()
    assert tuple(values.columns[2:]) == table.metrics
    for metric in table.metrics:
        means = dict(values.group_by("model").agg(pl.col(metric).mean()).iter_rows())
        assert means == pytest.approx(table.values(metric))
    assert result.difference("ease", "popular", table.metrics[1]).users == table.users
