from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.testing import ListSimulator

NOON = datetime(2026, 3, 1, 12)
SERVICE = ListSimulator(n_users=600, n_items=20, k=4)
LOGGING, TARGET = SERVICE.rankings(2.5, 1), SERVICE.rankings(0.3, 2)


@pytest.fixture(scope="module")
def logged() -> tuple[pl.DataFrame, pl.DataFrame]:
    return SERVICE.run({"logging": LOGGING}, epsilon=0.4)


def small() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Two users with two positions each; the model agrees with three of these four places."""
    shown = pl.DataFrame(
        {
            "list": [1, 1, 2, 2],
            "user": ["u", "u", "v", "v"],
            "time": [NOON] * 4,
            "position": [1, 2, 1, 2],
            "item": ["x", "y", "x", "y"],
            "propensity": [0.5, 0.25, 0.8, 0.1],
        }
    )
    outcomes = pl.DataFrame(
        {"user": ["u", "u", "v"], "item": ["x", "y", "y"], "kind": "like", "time": [NOON] * 3}
    )
    target = pl.DataFrame(
        {"user": ["u", "u", "v", "v"], "position": [1, 2, 1, 2], "item": ["x", "y", "x", "z"]}
    )
    return shown, outcomes, target


def test_figures_by_hand():
    result = pn.estimate_off_policy(*small(), least_effective=0)
    assert result.logged.value == 1.5
    assert result.matched == 3
    weights = np.array([2.0, 4.0, 1.25])
    assert result.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert result.estimates["ips"].value == pytest.approx((2 + 4) / 2)
    # At position 1 the weights are 2 (a success) and 1.25; at position 2 there is 4 alone.
    assert result.estimates["self-normalised"].value == pytest.approx(2 / 3.25 + 1)
    assert result.support.value == pytest.approx(weights.sum() / 4)
    assert result.largest_weight == 4


def test_the_model_that_drew_the_lists_gets_what_it_got():
    shown, outcomes = SERVICE.run({"logging": LOGGING}, epsilon=0.0)
    result = pn.estimate_off_policy(shown, outcomes, SERVICE.lists(LOGGING))
    for one in result.estimates.values():
        assert one.value == pytest.approx(result.logged.value)
        assert one.gain == pytest.approx(0)
    assert result.support.value == 1
    assert result.verdict == "no difference shown"


def test_intervals_hold_the_truth_as_often_as_they_say():
    truth = SERVICE.true_value(TARGET)
    gain = truth - SERVICE.true_value(LOGGING, epsilon=0.4)
    values, hits, gains = [], [], []
    for seed in range(30):
        shown, outcomes = SERVICE.run({"logging": LOGGING}, epsilon=0.4, seed=seed)
        result = pn.estimate_off_policy(shown, outcomes, SERVICE.lists(TARGET), least_effective=0)
        every = result.estimates.values()
        values.append([one.value for one in every])
        hits.append([one.low <= truth <= one.high for one in every])
        gains.append([one.gain_low <= gain <= one.gain_high for one in every])
    # Of 30 intervals of 95 %, fewer than 24 hold the truth once in a thousand times.
    assert (np.sum(hits, axis=0) >= 24).all()
    assert (np.sum(gains, axis=0) >= 24).all()
    error = np.std(values, axis=0) / np.sqrt(30)
    assert (np.abs(np.mean(values, axis=0) - truth) < 4 * error).all()


def test_a_better_and_a_worse_model_are_told_apart(logged):
    better = pn.estimate_off_policy(*logged, SERVICE.lists(TARGET), model="new")
    assert better.verdict == "better"
    assert better.sentences[0].startswith("Lists of 'new' would have got")
    # What a model likes least is worse than anything.
    worst = SERVICE.lists(SERVICE.rankings(0.0)[:, ::-1])
    assert pn.estimate_off_policy(*logged, worst, least_effective=50).verdict == "worse"


def test_lists_can_be_named_in_place_of_users(logged):
    shown, outcomes = logged
    of_list = (
        shown.select("list", "user")
        .unique()
        .join(SERVICE.lists(TARGET), on="user")
        .select("list", "position", "item")
    )
    by_list = pn.estimate_off_policy(shown, outcomes, of_list)
    by_user = pn.estimate_off_policy(shown, outcomes, SERVICE.lists(TARGET))
    assert repr(by_list.estimates) == repr(by_user.estimates)  # NaN equals none


def test_the_order_of_rows_does_not_matter(logged):
    shown, outcomes = logged
    one = pn.estimate_off_policy(shown, outcomes, SERVICE.lists(TARGET))
    other = pn.estimate_off_policy(
        shown.sample(fraction=1, shuffle=True, seed=1),
        outcomes.reverse(),
        SERVICE.lists(TARGET).reverse(),
    )
    for name, value in one.estimates.items():
        assert other.estimates[name].value == pytest.approx(value.value)
        assert other.estimates[name].low == pytest.approx(value.low)


def test_too_little_overlap_is_refused(logged):
    shown, outcomes = logged
    few = pn.estimate_off_policy(shown.head(200), outcomes, SERVICE.lists(TARGET))
    assert few.verdict == "no verdict"
    assert "and 100 are needed" in few.refusal
    assert few.estimates == {}
    assert str(few).startswith("Nothing is estimated of 'the model'")
    elsewhere = SERVICE.lists(TARGET).with_columns(pl.col("item") + 1000)
    nothing = pn.estimate_off_policy(shown, outcomes, elsewhere)
    assert nothing.matched == 0
    assert "0 of equal weight" in nothing.refusal


def test_a_model_of_other_items_is_refused():
    # Chance never brings what the model puts at every second position.
    shown, outcomes = SERVICE.run({"logging": LOGGING}, epsilon=0.0)
    mixed = SERVICE.lists(LOGGING).with_columns(
        pl.when(pl.col("position") % 2 == 0).then(-1).otherwise(pl.col("item")).alias("item")
    )
    result = pn.estimate_off_policy(shown, outcomes, mixed)
    assert "could show only about 50\N{NO-BREAK SPACE}%" in result.refusal


def test_a_model_with_shorter_lists_and_fewer_users(logged):
    shown, outcomes = logged
    short = SERVICE.lists(TARGET).filter(pl.col("position") <= 2, pl.col("user") < 500)
    result = pn.estimate_off_policy(shown, outcomes, short, least_effective=20)
    assert result.users == 500
    assert "left out, since the model has no list for the user" in " ".join(result.notes)
    looked_at = ListSimulator(n_users=600, n_items=20, k=4).looks[:2]
    worth = np.take_along_axis(SERVICE.likings, TARGET, axis=1)[:500, :2].mean(axis=0)
    truth = float(worth @ looked_at)
    best = result.estimates["doubly-robust"]
    assert best.low - 0.1 < truth < best.high + 0.1


def test_lists_without_propensity_are_left_out(logged):
    shown, outcomes = logged
    some = pl.when(pl.col("list") > 100).then(pl.col("propensity")).alias("propensity")
    result = pn.estimate_off_policy(shown.with_columns(some), outcomes, SERVICE.lists(TARGET))
    assert result.lists == shown["list"].n_unique() - 100
    none = shown.with_columns(pl.lit(None, pl.Float64).alias("propensity"))
    with pytest.raises(DataError, match="No shown list has a propensity"):
        pn.estimate_off_policy(none, outcomes, SERVICE.lists(TARGET))


def test_lists_shown_without_chance_are_left_out(logged):
    shown, outcomes = logged
    certain = shown.with_columns(pl.col("list") + 100_000, propensity=pl.lit(1.0))
    result = pn.estimate_off_policy(pl.concat([shown, certain]), outcomes, SERVICE.lists(TARGET))
    assert result.lists == shown["list"].n_unique()
    assert "shown without chance are left out" in " ".join(result.notes)


def test_text_and_json(logged):
    result = pn.estimate_off_policy(*logged, SERVICE.lists(TARGET), model="new")
    text = str(result)
    for words in ("doubly robust", "self-normalised", "lists that were shown", "of equal weight"):
        assert words in text
    plain = json.loads(result.to_json())
    assert plain["verdict"] == "better"
    assert set(plain["estimates"]) == {"ips", "self-normalised", "doubly-robust"}
    assert plain["estimates"]["ips"]["gain_low"] > 0


def test_lists_of_a_model_that_cannot_be_used():
    shown, outcomes, target = small()
    with pytest.raises(DataError, match="the model's lists has no column 'item'"):
        pn.estimate_off_policy(shown, outcomes, target.drop("item"))
    with pytest.raises(DataError, match="several items at position 1 of the user 'u'"):
        pn.estimate_off_policy(shown, outcomes, target.with_columns(pl.lit(1).alias("position")))
    with pytest.raises(DataError, match="no list for any user"):
        pn.estimate_off_policy(
            shown, outcomes, target.with_columns(pl.lit("w").alias("user")).head(1)
        )
    with pytest.raises(DataError, match="no column 'propensity'"):
        pn.estimate_off_policy(shown.drop("propensity"), outcomes, target)
    with pytest.raises(ParameterError, match="level is between"):
        pn.estimate_off_policy(*small(), level=1.5)
