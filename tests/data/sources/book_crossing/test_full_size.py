"""Book-Crossing at its full size, made here with the published counts, and the copy in a mirror."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.sources import book_crossing, load
from penchant.data.sources.book_crossing.counts import FULL, compare
from penchant.data.sources.book_crossing.tables import read_users
from penchant.data.target import default_like_threshold


def isbns(n: int) -> npt.NDArray[np.str_]:
    """Distinct valid ISBN-10s."""
    cores = np.arange(n) * 7 + 100_000
    digits = cores[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = np.array(list("0123456789X"))[-(digits @ np.arange(10, 1, -1)) % 11]
    return np.char.add(np.char.zfill(cores.astype(str), 9), check)


def write(frame: pl.DataFrame, path: Path) -> None:
    """A file as the original dump has it, in Latin-1."""
    text = frame.write_csv(separator=";", quote_style="always", line_terminator="\r\n")
    path.write_bytes(text.encode("latin-1"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three files of the original dump with the published counts and made-up content."""
    folder = tmp_path_factory.mktemp("full")
    rng = np.random.default_rng(13)
    ratings = np.repeat(np.arange(11), (FULL.zeros, *FULL.explicit))
    books = isbns(340_556)  # so many distinct ones are rated, those with a zero included
    user = rng.integers(0, 278_858, FULL.ratings)
    book = rng.integers(0, len(books), FULL.ratings)
    for column, known in ((user, FULL.n_raters), (book, FULL.n_rated_books)):
        explicit = column[FULL.zeros :]  # every one of those known has an explicit rating
        explicit[:] = np.arange(len(explicit)) % known
        rng.shuffle(explicit)
    order = rng.permutation(FULL.ratings)
    frame = pl.DataFrame(
        {"User-ID": user[order] + 1, "ISBN": books[book[order]], "Book-Rating": ratings[order]}
    )
    write(frame, folder / "BX-Book-Ratings.csv")
    n = pl.col("n")
    odd = pl.when(n % 20 == 0).then(pl.lit("Caf\u00c3\u00a9 &amp; ")).otherwise(pl.lit(""))
    frame = pl.DataFrame({"ISBN": books[:271_360]}).with_row_index("n")
    frame = frame.with_columns(
        pl.format("{}book {}", odd, n).alias("Book-Title"),
        pl.format("Author {}", n % 1000).alias("Book-Author"),
        (1950 + n % 50).alias("Year-Of-Publication"),
        pl.format("Publisher {}", n % 300).alias("Publisher"),
    )
    write(frame.drop("n"), folder / "BX-Books.csv")
    n = pl.col("User-ID")
    frame = pl.DataFrame({"User-ID": pl.int_range(1, 278_859, eager=True)}).with_columns(
        pl.format("city {}, region {}, usa", n % 50_000, n % 50).alias("Location"),
        (n % 110).alias("Age"),
    )
    write(frame, folder / "BX-Users.csv")
    return folder


def test_the_full_set_agrees_with_what_was_published(full: Path) -> None:
    start = time.process_time()
    log = book_crossing.read(full)
    # Two seconds of one processor or so; far more would mean Python looks at every row.
    assert time.process_time() - start < 20
    assert isinstance(log.origin, book_crossing.BookOrigin)
    assert log.origin.counts == FULL
    assert log.origin.notes[0].startswith("BX-Book-Ratings.csv agrees with the published set")
    assert (len(log), log.n_users, log.n_items) == (433_671, 278_858, 271_360)
    assert log.titles(np.array([0, 1])) == ["Caf\u00e9 & book 0", "book 1"]
    assert default_like_threshold(log.rating_range) == 8


def test_one_line_less_is_said(full: Path, tmp_path: Path) -> None:
    data = (full / "BX-Users.csv").read_bytes().rstrip(b"\r\n")
    (tmp_path / "BX-Users.csv").write_bytes(data[: data.rindex(b"\n") + 12])
    users = read_users(tmp_path / "BX-Users.csv")
    assert [skip.row for skip in users.skipped] == [278_858]
    assert compare(replace(FULL, users=len(users.frame))) == (
        "differs from the published set: 278,857 instead of 278,858 records of users"
    )


@pytest.fixture(scope="module")
def partial(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    cache = tmp_path_factory.mktemp("cache")
    return load("book-crossing", mirror=mirror, cache=cache, offline=True)


@pytest.mark.mirror
def test_the_mirrors_cut(partial: Dataset) -> None:
    assert partial.name == "book-crossing (204,164 of 433,671 ratings)"
    assert isinstance(partial.origin, book_crossing.BookOrigin)
    assert (
        "BX-Ratings.csv a part of the set: 204,164 of 433,671 explicit" in partial.origin.notes[0]
    )
    assert partial.origin.skipped is None
    stars = partial.events["rating"].value_counts().sort("rating")["count"].to_list()
    assert stars == [712, 1173, 2559, 3855, 20080, 16195, 35437, 51206, 34822, 38125]
    # One book of two spellings.
    assert (partial.n_users, partial.n_items) == (48_299, 18_184)
    gaps = book_crossing.catalogue_gaps(partial)
    assert gaps.items.is_empty()
    assert gaps.users.is_empty()


@pytest.mark.mirror
def test_texts_and_places_of_the_mirrors_cut(partial: Dataset) -> None:
    assert partial.item_table is not None
    assert partial.user_table is not None
    by_isbn = partial.item_table.filter(pl.col("item").is_in(["0449003787", "3498020862"]))
    assert by_isbn.sort("item")["title"].to_list() == ['"O" Is for Outlaw', "Die Korrekturen."]
    assert partial.item_table["publisher"].is_in(["L\u00fcbbe"]).any()
    assert not partial.item_table["title"].str.contains(r'&\w+;|\\"').any()
    assert partial.item_table["year"].null_count() == 317
    countries = dict(partial.user_table["country"].value_counts().iter_rows())
    assert countries["usa"] == 34_483
    assert partial.user_table["age"].drop_nulls().is_between(5, 100).all()


@pytest.mark.mirror
def test_the_mirrors_further_files(mirror: Path) -> None:
    folder = mirror / "book-crossing"
    new = book_crossing.read(folder / "BX-NewBooksRatings.csv")
    assert (len(new), new.n_items) == (26_772, 8_924)
    assert book_crossing.catalogue_gaps(new).items.is_empty()
    union = book_crossing.read(folder / "explicit_union.csv")
    assert isinstance(union.origin, book_crossing.BookOrigin)
    assert len(union) == 268_537
    assert union.origin.isbn_report is not None
    assert (union.origin.isbn_report.changed, union.origin.isbn_report.duplicates) == (150, 6)
    zeros = book_crossing.read(folder / "bx_first200k_rows.csv", zeros="only")
    assert len(zeros) == 120_730
