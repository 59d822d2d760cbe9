from __future__ import annotations

import hashlib
import math
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import penchant as pn
from penchant.errors import ParameterError

HALVES = {"a": 0.5, "b": 0.5}
USERS = range(20_000)


def shares_of(arms: pl.Series) -> dict[str, float]:
    return {arm: n / len(arms) for arm, n in arms.value_counts().iter_rows()}


@pytest.mark.parametrize(
    "shares",
    [HALVES, {"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.3, "c": 0.5}, {"a": 0.99, "b": 0.01}],
)
def test_users_are_divided_by_the_shares(shares):
    counts = pl.Series(pn.arms_of(USERS, "lists", shares)).value_counts()
    observed = dict(counts.iter_rows())
    expected = [shares[arm] * len(USERS) for arm in shares]
    assert stats.chisquare([observed[arm] for arm in shares], expected).pvalue > 0.001


def test_experiments_divide_users_independently():
    first, second = pn.arms_of(USERS, "lists", HALVES), pn.arms_of(USERS, "pictures", HALVES)
    table = pl.DataFrame({"first": first, "second": second}).group_by("first", "second").len()
    counts = table.sort("first", "second")["len"].to_numpy().reshape(2, 2)
    assert stats.chi2_contingency(counts).pvalue > 0.001


def test_neighbouring_ids_are_independent():
    in_a = (pn.arms_of(USERS, "lists", HALVES) == "a").to_numpy()
    changes = int((in_a[1:] != in_a[:-1]).sum())
    assert stats.binomtest(changes, len(in_a) - 1).pvalue > 0.001


def test_the_arm_is_what_the_documented_formula_says():
    def drawn(arm: str, share: float, user: str) -> float:
        text = b"".join(len(t).to_bytes(4, "big") + t for t in (b"lists", arm.encode()))
        digest = hashlib.sha256(text + user.encode()).digest()
        return -math.log((int.from_bytes(digest[:8], "big") + 0.5) / 2**64) / share

    shares = {"b": 0.3, "a": 0.7}
    for user in range(200):
        times = {arm: drawn(arm, share, str(user)) for arm, share in shares.items()}
        assert pn.arm_of(user, "lists", shares) == min(times, key=times.__getitem__)


def test_arms_do_not_change_from_version_to_version():
    arms = [pn.arm_of(user, "lists", HALVES) for user in (1, 2, 3, "4", "anna", "Zoë")]
    assert arms == ["a", "b", "b", "a", "b", "a"]


@given(st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_with_two_arms_users_move_into_the_one_that_grows_alone(before, after):
    users = range(300)
    one = pn.arms_of(users, "x", {"a": before, "b": 1 - before})
    other = pn.arms_of(users, "x", {"a": after, "b": 1 - after})
    moved = set(other.filter(one != other))
    assert moved <= ({"a"} if after >= before else {"b"})


def test_no_more_move_than_the_share_grows_by():
    one = pn.arms_of(USERS, "x", {"a": 0.4, "b": 0.4, "c": 0.2})
    other = pn.arms_of(USERS, "x", {"a": 0.3, "b": 0.3, "c": 0.4})
    assert set(other.filter(one != other)) == {"c"}
    assert (one != other).mean() == pytest.approx(0.2, abs=0.01)
    added = pn.arms_of(USERS, "x", {"a": 0.36, "b": 0.36, "c": 0.18, "d": 0.1})
    assert set(added.filter(one != added)) == {"d"}
    assert shares_of(added)["d"] == pytest.approx(0.1, abs=0.01)


@given(st.one_of(st.integers(), st.text()), st.permutations(["a", "b", "c"]))
def test_order_of_arms_and_type_of_ids_do_not_matter(user, order):
    shares = {"a": 0.2, "b": 0.3, "c": 0.5}
    arm = pn.arm_of(user, "x", shares)
    assert pn.arm_of(str(user), "x", {name: shares[name] for name in order}) == arm
    assert pn.arms_of([user], "x", shares).to_list() == [arm]


def test_numbers_of_numpy_and_frames_are_ids():
    users = np.arange(5)
    assert [pn.arm_of(user, "x", HALVES) for user in users] == [
        pn.arm_of(int(user), "x", HALVES) for user in users
    ]
    assert pn.arms_of(pl.Series(users), "x", HALVES).len() == 5
    assert pn.arms_of([], "x", HALVES).dtype == pl.String


def test_an_arm_without_a_share_gets_nobody():
    assert set(pn.arms_of(range(100), "x", {"a": 1.0, "b": 0.0})) == {"a"}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({}, "one arm or more"),
        ({"": 1.0}, "has a name"),
        ({1: 1.0}, "has a name"),
        ({"a": 0.5, "b": 0.6}, "sum to 1.1 and not to 1"),
        ({"a": 1.5, "b": -0.5}, "from 0 to 1"),
        ({"a": math.nan}, "from 0 to 1"),
        ({"a": "half"}, "numbers"),
        ({"a": [1]}, "numbers"),
    ],
)
def test_impossible_shares(shares, message):
    with pytest.raises(ParameterError, match=message):
        pn.arm_of(1, "x", shares)


def test_impossible_names_and_ids():
    with pytest.raises(ParameterError, match="name of text"):
        pn.arm_of(1, "", HALVES)
    for user in (1.5, None, True, b"1"):
        with pytest.raises(ParameterError, match="integer or text"):
            pn.arm_of(user, "x", HALVES)


def test_one_user_takes_microseconds():
    start = time.perf_counter()
    for user in range(2000):
        pn.arm_of(user, "x", HALVES)
    assert (time.perf_counter() - start) / 2000 < 100e-6
