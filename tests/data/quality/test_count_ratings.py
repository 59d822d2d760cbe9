"""Counts that were read as ratings, and ratings that are no counts."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.quality.count_ratings import ratings_are_counts
from penchant.data.quality.log_check import check, doubts
from penchant.data.reading.log_reader import read

PLAYS = [1, 1, 1, 2, 2, 3, 4, 5, 7, 9, 14, 22, 40, 1500]


def table(name, values):
    rows = "".join(f"{n % 4},{n % 5},{value}\n" for n, value in enumerate(values))
    return io.BytesIO(f"user,item,{name}\n{rows}".encode())


def log_of(values):
    n = np.arange(len(values))
    return Dataset.from_frame(
        pl.DataFrame({"user": n % 4, "item": n % 5, "rating": np.array(values, np.float32)})
    )


def test_plays_that_are_read_as_ratings_are_to_be_weights():
    log = read(table("plays", PLAYS), rating="plays", quiet=True)
    report = check(log)
    assert report["counts"].sentence == (
        "14 ratings look like counts (up to 1,500, half of them at most 4.5), not like ratings: "
        "read them as weights with --weight 'plays' (weight='plays' in Python)"
    )
    assert {"out_of_scale", "sentinels", "zeros"}.isdisjoint(each.name for each in report)
    assert [each.name for each in doubts(log)] == ["counts"]
    weighted = read(table("plays", PLAYS), weight="plays", quiet=True)
    assert not weighted.has_ratings
    assert weighted.weights.tolist() == PLAYS


@pytest.mark.parametrize(
    ("name", "values", "are_counts"),
    [
        ("plays", PLAYS, True),
        ("Quantity", [1, 1, 2, 3], True),
        ("hours", [0.5, 12.25, 100.0], True),
        ("value", PLAYS, True),
        ("value", [0, *PLAYS], True),
        ("value", [1, 1, 2, 3], False),
        ("value", [-1, *PLAYS], False),
        ("value", [0.5, *PLAYS], False),
        ("rating", [1, 2, 3, 4, 5] * 4, False),
        ("rating", [*[1, 2, 3, 4, 5] * 4, 99, 99], False),
        ("rating", [*range(1, 11), *[99] * 3], False),
        ("score", [*[0] * 30, *range(1, 101, 7)], False),
        ("rating", [*range(101)], False),
        ("rating", [*[2, 3, 5] * 9, *PLAYS], True),
    ],
)
def test_names_and_long_tails_tell_counts_from_ratings(name, values, are_counts):
    assert ratings_are_counts(read(table(name, values), rating=name, quiet=True)) == are_counts


def test_counts_without_a_name_are_guessed_to_be_weights(tmp_path):
    path = tmp_path / "plays.csv"
    for values, role in ((PLAYS, "weight"), ([5, 3, 1] * 4, "rating"), ([0, *PLAYS], "rating")):
        lines = [f"{1000 + n % 4},{200 + n % 5},{value}\n" for n, value in enumerate(values)]
        path.write_text("".join(lines))
        assert read(path, quiet=True).origin.columns[role] == "column_2"


def test_a_known_scale_is_one_of_ratings():
    log = log_of(PLAYS)
    assert ratings_are_counts(log)
    assert not ratings_are_counts(replace(log, scale=(0.0, 2000.0)))


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0]), min_size=1))
def test_usual_scales_are_no_counts(ratings):
    assert not ratings_are_counts(log_of(ratings))
