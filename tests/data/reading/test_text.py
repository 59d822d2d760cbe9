from __future__ import annotations

import csv
import gzip
import io
import os
from pathlib import Path

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.reading.log_reader import read
from penchant.errors import DataError, ParameterError


def rows(log, *columns):
    return log.frame().select(columns or ("user", "item", "rating")).rows()


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", "||", " "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [True, False])
def test_separators_newlines_and_headers(write, separator, newline, header):
    lines = [("10", "a1", "3.5", "978300760"), ("2", "b2", "4.0", "978302109")]
    if header:
        lines.insert(0, ("userId", "movieId", "rating", "timestamp"))
    path = write(newline.join(separator.join(line) for line in lines) + newline)
    log = read(path, quiet=True, separator="||" if separator == "||" else None)
    assert rows(log) == [(10, "a1", 3.5), (2, "b2", 4.0)]
    assert log.events["time"].dt.year().to_list() == [2000, 2000]
    assert log.events["row"].to_list() == [1, 2]
    assert log.origin.skipped is None


@pytest.mark.parametrize(
    "names",
    [
        "User-ID;ISBN;Book-Rating",
        "reviewerID;asin;overall",
        "user_id:token;item_id:token;rating:float",
        "CUSTOMER ID;Product_ID;Stars",
        "Listener;Artist;Score",
        "subscriber;item;rate",
    ],
)
def test_usual_names_are_recognised_and_said(write, notices, names):
    log = read(write(f"{names}\n1;034545104X;5\n2;0155061224;3\n"))
    assert rows(log) == [(1, "034545104X", 5), (2, "0155061224", 3)]
    assert list(log.origin.columns.values()) == names.split(";")
    said = notices()
    assert "guessed from names" in said
    assert "--user" in said


def test_plain_names_are_no_guess(write, notices):
    log = read(write("user,item,rating\n1,2,3\n"))
    assert log.origin.guessed == ()
    assert notices() == ""


def test_names_and_positions_override(write):
    path = write("user,who,item,rating\n1,7,3,4\n2,8,3,5\n")
    log = read(path, user="who", rating=False, quiet=True)
    assert rows(log, "user", "item", "source_user", "source_rating") == [(7, 3, 1, 4), (8, 3, 2, 5)]
    assert read(path, user=1, quiet=True).origin.columns["user"] == "who"
    headless = write("5,1,9\n4,2,8\n", "x.csv")
    assert rows(read(headless, rating=0, user=2, item=1, quiet=True)) == [(9, 1, 5), (8, 2, 4)]
    with pytest.raises(DataError, match="no column 'nobody'"):
        read(path, user="nobody")
    with pytest.raises(DataError, match="cannot be both user and item"):
        read(path, user="who", item="who")


def test_amazon_2018_ratings_have_the_item_first(write):
    lines = "0001713353,A1C6M8LCIX4M6M,5.0,1123804800\nB000123456,A1REUF3A1YCPHM,4.0,1112140800\n"
    log = read(write(lines), quiet=True)
    assert rows(log)[0] == ("A1C6M8LCIX4M6M", "0001713353", 5)


@pytest.mark.parametrize("late", ["007", "+7", "-0", "B00X", "12.0"])
def test_ids_that_are_no_plain_integers_keep_their_column_a_text(write, late):
    log = read(write("user,item,rating\n" + "1,12,3\n" * 3 + f"1,{late},4\n"))
    assert log.items.ids.to_list() == sorted(["12", late])


def test_further_columns_lose_nothing(write):
    log = read(write("user,item,n,f,version,zip\n1,2,3,0.5,1.10,01234\n1,3,4,2.0,1.2,99999\n"))
    assert log.events.schema["n"] == pl.Int64
    assert log.events.schema["f"] == pl.Float64
    assert log.events["version"].to_list() == ["1.10", "1.2"]
    assert log.events["zip"].to_list() == ["01234", "99999"]


BAD = """user,item,rating,timestamp
1,10,4,978300760
2,10
2,10,4,978300760,7
,10,4,978300760
2,,4,978300760
2,10,good,978300760
2,10,inf,978300760
2,10,,978300760
2,10,4,yesterday

2,11,4,
2,"10,4,978300760
2,12,5,978300761
3,\x00,5,978300761
3,12,5,978300761
3,13,5,978300761
4,13,5,978300761
4,14,5,978300761
4,15,5,978300761
5,15,5,978300761
5,16,5,978300761
5,17,5,978300761
"""


def test_malformed_records_are_listed_and_the_rest_is_read(write, notices):
    log = read(write(BAD))
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "problem").rows() == [
        (2, "2 columns instead of 4"),
        (3, "5 columns instead of 4"),
        (4, "missing user"),
        (5, "missing item"),
        (6, "rating 'good' is not a number"),
        (7, "rating 'inf' is not finite"),
        (8, "missing rating"),
        (9, "time 'yesterday' is not a time"),
        (11, "broken quotes"),
        (13, "a NUL byte"),
    ]
    assert log.events["row"].to_list() == [1, 10, 12, *range(14, 22)]
    assert log.events["time"].null_count() == 1  # a missing time loses no event
    assert "left out 10 of 21 records" in notices()


def test_malformed_raise_names_the_first(write):
    with pytest.raises(DataError, match=r"2 columns instead of 4 in line 3 \('2,10'\)"):
        read(write(BAD), malformed="raise")
    with pytest.raises(ParameterError):
        read(write(BAD), malformed="ignore")  # type: ignore[arg-type]


def test_mostly_malformed_names_column_and_example(write):
    path = write("user,item,stars\na,b,good\na,c,bad\nb,c,3\nb,d,fine\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(
        "log.csv: the rating column 'stars' is not numeric: 'good' in line 2 (and 2 more); "
    )
    assert len(read(path, rating=False, quiet=True)) == 4
    with pytest.raises(DataError, match="3 of 3 records are malformed, the first in line 2"):
        read(write("user,item\n1,2,3\n1,2,3\n1,2,3\n"))


def test_short_and_long_records_do_not_cancel_out(write):
    log = read(write("1::2::3::978300760\n" * 5 + "1::2::3\n1::2::3::978300760::\n"), quiet=True)
    assert log.origin.skipped is not None
    assert log.origin.skipped["row"].to_list() == [6, 7]
    stray = read(write("1::2::3:x:978300760\n" + "1::2::3::978300760\n" * 5), quiet=True)
    assert stray.origin.skipped is not None
    assert stray.origin.skipped["problem"].to_list() == ["3 columns instead of 4"]


def test_quoted_values_may_span_lines(write):
    path = write('user,item,rating,review\n1,2,3,"one, ""two""\nthree"\n1,3,4,\n')
    assert rows(read(path, quiet=True), "item", "text") == [(2, 'one, "two"\nthree'), (3, None)]


def test_decimal_commas(write):
    assert rows(read(write("user;item;rating\n1;2;3,5\n1;3;4\n"))) == [(1, 2, 3.5), (1, 3, 4)]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("978300760", "2000-12-31 22:12:40.000000"),
        ("978300760000", "2000-12-31 22:12:40.000000"),
        ("978300760000001", "2000-12-31 22:12:40.000001"),
        ("978300760000001000", "2000-12-31 22:12:40.000001"),
        ("978300760.5", "2000-12-31 22:12:40.500000"),
        ("3", "1970-01-01 00:00:03.000000"),
        ("20130913", "2013-09-13 00:00:00.000000"),
        ("2013-09-13", "2013-09-13 00:00:00.000000"),
        ("2013-09-13 10:11", "2013-09-13 10:11:00.000000"),
        ("2013-09-13T10:11:12.5", "2013-09-13 10:11:12.500000"),
        ("2013-09-13T10:11:12Z", "2013-09-13 10:11:12.000000"),
        ("2013-09-13T10:11:12+02:00", "2013-09-13 08:11:12.000000"),
        ('"09 3, 2013"', "2013-09-03 00:00:00.000000"),
        ("13.09.2013", "2013-09-13 00:00:00.000000"),
        ("13/09/2013", "2013-09-13 00:00:00.000000"),
        ("09/13/2013 10:11", "2013-09-13 10:11:00.000000"),
        ("13 September 2013", "2013-09-13 00:00:00.000000"),
        ("Fri Sep 13 10:11:12 +0000 2013", "2013-09-13 10:11:12.000000"),
    ],
)
def test_times(write, time, expected):
    log = read(write(f"user,item,time\n1,2,{time}\n1,3,\n"), quiet=True)
    first, second = log.events["time"].dt.to_string("%Y-%m-%d %H:%M:%S%.6f")
    assert (first, second) == (expected, None)


def test_ambiguous_dates_are_said(write, notices):
    read(write("user,item,time\n1,2,03/04/2012\n"))
    assert "month/day/year" in notices()


def test_compressed(write):
    text = b"user,item,rating\n" + b"1,2,3\n" * 1000
    zipped = gzip.compress(text)
    packed = zstandard.compress(text)
    assert len(read(write(zipped, "r.csv.gz"))) == 1000
    assert len(read(write(packed, "r.csv.zst"))) == 1000
    assert len(read(write(gzip.compress(text) + gzip.compress(b"1,2,3\n"), "two.gz"))) == 1001
    for data in (zipped, packed):
        with pytest.raises(DataError, match=rf"cut off.* stop at {len(data) - 5:,} bytes"):
            read(write(data[:-5], "cut"))
    with pytest.raises(DataError, match="damaged gzip"):
        read(write(zipped[:12] + b"\xff\xff\xff" + zipped[15:], "bad.gz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("user,item,rating\n", "no record"),
        ("foo,bar,rating\n1,2,3\n", "no user column was recognised among 'foo', 'bar', 'rating'"),
        ("justonecolumn\nx\n", "no separator was found"),
        (bytes(range(256)) * 40, "binary content"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"PAR1nonsense", "damaged or unfinished Parquet"),
    ],
)
def test_one_sentence_errors(write, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read(write(content))
    assert "log.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match=r"no file .*absent\.csv"):
        read(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="holds no release of MovieLens"):
        read(str(tmp_path))
    with pytest.raises(DataError, match="download it"):
        read("https://example.org/log.csv")


def test_limit_counts_records(write):
    path = write("user,item,rating\n1,2,3\n1,3\n1,4,3\n1,5,3\n")
    log = read(path, limit=3, quiet=True)
    assert log.events["row"].to_list() == [1, 3]
    assert log.origin.skipped is not None


def test_tables_join_the_vocabularies(write):
    films = write("movieId,title,year\n1,Heat,1995\n2,Alien,1979\nX3,Cube,1997\n", "movies.csv")
    people = pl.DataFrame({"id": [5, 6], "age": [30, 40]})
    path = write("userId,movieId,rating\n5,1,3\n")
    log = read(path, item_table=films, user_table=people, quiet=True)
    assert log.items.ids.to_list() == ["1", "2", "X3"]
    assert log.titles() == ["Heat", "Alien", "Cube"]
    assert log.user_table is not None
    assert log.user_table.columns == ["user", "age"]


def test_an_open_file(write):
    with write("user,item\n1,2\n").open("rb") as file:
        assert len(read(file)) == 1
    assert len(read(io.BytesIO(b"user,item\n1,2\n3,4\n"))) == 2


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(WORDS, WORDS, st.integers(1, 5), WORDS), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
)
def test_what_python_writes_is_read_back(records, separator, quote_all):
    buffer = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator="\n")
    writer.writerow(["user", "item", "rating", "text"])
    writer.writerows([f"u{a}.", f"i{b}.", rating, f"t{c}."] for a, b, rating, c in records)
    file = io.BytesIO(buffer.getvalue().encode())
    log = read(file, separator=separator, quiet=True)
    expected = [(f"u{a}.", f"i{b}.", r, f"t{c}.") for a, b, r, c in records]
    assert rows(log, "user", "item", "rating", "text") == expected


@settings(max_examples=60)
@given(st.text(st.sampled_from('1a,"\n\0;:. \r\té'), max_size=60))
def test_any_text_is_read_or_refused_in_one_sentence(text):
    try:
        log = read(io.BytesIO(text.encode()), quiet=True)
    except DataError as error:
        message = str(error)
    else:
        message = repr(log)
        assert len(log) >= 1
    assert "\n" not in message


@pytest.mark.mirror
def test_movielens_1m_as_it_comes():
    mirror = os.environ.get("PENCHANT_MIRROR")
    path = Path(mirror or "") / "movielens-1m" / "ratings.dat"
    if mirror is None or not path.is_file():
        pytest.skip("PENCHANT_MIRROR does not lead to movielens-1m")
    log = read(path, quiet=True)
    assert (len(log), log.n_users, log.n_items) == (1_000_209, 6040, 3706)
    assert rows(log)[0] == (1, 1193, 5)


@pytest.mark.parametrize(
    ("odd", "ids", "skipped"),
    [
        ("007", "string", 0),  # a zero in front is part of an id
        ("+7", "string", 0),
        ("-7", "integer", 0),
        ("", "integer", 1),
        ("99999999999999999999", "string", 0),  # more than an integer holds
        ("B00X", "string", 0),
    ],
)
@pytest.mark.parametrize("separator", [",", "::"])
def test_what_comes_after_a_thousand_integers_is_not_bent(tmp_path, odd, ids, skipped, separator):
    rows = [(n % 40, n, 3) for n in range(1000)] + [(odd, 5, 4)]
    path = tmp_path / "ratings.txt"
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in rows))
    log = read(path, user=0, item=1, rating=2, header=False, separator=separator, quiet=True)
    assert log.users.kind == ids
    assert len(log) == 1001 - skipped
    left_out = 0 if log.origin.skipped is None else log.origin.skipped.height
    assert left_out == skipped
    if not skipped:
        assert str(log.frame()["user"][-1]) == odd
