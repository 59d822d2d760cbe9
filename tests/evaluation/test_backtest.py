from __future__ import annotations

import logging
from datetime import datetime

import numpy as np
import polars as pl
import pytest
from tests.support.basket_logs import random_baskets

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.models import ItemKNN, PersonalPopular
from penchant.reporting.pages.repeated_evaluation import by_period


def months(n=5, users=30):
    """Users who take the same few things in the middle of each month."""
    rng = np.random.default_rng(0)
    rows = [
        (user, int(rng.choice([user % 7, user % 5, rng.integers(12)])), datetime(2024, month, day))
        for month in range(1, n + 1)
        for day in (10, 20)
        for user in range(users)
    ]
    return Dataset.from_frame(pl.DataFrame(rows, ["user", "item", "time"], orient="row"))


def test_each_period_is_a_comparison_on_what_came_before():
    log = months()
    result = pn.backtest(
        [ItemKNN()], log, ["ndcg@3", "hr@3"], periods=3, repeats="allowed", replicates=100
    )
    assert [each.name for each in result.rounds] == ["2024-03-01", "2024-04-01", "2024-05-01"]
    assert [each.train_events for each in result.rounds] == [120, 180, 240]
    time = log.events["time"]
    april = (time >= datetime(2024, 4, 1)) & (time < datetime(2024, 5, 1))
    known, taken = (log.subset(mask.to_numpy()) for mask in (time < datetime(2024, 4, 1), april))
    model = ItemKNN().fit(known)
    lists, _ = model.top_items(known.histories, 3, repeats="allowed")
    hits = [
        bool(set(lists[user]) & set(taken.histories.block(user, user + 1).items))
        for user in range(30)
    ]
    assert result.values("item-knn", "hr@3")[1] == pytest.approx(np.mean(hits))
    users = [table.users for table in result.tables()]
    mean = np.average(result.values("item-knn"), weights=users)
    assert result.mean("item-knn") == pytest.approx(mean)
    assert {"popular", "personal-popular", "personal-recent"} < set(result.models())


def test_it_says_in_how_many_periods_a_model_beats_the_trivial_answers():
    result = pn.backtest([PersonalPopular(only_own=True)], months(), ["ndcg@3"], periods=2)
    text = str(result)
    assert "2024-04-01" in text
    assert "beats the best trivial answer of the month in 0 of 2" not in text  # it is one itself
    assert "Over 2 months the best trivial answer is" in text
    assert "does not cover the whole month from 2024-05-01" in text
    frame = result.frame()
    assert set(frame["month"]) == {"2024-04-01", "2024-05-01"}
    assert result.to_dict()["rounds"][1]["whole"] is False
    with pytest.raises(ParameterError, match="no metric 'hr@1'"):
        result.values("popular", "hr@1")


@pytest.mark.parametrize(("every", "n"), [("day", 4), ("week", 4)])
def test_days_and_weeks(every, n):
    result = pn.backtest([], months(), ["ndcg@3"], every=every, periods=n, repeats="allowed")
    assert len(result.rounds) == n
    length = (result.rounds[0].end - result.rounds[0].start).days
    assert length == {"day": 1, "week": 7}[every]


def test_what_cannot_be_looked_back_on(caplog):
    log = random_baskets(0)
    plain = Dataset.from_frame(log.frame().drop("time"))
    with pytest.raises(DataError, match=r"has no time on every event.*--time"):
        pn.backtest([], plain)
    with pytest.raises(DataError, match="are of one month: take a shorter period"):
        pn.backtest([], log)
    with pytest.raises(ParameterError, match="Periods are a number above 0"):
        pn.backtest([], log, every="year")
    with caplog.at_level(logging.WARNING):
        pn.backtest([], months(), ["ndcg@3"], periods=9, repeats="allowed")
    assert "has 4 months after the first, of which all are taken" in caplog.text


def test_the_page_has_a_line_for_each_model(tmp_path):
    result = pn.backtest([ItemKNN()], months(), ["ndcg@3"], periods=3, repeats="allowed")
    page = pn.report(result, tmp_path / "page.html").read_text()
    assert "<svg" in page
    assert "start of each month, Mar 2024 to May 2024" in page
    graph = by_period(result, "ranking", "ndcg@3")
    assert graph.ticks == {1: "Mar\n2024", 2: "Apr", 3: "May"}
    assert "Lists of each month, looked back on" in page
    assert "item-knn" in page


def test_rules_cost_what_they_do_in_each_period(tmp_path):
    log, rules = months(), pn.Rules(exclude=[0, 1])
    settings = {"periods": 2, "repeats": "allowed", "replicates": 50}
    result = pn.backtest([ItemKNN()], log, ["ndcg@3"], rules=rules, **settings)
    plain = pn.backtest([ItemKNN()], log, ["ndcg@3"], **settings)
    assert plain.rule_costs is None
    assert plain.values("item-knn") == result.values("item-knn")
    users = [table.users for table in result.tables()]
    by_month = [each.rule_costs.of_model("item-knn")["ndcg@3"] for each in result.rounds]
    cost = result.rule_costs.of_model("item-knn")["ndcg@3"]
    assert [c.without for c in by_month] == pytest.approx(result.values("item-knn"))
    assert cost.without == pytest.approx(result.mean("item-knn"))
    mean = np.average([c.with_rules for c in by_month], weights=users)
    assert cost.with_rules == pytest.approx(mean)
    popular = result.rule_costs.of_model("popular")["ndcg@3"]
    assert popular.difference < 0  # two of what everybody takes are left out
    assert result.rule_costs.models == result.models()
    text = str(result)
    assert "What the rules cost and bring (rules)" in text
    best = result.rule_costs.models[0]
    first = result.rule_costs.of_model(best)["ndcg@3"]
    sentence = f"With rules the lists of {best} over 2 months have {first.in_words};"
    assert sentence in " ".join(text.split())
    page = pn.report(result, tmp_path / "page.html").read_text()
    assert "What the rules cost and bring" in page
    assert f"<small>{cost.difference_in_words}</small>" in page
    assert "standard deviation over 2 months" in page
    answer = result.to_dict()
    assert answer["rule_costs"]["unit"] == "month"
    assert answer["rounds"][0]["rule_costs"]["rounds"] == 1
