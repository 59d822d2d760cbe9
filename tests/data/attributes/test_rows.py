from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.attributes.binary import item_attributes
from penchant.data.attributes.rows import attribute_rows, attribute_sets, ratings_as_written
from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.errors import DataError, ParameterError, UnknownIdError

TABLE = pl.DataFrame({"item": ["i", "j", "k", "l"], "genres": ["a|b", "b", None, "a|b"]})
EVENTS = pl.DataFrame(
    [
        ("v", "j", 4.0, 6),
        ("u", "i", 3.5, 2),
        ("v", "j", 4.0, 5),  # the same event twice
        ("v", "k", 5.0, 1),
        ("one", "i", 1.0, 4),
        ("v", "i", 4.5, 3),
        ("u", "l", 3.0, 7),
    ],
    schema=["user", "item", "rating", "row"],
    orient="row",
)


@pytest.fixture(scope="module")
def log() -> Dataset:
    users = pl.DataFrame({"user": ["nobody", "u", "v", "one"]})
    return Dataset.from_frame(EVENTS, user_table=users, item_table=TABLE)


def test_rows_stand_in_the_order_of_the_source(log):
    rows = attribute_rows(log, item_attributes(log, names=["b", "a"]))
    assert rows.columns == ["user", "item", "b", "a", "like", "row"]
    assert rows.rows() == [
        ("v", "k", 0, 0, 1, 1),
        ("u", "i", 1, 1, 0, 2),
        ("v", "i", 1, 1, 1, 3),
        ("one", "i", 1, 1, 0, 4),
        ("v", "j", 1, 0, 1, 5),
        ("v", "j", 1, 0, 1, 6),
        ("u", "l", 1, 1, 0, 7),
    ]
    assert [rows.schema[c] for c in ("b", "a", "like")] == [pl.UInt8] * 3


def test_a_like_is_a_rating_from_the_threshold_on(log):
    attributes = item_attributes(log)
    for threshold, likes in ((1, 7), (3.5, 5), (4, 4), (4.5, 2), (5.5, 0)):
        assert attribute_rows(log, attributes, threshold)["like"].sum() == likes


def test_ratings_are_compared_as_they_are_written():
    events = pl.DataFrame({"user": [1] * 3, "item": [1] * 3, "rating": [3.2, 3.3, 3.4]})
    table = pl.DataFrame({"item": [1], "genres": ["a"]})
    log = Dataset.from_frame(events, item_table=table)
    assert ratings_as_written(log).to_list() == [3.2, 3.3, 3.4]
    rows = attribute_rows(log, item_attributes(log), 3.3)
    assert rows["like"].to_list() == [0, 1, 1]


def test_sets_of_users(log):
    sets = attribute_sets(log, item_attributes(log, names=["a", "b"]))
    assert list(sets) == ["nobody", "one", "u", "v"]
    assert len(sets) == 4
    assert sets["one"].rows() == [("one", "i", 1, 1, 0, 4)]
    assert sets["v"]["row"].to_list() == [1, 3, 5, 6]
    assert sets["v"]["like"].to_list() == [1, 1, 1, 1]  # likes all
    assert sets["nobody"].is_empty()
    assert sets["nobody"].schema == sets["v"].schema
    assert "u" in sets
    assert "w" not in sets
    with pytest.raises(UnknownIdError, match="no user 'w'"):
        sets["w"]
    assert {user: len(rows) for user, rows in sets.items()} == {
        "nobody": 0, "one": 1, "u": 2, "v": 4,
    }  # fmt: skip
    assert repr(sets) == "AttributeSets(7 rows of 4 users, 2 attributes)"


def test_sets_as_arrays(log):
    sets = attribute_sets(log, item_attributes(log, names=["a", "b"]))
    patterns, likes = sets.arrays()
    assert patterns.dtype == likes.dtype == np.uint8
    assert sets.starts.tolist() == [0, 0, 1, 3, 7]
    assert patterns[3:].tolist() == [[0, 0], [1, 1], [0, 1], [0, 1]]
    assert likes.tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_rows_that_are_alike_are_counted(log):
    counted = attribute_sets(log, item_attributes(log, names=["a", "b"])).counted()
    assert counted.columns == ["user", "a", "b", "like", "count"]
    assert counted.rows() == [
        ("one", 1, 1, 0, 1),
        ("u", 1, 1, 0, 2),  # two items alike
        ("v", 0, 0, 1, 1),
        ("v", 1, 1, 1, 1),
        ("v", 0, 1, 1, 2),  # one event twice
    ]


def test_an_empty_log(log):
    attributes = item_attributes(log)
    empty = log.subset(np.zeros(len(log), dtype=bool))
    rows = attribute_rows(empty, attributes)
    assert rows.schema == attribute_rows(log, attributes).schema
    assert rows.is_empty()
    sets = attribute_sets(empty, attributes)
    assert [len(rows) for _, rows in sets.items()] == [0, 0, 0, 0]
    assert sets.counted().is_empty()
    assert sets.arrays()[0].shape == (0, 2)


def test_bad_input_is_said_in_one_sentence(log):
    attributes = item_attributes(log)
    unrated = Dataset.from_frame(EVENTS.drop("rating"), item_table=TABLE)
    with pytest.raises(DataError, match="has no ratings"):
        attribute_rows(unrated, attributes)
    smaller = Dataset.from_frame(EVENTS.filter(pl.col("item") != "l"), item_table=TABLE[:3])
    with pytest.raises(DataError, match=r"are of 4 items and the log 'log' has 3: take those"):
        attribute_rows(smaller, attributes)
    with pytest.raises(ParameterError, match="like must be a rating such as 4, not nan"):
        attribute_rows(log, attributes, float("nan"))
    named = item_attributes(log, names=["a", "like"])
    with pytest.raises(ParameterError, match="cannot be called 'like'"):
        attribute_rows(log, named)


@pytest.mark.mirror
def test_user_1_of_movielens_1m_likes_45_of_53(mirror):
    log = load("movielens-1m", mirror=mirror, offline=True)
    attributes = item_attributes(log)
    sets = attribute_sets(log, attributes)
    assert (len(sets[1]), sets[1]["like"].sum()) == (53, 45)
    assert sets[1]["row"].to_list() == list(range(1, 54))
    # Of the first 34 of the file 26 are likes, and all of the last 19 are.
    assert sets[1]["like"][:34].sum() == 26
    counted = sets.counted()
    assert counted["count"].sum() == len(log)
    assert counted.filter(pl.col("user") == 1)["count"].sum() == 53
    patterns, likes = sets.arrays()
    assert patterns.sum() == attributes.matrix[log.events["item"].to_numpy()].sum()
    assert likes.sum() == (log.ratings >= 4).sum()
