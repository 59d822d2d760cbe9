from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.testing.list_simulator import ListSimulator

START = datetime(2026, 3, 1)
HALVES = {"control": 0.5, "ease": 0.5}


@pytest.fixture(scope="module")
def simulated() -> tuple[pl.DataFrame, pl.DataFrame]:
    service = ListSimulator(n_users=1500, n_items=20, k=3)
    return service.run({"control": service.rankings(2.0), "ease": service.rankings(0.3)})


def small() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two arms of 40 users with two lists each; of each list one item was liked or bought."""
    rows = [
        {
            "list": 2 * user + n,
            "user": user,
            "time": START + timedelta(hours=user + 1000 * n),
            "arm": "a" if user % 2 else "b",
            "position": 1,
            "item": "x",
        }
        for user in range(80)
        for n in range(2)
    ]
    events = [
        {
            "user": user,
            "item": "x",
            "kind": "purchase" if user % 4 == 1 else "like",
            "value": 10.0 if user % 4 == 1 else 5.0,
            "time": START + timedelta(hours=user + 1),
        }
        for user in range(80)
        if user % 4 == 1 or user % 8 == 0
    ]
    return pl.DataFrame(rows), pl.DataFrame(events)


def test_figures_by_hand():
    result = pn.compare_arms(*small(), control="b")
    a, b = result.figures("a"), result.figures("b")
    assert (a.users, a.lists, a.successes, a.value) == (40, 80, 20, 200.0)
    assert (b.users, b.lists, b.successes, b.value) == (40, 80, 10, 0.0)
    values = {name: one.value for name, one in a.metrics.items()}
    assert values == {"users": 0.5, "lists": 0.25, "successes": 0.5, "value": 5.0}
    assert result.arms[0].arm == result.control == "b"
    (users,) = [one for one in result.differences if one.metric == "users"]
    assert users.figures.value == pytest.approx(0.25)
    # One success from 1 of 2 lists of a user: its error is half that of the share of users.
    (lists,) = [one for one in result.differences if one.metric == "lists"]
    assert lists.figures.error == pytest.approx(users.figures.error / 2)


def test_the_better_arm_is_named(simulated):
    result = pn.compare_arms(*simulated, shares=HALVES)
    assert result.verdicts == {"ease": "better"}
    assert result.sentences[0].startswith("'ease' is better than 'control': users with a success")
    turned = pn.compare_arms(*simulated, control="ease")
    assert turned.verdicts == {"control": "worse"}
    assert not result.mismatch


def test_the_interval_for_any_number_of_looks_decides_until_the_plan_is_reached(simulated):
    shown, outcomes = simulated
    few = shown.filter(pl.col("user") < 400)
    unplanned = pn.compare_arms(few, outcomes)
    early = pn.compare_arms(few, outcomes, planned_users=1000)
    reached = pn.compare_arms(few, outcomes, planned_users=400)
    assert "No number of users was planned" in " ".join(unplanned.sentences)
    assert "400 of 1,000 planned users are there" in " ".join(early.sentences)
    assert "The 400 planned users are reached" in " ".join(reached.sentences)
    assert "for any number of looks." in early.sentences[0]
    assert "for one look." in reached.sentences[0]
    (one,) = early.decisive
    assert one.figures.always_low < one.figures.low


def test_more_users_are_asked_for_where_they_are_needed(simulated):
    result = pn.compare_arms(*simulated, detectable=0.02, power=0.9)
    (one,) = result.decisive
    more = int(np.ceil(one.users_needed)) - 1500
    assert f"{more:,} more than there are" in " ".join(result.sentences)
    result = pn.compare_arms(*simulated, detectable=0.5)
    assert "and 1,500 are there" in " ".join(result.sentences)


def test_a_mismatch_of_users_forbids_a_verdict(simulated):
    result = pn.compare_arms(*simulated, shares={"control": 0.4, "ease": 0.6})
    assert result.mismatch
    assert result.verdicts == {"ease": "no verdict"}
    assert "sample ratio mismatch" in " ".join(result.sentences)
    assert pn.compare_arms(*simulated, shares={"control": 1.0, "ease": 0.0}).mismatch
    lost = pn.compare_arms(*simulated, shares={"control": 0.3, "ease": 0.3, "lost": 0.4})
    assert lost.mismatch
    assert lost.verdicts["lost"] == "no verdict"


def test_without_a_difference_none_is_shown():
    service = ListSimulator(n_users=400, n_items=10, k=2)
    same = service.rankings(1.0)
    result = pn.compare_arms(*service.run({"a": same, "b": same}), control="a", planned_users=400)
    assert result.verdicts == {"b": "no difference shown"}


def test_users_of_several_arms_count_for_the_first():
    shown, outcomes = small()
    moved = pl.when((pl.col("user") == 1) & (pl.col("list") == 3)).then(pl.lit("b"))
    result = pn.compare_arms(
        shown.with_columns(moved.otherwise(pl.col("arm")).alias("arm")), outcomes, control="b"
    )
    assert (result.figures("a").users, result.figures("a").lists) == (40, 80)
    assert "1 user of 80 was shown lists of several arms" in " ".join(result.notes)


def test_with_several_arms_intervals_hold_together():
    service = ListSimulator(n_users=600, n_items=10, k=2)
    rankings = {name: service.rankings(1.0, n) for n, name in enumerate(("control", "a", "b"))}
    shown, outcomes = service.run(rankings)
    result = pn.compare_arms(shown, outcomes)
    alone = pn.compare_arms(shown.filter(pl.col("arm") != "b"), outcomes)
    assert result.control == "control"
    of_both = next(one for one in result.decisive if one.arm == "a")
    (of_one,) = alone.decisive
    assert of_both.figures.low < of_one.figures.low
    assert set(result.verdicts) == {"a", "b"}


def test_the_course_ends_where_the_comparison_is(simulated):
    result = pn.compare_arms(*simulated)
    last = result.course.row(-1, named=True)
    (one,) = result.decisive
    assert last["users"] == 1500
    assert (last["difference"], last["always_low"]) == pytest.approx(
        (one.figures.value, one.figures.always_low)
    )
    assert result.course["users"].is_sorted()


def test_text_and_json(simulated):
    result = pn.compare_arms(*simulated, shares=HALVES)
    text = str(result)
    assert "The arms of simulated-0" in text
    assert "for any number of looks" in text
    assert "value per user" not in text  # nothing was bought
    plain = json.loads(result.to_json())
    assert plain["verdicts"] == {"ease": "better"}
    assert (
        plain["arms"][1]["metrics"]["users"]["low"] < plain["arms"][1]["metrics"]["users"]["value"]
    )
    assert len(plain["course"]) == 30
    assert plain["sentences"] == list(result.sentences)


def test_one_arm_and_few_users():
    shown, outcomes = small()
    alone = pn.compare_arms(shown.filter(arm="a"), outcomes)
    assert "There is one arm alone" in " ".join(alone.sentences)
    few = pn.compare_arms(shown.filter(pl.col("user") < 8), outcomes, control="b")
    assert few.verdicts == {"a": "no verdict"}
    assert "fewer than 30 users" in few.sentences[0]
    nothing = pn.compare_arms(shown, outcomes.clear(), control="b")
    assert nothing.verdicts == {"a": "no verdict"}
    assert "cannot be said yet" in " ".join(nothing.sentences)
    json.loads(nothing.to_json())


def test_which_experiment():
    shown, outcomes = small()
    named = shown.with_columns(
        pl.when(pl.col("user") < 40)
        .then(pl.lit("one"))
        .otherwise(pl.lit("two"))
        .alias("experiment")
    )
    with pytest.raises(ParameterError, match="Say which experiment: there are 'one' and 'two'"):
        pn.compare_arms(named, outcomes)
    with pytest.raises(ParameterError, match="No experiment 'three'"):
        pn.compare_arms(named, outcomes, experiment="three")
    assert pn.compare_arms(named, outcomes, experiment="one", control="a").users == 40
    with pytest.raises(DataError, match="no column 'experiment'"):
        pn.compare_arms(shown, outcomes, experiment="one")
    with pytest.raises(DataError, match="no experiment took place"):
        pn.compare_arms(shown.with_columns(pl.lit(None).alias("arm")), outcomes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"control": "c"}, "no arm 'c': there are a and b"),
        ({"metric": "clicks"}, "no metric 'clicks'"),
        ({"level": 1.0}, "level is between 0 and 1"),
        ({"power": 0.0}, "power is between 0 and 1"),
        ({"detectable": 0.0}, "above 0"),
        ({"planned_users": 0}, "above 0"),
        ({"shares": {"a": 1.0}}, "shares name no arm 'b'"),
        ({"shares": {"a": 0.5, "b": 0.6}}, "sum to 1.1"),
    ],
)
def test_impossible_arguments(options, message):
    with pytest.raises(ParameterError, match=message):
        pn.compare_arms(*small(), **options)


def test_value_needs_purchases():
    shown, outcomes = small()
    assert pn.compare_arms(shown, outcomes, metric="value", control="b").verdicts
    with pytest.raises(DataError, match="value decides none"):
        pn.compare_arms(shown, outcomes.filter(kind="like"), metric="value")


def test_the_one_experiment_with_several_arms_needs_no_name():
    shown, outcomes = small()
    before = shown.with_columns(
        pl.lit("before").alias("experiment"),
        pl.lit(shown["arm"][0]).alias("arm"),
        (pl.lit("before ") + pl.col("list").cast(pl.String)).alias("list"),
    )
    named = shown.with_columns(
        pl.lit("one").alias("experiment"), pl.col("list").cast(pl.String).alias("list")
    )
    assert pn.compare_arms(pl.concat([before, named]), outcomes).experiment == "one"
