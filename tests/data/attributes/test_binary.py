from __future__ import annotations

import polars as pl
import pytest

from penchant.data.attributes.binary import MOVIELENS, item_attributes
from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.errors import DataError, ParameterError


def log_of(genres: list[object], dtype: object = None, column: str = "genres") -> Dataset:
    """A log of one event whose item table has these genres, for the items 0, 1, …."""
    table = pl.DataFrame({"item": range(len(genres)), column: pl.Series(genres, dtype=dtype)})
    events = pl.DataFrame({"user": [1], "item": [0], "rating": [4.0]})
    return Dataset.from_frame(events, item_table=table)


def test_movielens_genres_stand_in_their_order_and_in_one_spelling():
    log = log_of([["Animation", "Children's"], ["Children", "Action"], ["unknown"], [], None])
    attributes = item_attributes(log)
    assert attributes.names == MOVIELENS
    assert attributes.names[:5] == ("Action", "Adventure", "Comedy", "Horror", "Children")
    assert len(attributes.names) == 18
    on = [
        {name for name, value in zip(MOVIELENS, row, strict=True) if value}
        for row in attributes.matrix
    ]
    assert on == [{"Animation", "Children"}, {"Children", "Action"}, set(), set(), set()]
    assert attributes.matrix.dtype == "uint8"
    assert attributes.unknown.rows() == [("unknown", 1)]
    assert attributes.without == 3
    assert repr(attributes) == "Attributes(18 of 5 items, 3 without)"


def test_other_values_come_by_frequency_then_alphabet():
    log = log_of(["b|a", " a |c", "c|c", "", None, "||", "d", "(no genres listed)"])
    attributes = item_attributes(log)
    assert attributes.names == ("a", "c", "b", "d")
    assert attributes.matrix.tolist() == [
        [1, 0, 1, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0] * 4, [0] * 4, [0] * 4, [0, 0, 0, 1], [0] * 4,
    ]  # fmt: skip
    assert attributes.unknown.rows() == [("(no genres listed)", 1)]
    assert attributes.without == 4
    two = item_attributes(log, limit=2)
    assert two.names == ("a", "c")
    assert two.unknown.rows() == [("(no genres listed)", 1), ("b", 1), ("d", 1)]
    assert two.without == 5


def test_one_foreign_value_makes_the_values_found_the_attributes():
    log = log_of([["Drama", "IMAX"], ["Drama", "Children's"]])
    assert item_attributes(log).names == ("Drama", "Children", "IMAX")


def test_named_attributes():
    log = log_of(["Children's|drama", "Drama|Children", "Dramas"])
    attributes = item_attributes(log, names=["Drama", "Children's", "War"])
    assert attributes.names == ("Drama", "Children's", "War")
    assert attributes.matrix.tolist() == [[0, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert attributes.unknown.rows() == [("Dramas", 1), ("drama", 1)]


def test_items_stand_in_the_order_of_the_vocabulary():
    table = pl.DataFrame({"item": ["z", "a"], "tags": ["x", "y"]})
    events = pl.DataFrame({"user": [1, 1], "item": ["m", "z"]})
    attributes = item_attributes(Dataset.from_frame(events, item_table=table), "tags", ["x", "y"])
    assert attributes.matrix.tolist() == [[0, 1], [0, 0], [1, 0]]  # a, m, z


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.List(pl.Categorical), pl.String])
def test_kinds_of_columns_and_another_separator(dtype):
    listed = isinstance(dtype, pl.List)
    values = [["a", "b"], ["b"]] if listed else ["a;b", "b"]
    attributes = item_attributes(log_of(values, dtype), separator=";")
    assert attributes.names == ("b", "a")
    assert attributes.matrix.tolist() == [[1, 1], [1, 0]]


def test_a_column_without_values_needs_names():
    log = log_of([None, None])
    with pytest.raises(DataError, match=r"No item of 'log' has a value in the column 'genres'"):
        item_attributes(log)
    attributes = item_attributes(log, names=["War"])
    assert attributes.matrix.tolist() == [[0], [0]]
    assert attributes.without == 2


def test_an_empty_log():
    events = pl.DataFrame(schema={"user": pl.Int64, "item": pl.Int64, "rating": pl.Float32})
    table = pl.DataFrame(schema={"item": pl.Int64, "genres": pl.List(pl.String)})
    attributes = item_attributes(Dataset.from_frame(events, item_table=table), names=["War"])
    assert attributes.matrix.shape == (0, 1)
    assert attributes.without == 0
    assert attributes.unknown.is_empty()


@pytest.mark.parametrize(
    ("log", "options", "error", "match"),
    [
        (Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1]})), {}, DataError,
         "has no item table"),
        (log_of(["a"]), {"column": "genre"}, DataError,
         "no attributes 'genre'; its columns are genres"),
        (log_of(["a"]), {"column": "item"}, DataError, "no attributes 'item'"),
        (log_of([1999]), {}, DataError, "'genres' of the item table holds Int64"),
        (log_of([[1]]), {}, DataError, r"holds List\(Int64\) and not texts"),
        (log_of(["a"]), {"names": ["a", "b", "a"]}, ParameterError, "'a' is named twice"),
        (log_of(["a"]), {"names": ["Children", "Children's"]}, ParameterError,
         'are one attribute: keep one'),
        (log_of(["a"]), {"names": []}, ParameterError, "at least one"),
        (log_of(["a"]), {"names": ["a", " "]}, ParameterError, "' ' cannot be the name"),
        (log_of(["a"]), {"names": "a"}, ParameterError, "a list of texts"),
        (log_of(["a"]), {"names": ["a", 1]}, ParameterError, "a list of texts"),
        (log_of(["a"]), {"limit": 0}, ParameterError, "limit must be 1 or more"),
        (log_of(["a"]), {"separator": ""}, ParameterError, "separator must be"),
    ],
)  # fmt: skip
def test_bad_input_is_said_in_one_sentence(log, options, error, match):
    with pytest.raises(error, match=match) as caught:
        item_attributes(log, **options)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "expected", "without", "dramas"),
    [
        ("movielens-100k", MOVIELENS, 2, 725),
        ("movielens-1m", MOVIELENS, 0, 1603),
        ("movielens-latest-small", None, 18, 4365),
    ],
)
def test_releases_of_movielens(mirror, name, expected, without, dramas):
    log = load(name, mirror=mirror, offline=True)
    attributes = item_attributes(log)
    if expected is None:  # this release knows IMAX too
        assert set(attributes.names) == {*MOVIELENS, "IMAX"}
        assert attributes.names[:2] == ("Drama", "Comedy")
    else:
        assert attributes.names == expected
    assert attributes.without == without
    assert attributes.unknown.is_empty()
    assert attributes.matrix[:, attributes.names.index("Drama")].sum() == dramas
    by_lists = log.item_table["genres"].list.n_unique().sum()
    assert attributes.matrix.sum(dtype=int) == by_lists
