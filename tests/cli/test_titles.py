from __future__ import annotations

import polars as pl
import pytest

from penchant.cli.titles import find_title
from penchant.errors import UnknownIdError
from penchant.wording import spoken

TITLES = (
    "Toy Story (1995)",
    "Toy Story 2 (1999)",
    "Terminator, The (1984)",
    "Terminator 2: Judgment Day (1991)",
    "Star Wars (1977)",
    "American in Paris, An (1951)",
    "star wars",
)


@pytest.mark.parametrize(
    ("wish", "position"),
    [
        ("Toy Story (1995)", 0),
        ("toy story (1995)", 0),
        ("Toy Story", 0),
        (" toy story 2", 1),
        ("The Terminator", 2),
        ("the term", 2),
        ("terminator, the", 2),
        ("judgment", 3),
        ("An American in Paris", 5),
        ("star wars", 6),
    ],
)
def test_finds(wish, position):
    assert find_title(TITLES, wish) == position


@pytest.mark.parametrize(
    ("wish", "position"),
    [
        ("gruner tee", 0),
        ("GIESSKANNE", 1),
        ("amelie", 2),
        ("Amélie", 3),
        ("fabuleux destin d'am", 2),
    ],
)
def test_accents_do_not_matter_where_no_title_has_them_as_written(wish, position):
    titles = ("Grüner Tee", "Gießkanne", "Le Fabuleux Destin d'Amélie (2001)", "Amélie")
    if wish == "amelie":
        titles = titles[:3]
    assert find_title(titles, wish) == position


def test_several_are_listed():
    with pytest.raises(UnknownIdError, match=r"2 titles fit 'toy', .*Story \(1995\); Toy Story 2"):
        find_title(TITLES, "toy")
    with pytest.raises(UnknownIdError, match=r"12 titles fit 'a'.* and 2 more\."):
        find_title([f"a{n}" for n in range(12)], "a")


def test_items_of_one_title_are_told_apart_by_their_ids():
    ids = pl.Series(["22423", "85123A", "85123B"])
    titles = ("CAKESTAND", "WHITE HEART", "WHITE HEART")
    with pytest.raises(UnknownIdError) as caught:
        find_title(titles, "white heart", ids)
    assert str(caught.value) == (
        "2 titles fit 'white heart', write more of the one you mean, or give its id with --items: "
        "WHITE HEART (85123A); WHITE HEART (85123B)."
    )


@pytest.mark.parametrize("wish", ["Casablanca", "", "  "])
def test_none_fits(wish):
    with pytest.raises(UnknownIdError, match=r"No title fits .*: write less"):
        find_title(TITLES, wish)


def test_spoken():
    assert spoken("Big Lebowski, The (1998)") == "the big lebowski"
    assert spoken("2001: A Space Odyssey (1968)") == "2001: a space odyssey"
