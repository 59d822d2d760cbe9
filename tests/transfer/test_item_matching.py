from __future__ import annotations

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.transfer import match_items, title_key


def log_of(items, *, name="log", events=None, **columns) -> Dataset:
    table = pl.DataFrame({"item": items, **columns})
    frame = pl.DataFrame({"user": [1], "item": [items[0]]}) if events is None else events
    return Dataset.from_frame(frame, item_table=table, name=name)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Matrix, The (1999)", "the matrix"),
        ("The Matrix", "the matrix"),
        ("Bug's Life, A (1998)", "a bug s life"),
        ("Cité des enfants perdus, La (1995)", "cite des enfants perdus la"),
        ("Postino, Il (Postman, The) (1994)", "postino il postman the"),
        ("Fast & Furious", "fast and furious"),
        ("2001: A Space Odyssey (1968)", "2001 a space odyssey"),
        ("???", None),
        (None, None),
    ],
)
def test_titles_are_compared_without_what_varies(title, key):
    frame = pl.DataFrame({"title": [title]}, schema={"title": pl.String})
    assert frame.select(title_key(pl.col("title"))).item() == key


def test_titles_and_years_name_the_same_film():
    log = log_of(
        [1, 2, 3, 4, 5],
        title=["Heat (1995)", "Matrix, The (1999)", "Sabrina (1954)", "Sabrina (1995)", "Her"],
    )
    other = log_of(
        ["a", "b", "c", "d", "e", "f"],
        title=["the matrix", "Heat", "Sabrina", "SABRINA", "Her", None],
        year=[1999, 1986, 1995, None, 2013, 1999],
    )
    found = match_items(log, other, "title")
    # The remake has another year; a title of two films without a year names neither; a film
    # whose year nobody knows is known by its title.
    assert found.items.tolist() == [1, -1, 3, -1, 4, -1]
    assert found.n_matched == 3


def test_a_title_of_two_items_names_none():
    log = log_of([1, 2, 3], title=["Hamlet (1990)", "Hamlet (1990)", "Heat (1995)"])
    other = log_of([7, 8], title=["Hamlet (1990)", "Heat (1995)"])
    assert match_items(log, other, "title").items.tolist() == [-1, 2]


def test_ids_are_equal_or_of_another_type():
    log = log_of([1, 2, 3])
    assert match_items(log, log_of([3, 4, 1]), "item").items.tolist() == [0, 2, -1]
    with pytest.raises(DataError, match="match them on title or text"):
        match_items(log, log_of(["1"]), "item")


def test_texts_of_tables_and_reviews_say_what_is_alike():
    titles = ["warm wool hat", "leather hiking boots", "silver wedding ring"]
    log = log_of(["x", "y", "z"], title=titles)
    events = pl.DataFrame(
        {
            "user": [1, 2, 3],
            "item": ["p", "q", "r"],
            "text": ["These BOOTS are good for hiking!", "a hat of wool", "nothing to do with it"],
        }
    )
    other = Dataset.from_frame(events)
    assert match_items(log, other, "text").items.tolist() == [1, 0, -1]
    assert match_items(log, other, "text", min_cosine=0.99).n_matched == 0


def test_what_logs_lack_is_said():
    bare, titled = log_of([1, 2], name="bare"), log_of([1, 2], title=["a b", "c d"])
    with pytest.raises(DataError, match="'bare' has no titles"):
        match_items(titled, bare, "title")
    with pytest.raises(DataError, match="written of the items of 'bare'"):
        match_items(titled, bare, "text")
    with pytest.raises(ParameterError, match="not on 'isbn'"):
        match_items(titled, bare, "isbn")
