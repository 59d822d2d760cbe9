from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.sources.book_crossing.lines import Records, header_of, read_records
from penchant.data.sources.book_crossing.tables import BOOKS, USERS, read_books

ORIGINAL = '"User-ID";"ISBN";"Book-Rating"'
COPY = "User-ID,ISBN,Book-Rating"
NAMES = {"userid": "user", "isbn": "isbn", "bookrating": "rating"}


def read(tmp_path: Path, content: str | bytes, name: str = "Ratings.csv") -> Records:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_records(path, NAMES)


def accounted(records: Records) -> int:
    return len(records.frame) + len(records.skipped) + records.blank + records.continued


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"1";"0345', "broken quotes"),
        ('"1";"034545104X";"5"x', "broken quotes"),
        ('"1";"034545104X"', "2 columns instead of 3"),
        ('"1";"034545104X";"5";""', "4 columns instead of 3"),
        ('"1";"03454\x005104X";"5"', "a NUL byte"),
        ('"1";"03454\r5104X";"5"', "a carriage return within the line"),
        ("1", "1 column instead of 3"),
        ('"', "broken quotes"),
    ],
)
def test_malformed_lines_of_the_original_are_listed(
    tmp_path: Path, line: str, problem: str
) -> None:
    text = f'{ORIGINAL}\r\n"276725";"034545104X";"0"\r\n{line}\r\n"276726";"0155061224";"5"\r\n'
    records = read(tmp_path, text)
    assert records.frame["user"].to_list() == ["276725", "276726"]
    assert records.frame["row"].to_list() == [1, 3]
    [skip] = records.skipped
    assert (skip.row, skip.problem, skip.location) == (2, problem, "line 3")
    assert accounted(records) == records.lines == 3


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (r'"1";"\"0432534220";"8"', ("1", '"0432534220', "8")),
        (r'"1";"a\\";"8"', ("1", "a\\", "8")),
        ('"1";"a;b";"8"', ("1", "a;b", "8")),
        ('"1";"the "odd" one";"8"', ("1", 'the "odd" one', "8")),
        ('1;"034545104X";NULL', ("1", "034545104X", None)),
        ("1;034545104X;8", ("1", "034545104X", "8")),
        ('"1";"";"8"', ("1", None, "8")),
    ],
)
def test_odd_lines_of_the_original_that_say_what_they_mean(
    tmp_path: Path, line: str, cells: tuple[str | None, ...]
) -> None:
    records = read(tmp_path, f"{ORIGINAL}\n{line}\n")
    assert records.frame.row(0) == (1, *cells)
    assert not records.skipped


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,"a,b",8', ("1", "a,b", "8")),
        ('1,"the ""odd"" one",8', ("1", 'the "odd" one', "8")),
        ("1,O\\'Reilly,8", ("1", "O\\'Reilly", "8")),
    ],
)
def test_odd_lines_of_a_copy(tmp_path: Path, line: str, cells: tuple[str, ...]) -> None:
    assert read(tmp_path, f"{COPY}\n{line}\n").frame.row(0) == (1, *cells)


def test_a_value_over_several_lines_is_one_record(tmp_path: Path) -> None:
    text = f'{ORIGINAL}\n"1";"a\nb\nc";"8"\n"2";"d";"9"\n'
    records = read(tmp_path, text)
    assert records.frame.rows() == [(1, "1", "a\nb\nc", "8"), (4, "2", "d", "9")]
    assert (records.continued, records.lines) == (2, 4)


def test_an_open_quote_does_not_swallow_the_records_behind_it(tmp_path: Path) -> None:
    text = f'{COPY}\n1,"open,8\n2,b,9\n3,c,7\n4,"d"\n'
    records = read(tmp_path, text)
    assert records.frame["user"].to_list() == ["2", "3"]
    assert [skip.row for skip in records.skipped] == [1, 4]


def test_single_lines_that_are_not_utf8_are_listed(tmp_path: Path) -> None:
    lines = ["1,é,5", "2,ü,5", "3,ß,5"]
    data = "\n".join([COPY, *lines]).encode() + b"\n4,\xe9,5\n5,plain,5\n"
    records = read(tmp_path, data)
    assert records.encoding == "UTF-8"
    assert records.frame["isbn"].to_list() == ["é", "ü", "ß", "plain"]
    assert [(s.row, s.problem) for s in records.skipped] == [(4, "bytes that are not UTF-8")]


def test_a_copy_in_latin_1_is_read_as_such(tmp_path: Path) -> None:
    records = read(tmp_path, f"{COPY}\n1,é,5\n2,ü,5\n".encode("latin-1"))
    assert records.encoding == "Latin-1"
    assert records.frame["isbn"].to_list() == ["é", "ü"]


def test_headers_tell_a_file_in_any_form(tmp_path: Path) -> None:
    for head in (ORIGINAL, COPY, "\ufeff" + COPY):
        path = tmp_path / "file.csv"
        path.write_bytes(f"{head}\r\n{'1;2;3' if head == ORIGINAL else '1,2,3'}\r\n".encode())
        assert header_of(path) == ["userid", "isbn", "bookrating"]
        assert len(read_records(path, NAMES).frame) == 1


def test_empty_files_and_empty_lines(tmp_path: Path) -> None:
    assert read(tmp_path, f"{COPY}\n").lines == 0
    records = read(tmp_path, f"{COPY}\n\n1,a,5\n\n\n2,b,6")
    assert (records.blank, records.lines) == (3, 5)
    assert records.frame["row"].to_list() == [2, 5]


nasty = st.text(alphabet='ab1;,"\\\n\r\0é', max_size=40)


@settings(max_examples=50)
@given(st.lists(nasty, max_size=8), st.sampled_from([ORIGINAL, COPY]), st.booleans())
def test_every_line_is_a_record_or_listed(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], head: str, latin: bool
) -> None:
    text = "\n".join([head, *lines])
    data = text.encode("latin-1" if latin else "utf-8")
    path = tmp_path_factory.getbasetemp() / "nasty.csv"
    path.write_bytes(data)
    records = read_records(path, NAMES)
    body = data.partition(b"\n")[2]
    assert records.lines == body.count(b"\n") + (bool(body) and not body.endswith(b"\n"))
    assert accounted(records) == records.lines
    rows = [*records.frame["row"], *(skip.row for skip in records.skipped)]
    assert len(set(rows)) == len(rows)
    assert all(1 <= row <= records.lines for row in rows)


cell = st.text(alphabet="abé1;, '&\\\"\t", max_size=12)


@settings(max_examples=40)
@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=6), st.booleans())
def test_no_cell_loses_a_character(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], original: bool
) -> None:
    if original:
        escaped = [[c.replace("\\", "\\\\").replace('"', '\\"') for c in row] for row in rows]
        lines = [";".join(f'"{c}"' for c in row) for row in escaped]
        data = "\r\n".join([ORIGINAL, *lines]).encode("latin-1") + b"\r\n"
    else:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([COPY.split(","), *rows])
        data = buffer.getvalue().encode()
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    path.write_bytes(data)
    records = read_records(path, NAMES)
    assert not records.skipped
    assert records.frame.drop("row").rows() == [tuple(c or None for c in row) for row in rows]


def test_an_author_within_the_title_goes_back_to_its_column(tmp_path: Path) -> None:
    head = '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher";"Image-URL-S"'
    line = r'"078946697X";"DK Readers: How It Began (Level 4)\";Michael Teitelbaum";"2000";"DK";"u"'
    path = tmp_path / "BX-Books.csv"
    path.write_text(f"{head}\n{line}\n", "latin-1")
    records = read_books(path)
    assert records.frame.row(0, named=True) == {
        "item": "078946697X",
        "title": "DK Readers: How It Began (Level 4)",
        "author": "Michael Teitelbaum",
        "publisher": "DK",
        "year": 2000,
        "image_small": "u",
        "isbn": "078946697X",
    }
    head = "ISBN,Book-Title,Book-Author,Year-Of-Publication,Publisher,Image-URL-S"
    line = '078946697X,"DK Readers: How It Began (Level 4)\\"";Michael Teitelbaum""",2000,DK,u,'
    path.write_text(f"{head}\n{line}\n")
    assert read_books(path).frame.equals(records.frame)


def test_columns_of_both_kinds_of_user_tables_are_known() -> None:
    assert {"location", "usercity", "userstate", "usercountry"} < set(USERS)
    assert {"publisher", "bookpublisher"} < set(BOOKS)
