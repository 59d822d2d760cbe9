"""`penchant.read` of folders and files as data sets are released."""

from __future__ import annotations

import gzip
import inspect
import json

import polars as pl
import pytest

import penchant as pn
from penchant.data.reading import log_reader
from penchant.errors import DataError, ParameterError

BOOKS = (
    '"User-ID";"ISBN";"Book-Rating"\n"1";"034545104X";"5"\n"2";"034545104X";"0"\n'
    '"2";"0155061224";"9"\n'
)


@pytest.fixture
def movielens(tmp_path):
    folder = tmp_path / "ml-latest"
    folder.mkdir()
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,7,4.5,100\n2,7,2.0,90\n"
    )
    (folder / "movies.csv").write_text("movieId,title,genres\n7,Sabrina (1995),Comedy|Romance\n")
    return folder


@pytest.fixture
def atomic(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "x.inter").write_text(
        "user_id:token\titem_id:token\trating:float\nu\tA\t4\nv\tB\t1\n"
    )
    (folder / "x.item").write_text("item_id:token\tmovie_title:token_seq\nA\tAn A\nB\tA B\n")
    return folder


@pytest.fixture
def amazon(tmp_path):
    folder = tmp_path / "Gift_Cards"
    folder.mkdir()
    rows = [
        {"reviewerID": f"U{n}", "asin": "B1", "overall": 5.0, "unixReviewTime": 1_400_000_000 + n}
        for n in range(3)
    ]
    with gzip.open(folder / "Gift_Cards.json.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    (folder / "meta_Gift_Cards.json").write_text('{"asin": "B1", "title": "A card"}\n')
    return folder


@pytest.fixture
def books(tmp_path):
    folder = tmp_path / "bx"
    folder.mkdir()
    (folder / "BX-Book-Ratings.csv").write_text(BOOKS, encoding="latin-1")
    return folder


def titles(log):
    return dict(log.item_table.select("item", "title").iter_rows())


def test_movielens(movielens):
    log = pn.read(movielens)
    assert (log.name, len(log), titles(log)) == ("ml-latest", 2, {7: "Sabrina (1995)"})


def test_atomic_files(atomic):
    log = pn.read(str(atomic))
    assert (log.name, titles(log)) == ("shop", {"A": "An A", "B": "A B"})


def test_amazon(amazon):
    log = pn.read(amazon, name="cards")
    assert (log.name, len(log), titles(log)) == ("cards", 3, {"B1": "A card"})
    from_file = pn.read(amazon / "Gift_Cards.json.gz")
    assert titles(from_file) == {"B1": "A card"}
    assert from_file.fingerprint == log.fingerprint


def test_book_crossing_drops_ratings_that_are_none(books):
    assert sorted(pn.read(books).ratings) == [5.0, 9.0]
    assert len(pn.read(books / "BX-Book-Ratings.csv")) == 2


def test_a_file_is_read_as_it_is_said(books):
    log = pn.read(books / "BX-Book-Ratings.csv", separator=";", user="User-ID")
    assert len(log) == 3


def test_positive_goes_with_a_folder(movielens):
    assert pn.read(movielens, positive=">=4").positive == 4.0


def test_tables_go_with_a_folder(movielens):
    table = pl.DataFrame({"movieId": [7, 8], "price": [2.5, 3.0]})
    log = pn.read(movielens, item_table=table)
    assert log.item_table.filter(pl.col("item") == 8)["price"].to_list() == [3.0]
    assert log.n_items == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"user": "userId"}, r"user \(--user\) cannot be used with the folder .*ml-latest"),
        ({"malformed": "raise"}, r"malformed \(--strict\) cannot be used"),
        ({"limit": 3, "time": False}, r"limit \(--limit\), time \(--time\)"),
    ],
)
def test_options_that_say_how_columns_are_read_do_not(movielens, options, words):
    with pytest.raises(ParameterError, match=words):
        pn.read(movielens, **options)


def test_folders_of_nothing_known(tmp_path):
    (tmp_path / "notes.pdf").touch()
    with pytest.raises(DataError, match="no release of MovieLens, no Book-Crossing, no Amazon"):
        pn.read(tmp_path)
    (tmp_path / "a.csv").touch()
    with pytest.raises(DataError, match="has no file with a record"):
        pn.read(tmp_path)


def test_names_of_data_sets_are_for_load(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"pn.load\('movielens-100k'\) reads the published"):
        pn.read("movielens-100k")
    (tmp_path / "movielens-100k").write_text("user,item\n1,2\n")
    assert len(pn.read("movielens-100k")) == 1


def test_everything_else_is_read_as_before(tmp_path):
    frame = pl.DataFrame({"user": [1], "item": [2]})
    assert len(pn.read(frame)) == 1
    with pytest.raises(DataError, match="There is no file"):
        pn.read(tmp_path / "none.csv")
    assert inspect.signature(pn.read) == inspect.signature(log_reader.read)
