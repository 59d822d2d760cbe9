from __future__ import annotations

import numpy as np
import polars as pl

from penchant.features.labels import label_key, labels_of, numbers_of


def table(**columns):
    n = len(next(iter(columns.values())))
    return pl.DataFrame({"item": range(n)} | columns)


def test_texts_are_compared_by_letters_and_digits():
    texts = [
        "Don Quixote (Penguin Classics)",
        "  DON-QUIXOTE! ",
        "Don Quijote",
        None,
        "(1999)",
        "Ö 2",
    ]
    found = label_key(pl.Series(texts)).to_list()
    assert found == ["don quixote", "don quixote", "don quijote", None, None, "ö 2"]


def test_labels_of_texts():
    (author,) = labels_of(table(author=["B", "a", None, "A ", "b", "once"]), "item")
    assert (author.name, author.size) == ("author", 2)
    owner, label = author.of(np.array([0, 1, 2, 3, 4, 5, -1, 1]))
    assert owner.tolist() == [0, 1, 3, 4, 7]
    assert label.tolist() == [1, 0, 0, 1, 0]


def test_labels_of_lists():
    genres = [["x", "y"], ["y", "x", "x"], [], None, ["y", "z"]]
    (found,) = labels_of(table(genres=pl.Series(genres, dtype=pl.List(pl.String))), "item")
    owner, label = found.of(np.arange(5))
    assert list(zip(owner.tolist(), label.tolist(), strict=True)) == [
        (0, 0), (0, 1), (1, 0), (1, 1), (4, 1),
    ]  # fmt: skip


def test_columns_that_say_nothing_are_left_out():
    n = 60
    found = labels_of(
        table(
            address=[f"http://{i}" for i in range(n)],
            same=["one"] * n,
            rarely=["a", "a"] + [None] * (n - 2),
            kind=["a", "b"] * (n // 2),
            again=["A", " b"] * (n // 2),
            year=[1900 + i for i in range(n)],
            new=[True, False, None] * (n // 3),
        ),
        "item",
    )
    assert [labels.name for labels in found] == ["kind", "new"]


def test_categories_are_labels():
    column = pl.Series(["u", "v", "u", "v"], dtype=pl.Categorical)
    (found,) = labels_of(table(kind=column), "item")
    assert found.values.tolist() == [0, 1, 0, 1]


def test_no_table():
    assert labels_of(None, "item") == ()
    names, numbers = numbers_of(None, "item", 3)
    assert (names, numbers.shape) == ((), (4, 0))


def test_numbers():
    names, numbers = numbers_of(
        table(year=[1990, None, 2000], same=[1, 1, 1], price=[1.5, float("inf"), 2.0]), "item", 3
    )
    assert names == ("year", "price")
    nan = np.nan
    np.testing.assert_array_equal(numbers, [[1990, 1.5], [nan, nan], [2000, 2], [nan, nan]])
