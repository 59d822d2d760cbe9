"""What the records of one basket say of one another."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.reading.baskets import fill_from_basket, n_with_one_user

PAIRS = st.lists(st.tuples(st.none() | st.integers(-3, 9), st.none() | st.integers(0, 3)))


@given(pairs=PAIRS, factor=st.sampled_from([1, 10**6]), texts=st.booleans())
def test_baskets_with_one_user_are_counted(pairs, factor, texts):
    baskets = pl.Series([None if b is None else b * factor for b, _ in pairs], dtype=pl.Int64)
    users = pl.Series([u for _, u in pairs], dtype=pl.Int64)
    if texts:
        baskets = baskets.cast(pl.String).cast(pl.Categorical(pl.Categories.random()))
        users = users.cast(pl.String)
    of_baskets: dict[object, set[object]] = {}
    for basket, user in pairs:
        if basket is not None and user is not None:
            of_baskets.setdefault(basket, set()).add(user)
    n_one = sum(len(users) == 1 for users in of_baskets.values())
    assert n_with_one_user(baskets, users) == (len(of_baskets), n_one)


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical(pl.Categories.random())])
def test_what_is_missing_is_that_of_the_other_records_of_the_basket(dtype):
    users = pl.Series("user", ["ann", None, "bob", "cid", None, None, None, "dan"]).cast(dtype)
    baskets = pl.Series(["a", "a", "b", "b", "b", None, "c", None])
    filled = fill_from_basket(users, baskets)
    assert filled.dtype == dtype
    assert filled.to_list() == ["ann", "ann", "bob", "cid", None, None, None, "dan"]
