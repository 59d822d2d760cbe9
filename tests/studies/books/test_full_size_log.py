"""The made-up log of the full size: its numbers are those that were published."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.sources.book_crossing import FULL
from penchant.data.sources.book_crossing.tables import read_books
from support.scripts import loaded_script


@pytest.fixture(scope="module")
def script():
    with loaded_script("full_size_books") as module:
        yield module


def test_its_numbers_are_those_published(script):
    assert FULL.explicit == script.EXPLICIT
    assert (FULL.zeros, FULL.users, FULL.books) == (script.ZEROS, script.USERS, script.CATALOGUE)
    assert (FULL.n_raters, FULL.n_rated_books) == (script.READERS, script.BOOKS)


def test_numbers_of_ratings_have_the_shape_and_the_sum(script):
    rng = np.random.default_rng(0)
    given = script.counts(script.PER_READER, script.READERS, FULL.n_explicit, rng)
    assert (len(given), given.sum()) == (FULL.n_raters, FULL.n_explicit)
    assert given.max() == pytest.approx(8524, abs=50)
    assert given.min() == 1
    for least in (2, 5, 20, 100):
        share = float((given >= least).mean())
        assert share == pytest.approx(script.PER_READER[least], rel=0.06)


def test_no_pair_comes_twice_and_nobody_gets_more_or_less(script):
    rng = np.random.default_rng(1)
    taste = script.Taste(*(rng.random(60) for _ in range(4)))
    users, books = np.repeat(np.arange(50), 20), np.repeat(np.arange(60), 20)[:1000]
    taken = np.arange(0, 50) * (2 * script.ANY_BOOKS) + 55
    who, what = script.pairs(users, books, taste, taken, rng)
    assert np.array_equal(np.bincount(who), np.full(50, 20))
    assert np.array_equal(np.bincount(what), np.full(50, 20))
    keys = who * (2 * script.ANY_BOOKS) + what
    assert len(np.unique(keys)) == len(keys)
    assert not np.isin(keys, taken).any()


def test_tables_are_read_as_the_original_dump(script, tmp_path):
    rng = np.random.default_rng(2)
    ids = script.isbns(500, rng)
    assert ids.n_unique() == 500
    script.write_books(tmp_path, ids, rng.integers(0, 100, 500), rng)
    text = (tmp_path / "BX-Books.csv").read_bytes().decode("latin-1")
    assert '\\"Revised\\"' in text
    books = read_books(tmp_path / "BX-Books.csv")
    assert sorted(books.frame["item"]) == sorted(ids)
    assert not books.skipped
    assert books.frame.filter(pl.col("title").str.contains('"Revised" Edition')).height > 0
    script.write(tmp_path / "a.csv", ["A", "B"], [pl.Series(["1", "2"]), pl.Series(["x", "NULL"])])
    assert (tmp_path / "a.csv").read_text() == '"A";"B"\n"1";"x"\n"2";NULL\n'
