from __future__ import annotations

from datetime import date

import polars as pl

from penchant.testing import planted_loans


def test_loans_have_the_faults_that_the_docstring_names():
    frame = planted_loans(n_readers=80, seed=3)
    assert frame.columns == ["reader", "book", "title", "stars", "date"]
    assert frame["date"].is_sorted()
    assert len(frame) - len(frame.unique()) >= 20
    assert frame["stars"].null_count() / len(frame) > 0.005
    assert frame.filter(pl.col("stars") > 5)["stars"].unique().to_list() == [55]
    assert len(frame.filter(pl.col("date") > date(2030, 1, 1)).unique()) == 3
    staff = frame.filter(pl.col("reader") == 1000)
    assert staff["book"].n_unique() == 150 == len(staff)
    assert staff["date"].n_unique() == 1


def test_readers_have_tastes():
    frame = planted_loans(n_readers=80).filter(pl.col("reader") != 1000)
    kinds = frame.with_columns(kind=(pl.col("book").str.slice(1).cast(pl.Int64) - 100) // 25)
    counts = kinds.group_by("reader", "kind").len().sort("len", descending=True)
    two = counts.group_by("reader", maintain_order=True).agg(pl.col("len").head(2).sum())
    assert two["len"].sum() / len(frame) > 0.8


def test_one_seed_decides_everything():
    assert planted_loans(n_readers=20, seed=1).equals(planted_loans(n_readers=20, seed=1))
    assert not planted_loans(n_readers=20, seed=1).equals(planted_loans(n_readers=20, seed=2))
