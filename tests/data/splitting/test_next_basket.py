from __future__ import annotations

import polars as pl
import pytest
from tests.support.basket_logs import log_of_baskets, random_baskets

import penchant as pn
from penchant.data.dataset import Dataset, Origin
from penchant.data.splits import TEST, TRAIN, VALIDATION
from penchant.errors import DataError


def sides(split):
    """Each user's baskets and their side, checked to be one for a basket."""
    events = split.log.frame().with_columns(side=pl.Series(split.sides))
    found = events.group_by("user", "basket", maintain_order=True).agg(pl.col("side").unique())
    assert (found["side"].list.len() == 1).all()
    return {
        user: rows["side"].list.first().to_list()
        for (user,), rows in found.group_by("user", maintain_order=True)
    }


def test_the_last_basket_is_for_test_and_the_one_before_for_validation():
    log = log_of_baskets({"x": ["ab", "bc", "a"], "y": ["a", "b"], "z": ["a", "b", "c", "abc"]})
    assert sides(pn.split_next_basket(log)) == {
        "x": [TRAIN, VALIDATION, TEST],
        "y": [TRAIN, TRAIN],
        "z": [TRAIN, TRAIN, VALIDATION, TEST],
    }
    assert sides(pn.split_next_basket(log, validation=False)) == {
        "x": [TRAIN, TRAIN, TEST],
        "y": [TRAIN, TEST],
        "z": [TRAIN, TRAIN, TRAIN, TEST],
    }


def test_rows_in_any_order_give_the_same_split():
    log = random_baskets(3)
    mixed = Dataset.from_frame(log.frame().drop("row").sample(fraction=1, shuffle=True, seed=1))
    columns = ["user", "item", "basket", "side"]
    first, second = (
        split.log.frame().with_columns(side=pl.Series(split.sides)).select(columns).sort(columns)
        for split in (pn.split_next_basket(log), pn.split_next_basket(mixed))
    )
    assert first.equals(second)


def test_it_says_what_a_basket_is_and_that_repeats_are_allowed():
    log = random_baskets(0)
    split = pn.split_next_basket(log)
    assert split.repeats == split.describe()["repeats"] == "allowed"
    assert "users with fewer than 3 baskets only train. Baskets are those of" in split.sentence
    origin = Origin(columns={"basket": "InvoiceNo"})
    named = Dataset.from_frame(log.frame(), origin=origin)
    assert "what the column 'InvoiceNo' holds together" in pn.split_next_basket(named).sentence
    timed = Dataset.from_frame(log.frame().drop("basket"))
    assert "events of one instant are a basket" in pn.split_next_basket(timed).sentence
    plain = Dataset.from_frame(log.frame().select("user", "item"))
    assert "Each event is a basket of its own" in pn.split_next_basket(plain).sentence


def test_nobody_has_enough_baskets():
    log = log_of_baskets({"x": ["abc", "a"], "y": ["ab"]})
    with pytest.raises(DataError, match=r"No user of the log 'shop' has 3 baskets.*2 baskets"):
        pn.split_next_basket(log)
    assert pn.split_next_basket(log, validation=False).test.n_users == 1


def test_repeats_are_part_of_the_fingerprint():
    log = random_baskets(1)
    split = pn.split_by_time(log)
    assert split.repeats == "allowed"  # the log has baskets
    plain = Dataset.from_frame(log.frame().drop("basket"))
    assert pn.split_by_time(plain).repeats == "excluded"
    assert split.fingerprint != pn.split_by_time(plain).fingerprint
