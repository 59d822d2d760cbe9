"""Predictions and lists of others that lack users, items or numbers."""

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError
from penchant.models import EASE
from penchant.testing import planted_pairs


@pytest.mark.parametrize("role", ["user", "item"])
@pytest.mark.parametrize("what", ["lists", "predictions", "negatives", "candidates"])
def test_ids_that_are_all_unknown_are_refused_beside_those_of_the_log(parts, what, role):
    foreign = parts["predictions"].with_columns(pl.col(role) + 10**6)
    with pytest.raises(
        DataError, match=f"none of the {role}s of .*such as {foreign[role][0]}, .*such as 1, 2, 3,"
    ):
        pn.audit(**_two(parts), **{what: foreign})


def test_ids_of_which_some_are_unknown_are_counted(parts):
    users = parts["test"]["user"].unique().sort().head(50)
    items = pl.DataFrame({"item": [1, 2, 3, 10**6]})
    found = pn.audit(**_two(parts), lists={"theirs": users.to_frame().join(items, how="cross")})
    finding = found["unknown-ids"]
    assert (finding.level, finding.figure) == ("doubtful", 0.25)
    assert "25.0 % of the 200 rows (50)" in finding.sentence
    assert finding.examples["item"].to_list() == [10**6] * 20
    assert finding.examples["row"].to_list()[:3] == [4, 8, 12]
    few = pn.audit(**_two(parts), lists=pl.DataFrame({"user": [users[0]] * 2, "item": [1, 2]}))
    assert few["unknown-ids"].level == "passed"
    assert few["no-better-than-trivial"].level == "not checkable"  # one user is too few
    assert few["same-list"].level == "not checkable"


def test_users_without_a_list_count_as_misses_and_are_told_of():
    split = pn.split_per_user(planted_pairs(), validation=0, test=0.2)
    users = split.test.histories.users
    own = EASE(l2=10).fit(split.train).recommend(split.log.users.take(users), k=10)
    tested = split.log.frame().filter(split.sides == 2)
    hit = own.join(tested, on=["user", "item"])["user"].unique()
    found = pn.audit(split, lists={"all": own})
    some = pn.audit(split, lists={"some": own.filter(pl.col("user").is_in(hit.implode()))})
    whole, part = (f["no-better-than-trivial"] for f in (found, some))
    assert part.figure == pytest.approx(whole.figure)  # the others were misses anyway
    missing = len(users) - len(hit)
    assert f"{missing} test users of {len(users)} without a list count as 0" in part.sentence
    assert "without a list" not in whole.sentence
    assert found["unscored-test-rows"].level == "passed"
    assert some["unscored-test-rows"].figure == pytest.approx(missing / len(users))
    assert f"{len(users)} test users have no list" in some["unscored-test-rows"].sentence
    absent = some["unscored-test-rows"].examples["user"]
    assert not absent.is_in(hit.implode()).any()


@pytest.mark.parametrize("gap", [None, float("nan"), float("inf")])
def test_a_prediction_that_is_no_number_is_none(parts, gap):
    truth = parts["test"]["rating"]
    wide = truth + np.random.default_rng(0).normal(0, 1.2, len(truth))
    error = (wide - truth).abs()
    theirs = parts["predictions"].with_columns(score=wide)
    assert pn.audit(**_two(parts), predictions=theirs)["no-better-than-trivial"].level == "doubtful"
    easy = theirs.with_columns(
        score=pl.when(pl.lit(error <= error.median())).then("score").otherwise(pl.lit(gap))
    )
    found = pn.audit(**_two(parts), predictions={"theirs": easy})
    n, left = len(truth), int((error <= error.median()).sum())
    assert found["unscored-test-rows"].level == "wrong"
    assert found["unscored-test-rows"].figure == pytest.approx(1 - left / n)
    judged = found["no-better-than-trivial"]
    assert judged.level == "doubtful"
    assert f"beats the best trivial answer on {left} of the {n} test rows" in judged.sentence


def test_one_pair_with_two_predictions_is_refused(parts):
    theirs = parts["predictions"]
    user, item, _ = theirs.row(0)
    again = pl.concat([theirs, theirs.head(1)])
    assert pn.audit(**_two(parts), predictions=again)["unscored-test-rows"].figure == 0
    other = pl.concat([theirs, theirs.head(1).with_columns(pl.col("score") + 1)])
    with pytest.raises(DataError, match=f"theirs predicts .* item {item} of user {user}: keep one"):
        pn.audit(**_two(parts), predictions={"theirs": other})


def _two(parts):
    return {"train": parts["train"], "test": parts["test"]}
