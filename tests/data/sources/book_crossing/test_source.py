from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import penchant as pn
from penchant.data.sources import CATALOGUE, book_crossing, fetch, load
from penchant.data.sources.book_crossing.counts import FULL, Counts, compare
from penchant.data.sources.book_crossing.locations import split_places
from penchant.data.sources.book_crossing.text_repair import repair_texts
from penchant.errors import DataError, ParameterError

URL = "http://images.amazon.com/images/P/{}.01.{}ZZZZZZZ.jpg"
RATINGS = [
    ("276725", "034545104X", "0"),
    ("276726", "0155061224", "5"),
    ("276726", "034545104x", "8"),
    ("276727", "034545104X", "10"),
    ("276727", "034545104x", "9"),
    ("276729", "9780306406157", "3"),
    ("276729", "NOTAVAILABLE(", "1"),
    ("276729", "0521795028", "0"),
]
BOOKS = [
    ("034545104X", "Flesh &amp; Blood", "M. J. Rose", "2002", "Ballantine Books"),
    ("0155061224", '"O" Is for Outlaw', "Sue Grafton", "0", "Heinle"),
    ("0306406152", "Gute M\u00c3?\u00c2\u00a4dchen; b\u00f6se", "Ute Ehrhardt", "2050", "Plenum"),
    ("034545104x", "Flesh and Blood", "Rose", "2001", "Ballantine"),
    ("0771074670", "Nights", "Gallimard", "DK Publishing Inc", "?"),
]
USERS = [
    ("276725", "tyler, texas, usa", "NULL"),
    ("276726", "seattle, washington, u.s.a.", "18"),
    ("276727", "h, new south wales, australia", "244"),
    ("276729", "rijeka, n/a, croatia", "16"),
    ("276730", "\u00e9vora, , n/a", "0"),
]


def original(folder: Path) -> None:
    """The dump: semicolons, all quoted, Latin-1, backslashes before quotes, Windows newlines."""

    def write(name: str, header: str, rows: Sequence[tuple[str, ...]]) -> None:
        lines = [";".join(f'"{h}"' for h in header.split(","))]
        for row in rows:
            cells = [c if c == "NULL" else '"' + c.replace('"', '\\"') + '"' for c in row]
            lines.append(";".join(cells))
        (folder / name).write_bytes(("\r\n".join(lines) + "\r\n").encode("latin-1"))

    images = "Image-URL-S,Image-URL-M,Image-URL-L"
    head = f"ISBN,Book-Title,Book-Author,Year-Of-Publication,Publisher,{images}"
    write("BX-Book-Ratings.csv", "User-ID,ISBN,Book-Rating", RATINGS)
    write("BX-Books.csv", head, [(*b, *(URL.format(b[0], s) for s in "SML")) for b in BOOKS])
    write("BX-Users.csv", "User-ID,Location,Age", USERS)


def swallowed(text: str) -> str:
    """What a reader that knows no backslash makes of a quoted text with quotes in it."""
    if '"' not in text:
        return text
    first, _, rest = text.replace('"', '\\"').partition('"')
    return f'{first}{rest}"'


def with_commas(folder: Path) -> None:
    """The copy that circulates: commas, UTF-8, ages with a decimal, the first quotes lost."""
    images = ["Image-URL-S", "Image-URL-M", "Image-URL-L"]
    head = ["ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher", *images]
    books = [(b[0], swallowed(b[1]), *b[2:], *(URL.format(b[0], s) for s in "SML")) for b in BOOKS]
    users = [(u, place, "" if age == "NULL" else f"{age}.0") for u, place, age in USERS]
    for name, header, rows in (
        ("Ratings.csv", ["User-ID", "ISBN", "Book-Rating"], RATINGS),
        ("Books.csv", head, books),
        ("Users.csv", ["User-ID", "Location", "Age"], users),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])


def with_places(folder: Path) -> None:
    """The copy with the place in three columns, and a quote that has stuck to the last value."""
    head = ["ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Book-Publisher"]
    users = []
    for user, place, age in USERS:
        city, region, country = place.split(",")
        users.append(
            (user, city, region, "", f'{age}"')
            if "n/a" in country
            else (user, city, region, f'{country}"', "" if age == "NULL" else age)
        )
    places = ["User-ID", "User-City", "User-State", "User-Country", "User-Age"]
    for name, header, rows in (
        ("BX-Ratings.csv", ["User-ID", "ISBN", "Book-Rating"], RATINGS),
        ("BX-Books.csv", head, [(b[0], swallowed(b[1]), *b[2:]) for b in BOOKS]),
        ("BX-Users.csv", places, users),
    ):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\r\n").writerows([header, *rows])


FORMS = pytest.mark.parametrize("write", [original, with_commas, with_places])


@FORMS
def test_the_three_forms_say_the_same(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path)
    assert book_crossing.can_read(tmp_path)
    log = book_crossing.read(tmp_path)
    assert log.frame().select("user", "item", "rating", "row", "isbn").rows() == [
        (276726, "0155061224", 5.0, 2, "0155061224"),
        (276726, "034545104X", 8.0, 3, "034545104x"),
        (276727, "034545104X", 10.0, 4, "034545104X"),
        (276727, "034545104X", 9.0, 5, "034545104x"),
        (276729, "0306406152", 3.0, 6, "9780306406157"),
        (276729, "NOTAVAILABLE(", 1.0, 7, "NOTAVAILABLE("),
    ]
    assert log.scale == (1.0, 10.0)
    assert log.users.ids.dtype == pl.Int64
    assert log.user_table is not None
    assert log.item_table is not None
    people = log.user_table.sort("user").select("user", "age", "city", "region", "country")
    assert people.rows() == [
        (276725, None, "tyler", "texas", "usa"),
        (276726, 18, "seattle", "washington", "usa"),
        (276727, None, None, "new south wales", "australia"),
        (276729, 16, "rijeka", None, "croatia"),
        (276730, None, "\u00e9vora", None, None),
    ]
    books = log.item_table.sort("item").select("item", "title", "author", "publisher", "year")
    assert books.rows() == [
        ("0155061224", '"O" Is for Outlaw', "Sue Grafton", "Heinle", None),
        ("0306406152", "Gute M\u00e4dchen; b\u00f6se", "Ute Ehrhardt", "Plenum", None),
        ("034545104X", "Flesh & Blood", "M. J. Rose", "Ballantine Books", 2002),
        ("0771074670", "Nights", "Gallimard", "?", None),
        ("NOTAVAILABLE(", None, None, None, None),
    ]
    images = [c for c in log.item_table.columns if c.startswith("image_")]
    if write is with_places:
        assert not images
    else:
        of_first = log.item_table.filter(item="034545104X").select(images).row(0)
        assert of_first == tuple(URL.format("034545104X", size) for size in "SML")


@FORMS
def test_everything_that_was_cleaned_is_counted(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path)
    origin = book_crossing.read(tmp_path).origin
    assert isinstance(origin, book_crossing.BookOrigin)
    assert origin.skipped is None
    notes = "\n".join(origin.notes)
    for said in (
        "1 year of publication that was 0, now null",
        "1 year of publication after 2026, now null",
        "1 year of publication that was a text, now null",
        "1 book listed under another spelling",
        "3 titles, authors and publishers with entities, escapes or broken letters"
        if write is not original
        else "2 titles, authors and publishers with",
        "2 ages outside 5 to 100 or no number, now null",
        "1 user with the country in 1 other spelling",
        "1 user without a country",
        "2 of 8 ratings are 0, which means that there is none; these were left out (zeros='drop')",
        "2 of 5 ISBNs respelled",
        "1 of 4 rated books are not in the catalogue, such as NOTAVAILABLE(",
        "a part of the set: 6 of 433,671 explicit ratings and 2 of 716,109 zeros",
    ):
        assert said in notes
    assert origin.isbn_report is not None
    assert (origin.isbn_report.merged, origin.isbn_report.duplicates) == (1, 1)
    assert origin.counts == Counts(
        ratings=8,
        zeros=2,
        explicit=(1, 0, 1, 0, 1, 0, 0, 1, 1, 1),
        n_raters=3,
        n_rated_books=5,
        books=5,
        users=5,
    )


def test_zeros_are_events_without_ratings(tmp_path: Path) -> None:
    original(tmp_path)
    dropped = book_crossing.read(tmp_path)
    implicit = book_crossing.read(tmp_path, zeros="implicit")
    only = book_crossing.read(tmp_path, zeros="only")
    assert [len(log) for log in (dropped, implicit, only)] == [6, 8, 2]
    assert dropped.has_ratings
    assert not implicit.has_ratings
    assert not only.has_ratings
    assert implicit.scale is None
    assert implicit.rating_range is None
    assert only.events["row"].to_list() == [1, 8]
    assert implicit.origin.dropped == ()
    assert len(dropped.origin.dropped) == len(only.origin.dropped) == 1
    assert "zeros='only'" in only.origin.dropped[0]
    # No column that could tell a model the rating after all.
    assert set(implicit.events.columns) == {"user", "item", "row", "isbn"}


def test_isbns_as_they_are(tmp_path: Path) -> None:
    original(tmp_path)
    log = book_crossing.read(tmp_path, isbn="as_written")
    frame = log.frame()
    assert frame["item"].to_list() == frame["isbn"].to_list()
    assert log.item_counts[log.items.indices(pl.Series(["034545104x"]))].tolist() == [2]
    assert log.item_table is not None
    titles = log.item_table.filter(pl.col("item").str.to_uppercase() == "034545104X")
    assert set(titles["title"]) == {"Flesh & Blood", "Flesh and Blood"}
    assert isinstance(log.origin, book_crossing.BookOrigin)
    assert log.origin.isbn_report is None


def test_duplicates_are_kept_and_found_by_the_check(tmp_path: Path) -> None:
    original(tmp_path)
    found = pn.check(book_crossing.read(tmp_path))["conflicting_duplicates"]
    assert found.examples["row"].to_list() == [4, 5]


def test_books_and_users_that_the_tables_do_not_know(tmp_path: Path) -> None:
    original(tmp_path)
    path = tmp_path / "BX-Book-Ratings.csv"
    more = '"99";"0140001794";"7"\r\n"99";"0140001794";"7"\r\n"276729";"0140001794";"7"\r\n'
    path.write_bytes(path.read_bytes() + more.encode())
    log = book_crossing.read(tmp_path)
    gaps = book_crossing.catalogue_gaps(log)
    assert gaps.items.rows() == [("0140001794", 3), ("NOTAVAILABLE(", 1)]
    assert gaps.users.rows() == [(99, 2)]
    assert (gaps.n_items, gaps.n_users) == (5, 4)
    assert str(gaps) == (
        "2 of 5 rated books are not in the catalogue, such as 0140001794, NOTAVAILABLE(; "
        "1 of 4 users with events have no entry, such as 99"
    )
    fewer = log.subset(log.events["rating"].to_numpy() < 7)
    assert book_crossing.catalogue_gaps(fewer).items.rows() == [("NOTAVAILABLE(", 1)]


def test_bad_records_of_all_files_are_listed(
    tmp_path: Path, notices: pytest.CaptureFixture[str]
) -> None:
    original(tmp_path)
    bad = ['"x7";"0140001794";"7"', '"7";"0140001794";"11"', '"7";" ";"7"', '"7";"0140001794";""']
    bad += ['"7";"0140001794";"many"', '"";"0140001794";"7"', '"7";"0140001794']
    path = tmp_path / "BX-Book-Ratings.csv"
    path.write_bytes(path.read_bytes() + "\r\n".join(bad).encode())
    for name, line in (
        ("BX-Books.csv", '"";"No";"";"";"";"";"";""'),
        ("BX-Users.csv", '"u";"";""'),
    ):
        path = tmp_path / name
        path.write_bytes(path.read_bytes() + line.encode())
    log = book_crossing.read(tmp_path)
    skipped = log.origin.skipped
    assert len(log) == 6
    assert skipped is not None
    assert skipped.select("file", "row", "problem").rows() == [
        ("BX-Book-Ratings.csv", 9, "user 'x7' is not a number"),
        ("BX-Book-Ratings.csv", 10, "rating '11' is not a whole number from 0 to 10"),
        ("BX-Book-Ratings.csv", 11, "missing ISBN"),
        ("BX-Book-Ratings.csv", 12, "missing rating"),
        ("BX-Book-Ratings.csv", 13, "rating 'many' is not a whole number from 0 to 10"),
        ("BX-Book-Ratings.csv", 14, "missing user"),
        ("BX-Book-Ratings.csv", 15, "broken quotes"),
        ("BX-Books.csv", 6, "missing ISBN"),
        ("BX-Users.csv", 6, "user is not a number"),
    ]
    assert skipped["content"][0] == "x7, 0140001794, 7"
    assert pn.check(log)["skipped"].count == 9
    assert "9 lines are no records and were left out" in notices()


def test_a_file_of_ratings_by_itself_or_with_tables_of_other_names(tmp_path: Path) -> None:
    with_commas(tmp_path)
    (tmp_path / "Ratings.csv").rename(tmp_path / "union.csv")
    log = book_crossing.read(tmp_path / "union.csv")
    assert log.titles(log.events["item"])[:2] == ['"O" Is for Outlaw', "Flesh & Blood"]
    assert book_crossing.read(tmp_path).fingerprint == log.fingerprint
    (tmp_path / "Users.csv").unlink()
    (tmp_path / "Books.csv").unlink()
    alone = book_crossing.read(tmp_path / "union.csv")
    assert len(alone) == 6
    assert alone.item_table is None
    assert alone.user_table is None
    gaps = book_crossing.catalogue_gaps(alone)
    assert gaps.items.is_empty()
    assert gaps.users.is_empty()
    (tmp_path / "union.csv").rename(tmp_path / "one.csv")
    (tmp_path / "two.csv").write_bytes((tmp_path / "one.csv").read_bytes())
    with pytest.raises(DataError, match=r"several files of ratings \(one.csv, two.csv\)"):
        book_crossing.read(tmp_path)


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    assert not book_crossing.can_read(tmp_path)
    with pytest.raises(DataError, match="User-ID, ISBN and Book-Rating"):
        book_crossing.read(tmp_path)
    films = tmp_path / "ratings.csv"
    films.write_text("userId,movieId,rating,timestamp\n1,2,3,4\n")
    assert not book_crossing.can_read(tmp_path)
    assert not book_crossing.can_read(films)
    films.write_text("User-ID,ISBN,Book-Rating\n1,a,b\n")
    with pytest.raises(DataError, match="no record that can be used, the first because of rating"):
        book_crossing.read(films)
    original(tmp_path)
    with pytest.raises(ParameterError, match="zeros is 'drop', 'implicit' or 'only', not 'keep'"):
        book_crossing.read(tmp_path, zeros="keep")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="isbn is 'normal' or 'as_written'"):
        book_crossing.read(tmp_path, isbn="raw")  # type: ignore[arg-type]


@FORMS
def test_load_finds_every_form_in_a_mirror(
    tmp_path: Path, write: Callable[[Path], None], notices: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mirror" / "book-crossing"
    folder.mkdir(parents=True)
    write(folder)
    where = {"mirror": tmp_path / "mirror", "cache": tmp_path / "cache", "offline": True}
    assert fetch("book-crossing", **where).path == folder  # type: ignore[arg-type]
    log = load("book-crossing", **where)  # type: ignore[arg-type]
    assert log.name == "book-crossing (6 of 433,671 ratings)"
    assert log.origin.source == f"the mirror {tmp_path / 'mirror'}"
    assert log.name in notices()
    all_of_it = pn.load("book-crossing", zeros="implicit", **where)  # type: ignore[arg-type]
    assert all_of_it.name == "book-crossing (8 of 1,149,780 ratings)"
    with pytest.raises(ParameterError, match="movielens-1m cannot be read with zeros"):
        load("movielens-1m", zeros="drop")


def test_an_incomplete_copy_is_not_found(tmp_path: Path) -> None:
    folder = tmp_path / "book-crossing"
    folder.mkdir()
    original(folder)
    (folder / "BX-Users.csv").unlink()
    with pytest.raises(pn.PenchantError, match=r"no BX-Users\.csv for book-crossing"):
        fetch("book-crossing", mirror=tmp_path, cache=tmp_path / "cache", offline=True)
    assert CATALOGUE["book-crossing"].files.archive is not None


def test_files_of_the_full_size_are_compared_with_what_was_published() -> None:
    assert FULL.n_explicit == 433_671
    assert FULL.n_explicit + FULL.zeros == FULL.ratings
    assert compare(FULL).startswith("agrees with the published set: 1,149,780 ratings")
    assert compare(replace(FULL, books=271_379)).startswith("agrees")  # of the original dump
    assert "271,378 instead of 271,360 records of books" in compare(replace(FULL, books=271_378))
    other = replace(FULL, zeros=716_108, explicit=(1_771, *FULL.explicit[1:]), users=None)
    assert compare(other) == (
        "differs from the published set: 716,108 instead of 716,109 zeros; "
        "1,771 instead of 1,770 ratings of 1"
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Fish &amp;amp; Chips &#39;n&#39; &eacute;", "Fish & Chips 'n' \u00e9"),
        ("AT&T", "AT&T"),
        ('\\O\\" Is for Outlaw"', '"O" Is for Outlaw'),
        ('A Child Called \\It\\": Courage"', 'A Child Called "It": Courage'),
        ('He said \\"no\\"', 'He said "no"'),
        ("M\u00c3?\u00c2\u00a4dchen", "M\u00e4dchen"),
        ("M\u00c3\u0083?\u00c3\u0082\u00c2\u00a4dchen", "M\u00e4dchen"),
        ("c\u00c3\u00a1liz", "c\u00e1liz"),
        ("gro\u00c3?\u00c2?e", "gro\u00dfe"),
        ("\u00c3?\u00c2?bel", "\u00c3?\u00c2?bel"),  # one of several capital letters
        ("S\u00c3O PAULO", "S\u00c3O PAULO"),
        ("  ", None),
        (None, None),
    ],
)
def test_texts_are_mended(text: str | None, meant: str | None) -> None:
    assert repair_texts(pl.Series("t", [text], dtype=pl.String)).to_list() == [meant]


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("NYC, New York, USA", ("nyc", "new york", "usa")),
        ("london, england, united kingdom", ("london", "england", "united kingdom")),
        ("edinburgh, , scotland", ("edinburgh", None, "united kingdom")),
        ("lisbon, \\n/a\\, portugal", ("lisbon", None, "portugal")),
        ("x, y, u.s. of a.", (None, None, "usa")),
        ("paris, ile de france, ile, france", ("paris", "ile", "france")),
        ("berlin, deutschland", ("berlin", None, "germany")),
        ("usa", (None, None, "usa")),
        ("casablanca", ("casablanca", None, None)),
        ("n/a, n/a - on the road, universe", (None, None, None)),
        ("12345, , ", (None, None, None)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_places_are_taken_apart(place: str | None, parts: tuple[str | None, ...]) -> None:
    assert split_places(pl.Series([place], dtype=pl.String)).frame.row(0) == parts


def test_countries_in_other_spellings_are_counted() -> None:
    places = split_places(pl.Series(["a, b, us", "c, d, us", "e, f, u.k.", "g, h, usa", None]))
    assert (places.merged, places.spellings) == (3, 2)


def test_a_compressed_file_of_ratings_takes_the_tables_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "book-crossing"
    folder.mkdir()
    original(folder)
    packed = folder / "part.csv.gz"
    rows = ["User-ID,ISBN,Book-Rating,source", "276726,0155061224,5,a", "276727,034545104X,10,b"]
    packed.write_bytes(gzip.compress("\n".join([*rows, ""]).encode()))
    assert book_crossing.can_read(packed)
    part = book_crossing.read(packed)
    assert part.ratings.tolist() == [5, 10]
    assert "Flesh & Blood" in part.titles(part.events["item"])
    named = load("book-crossing/part.csv.gz", mirror=tmp_path, cache=tmp_path / "cache")
    assert named.fingerprint == part.fingerprint
    assert named.name == "book-crossing/part.csv.gz (2 of 433,671 ratings)"
    damaged = tmp_path / "damaged.csv.gz"
    damaged.write_bytes(b"\x1f\x8bno gzip")
    assert not book_crossing.can_read(damaged)
    with pytest.raises(ParameterError, match="no published data set 'book-crossing/part'"):
        load("book-crossing/part", mirror=tmp_path)
