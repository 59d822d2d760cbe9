from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.reading.log_reader import read
from penchant.data.reading.quotes import (
    are_quotes_plain,
    count_lines,
    first_lines_of_records,
    last_record_end,
)
from penchant.errors import DataError

CELLS = st.text(st.sampled_from('ab,"\n'), max_size=6)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=8)


def written(rows: list[list[str]], newline: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=newline).writerows(rows)
    return buffer.getvalue()


@given(TABLES, st.sampled_from(["\n", "\r\n"]), st.integers(0, 60))
def test_records_that_python_writes_end_where_they_do(rows, newline, upto):
    texts = [written([row], newline) for row in rows]
    text = "".join(texts).encode()
    ends = [sum(map(len, texts[:n])) for n in range(len(texts) + 1)]
    assert are_quotes_plain(text, ",")
    assert last_record_end(text, upto, quoted=True) == max(e for e in ends if e <= upto)
    lines = [4 + "".join(texts[:n]).count("\n") for n in range(len(texts))]
    assert first_lines_of_records(text, 3).to_list() == lines
    assert first_lines_of_records(text.removesuffix(newline.encode()), 3).to_list() == lines


def test_where_quotes_have_no_meaning_every_line_ends_a_record():
    assert last_record_end(b'a::"b\nc', 8, quoted=False) == 6
    assert last_record_end(b'a::"b\nc', 8, quoted=True) == 0
    assert last_record_end(b"abc", 3, quoted=True) == 0


@pytest.mark.parametrize(
    "text",
    [
        'a"b,c\n',
        '"a"b,c\n',
        'a, "b"\n',
        '"a,b\n',
        'a "b" c,d\n',
        '"a"\r,b\n',
        '"a\rb",c\n',
        '""a,b\n',
    ],
)
def test_quotes_that_are_read_in_several_ways(text):
    assert not are_quotes_plain(text.encode(), ",")


@pytest.mark.parametrize(
    "text", ["a,b\rc\n", '"a,b","c"\r\n', '"","""",""""""\n', '"a\r\nb",c\r\n']
)
def test_quotes_that_are_read_in_one_way(text):
    assert are_quotes_plain(text.encode(), ",")
    assert '"' not in text or not are_quotes_plain(text.encode(), "§")


def test_blank_lines_begin_no_record():
    assert first_lines_of_records(b'\n"a\n\n",b\n\r\n\nc,d', 0).to_list() == [2, 7]
    assert first_lines_of_records(b"", 0).to_list() == []


@given(st.lists(st.sampled_from([b"a", b"\n"]), max_size=30), st.integers(0, 30))
def test_count_lines(parts, upto):
    text = b"".join(parts)
    assert count_lines(text, min(upto, len(text))) == text[:upto].count(b"\n")


def test_a_record_behind_values_that_span_lines_is_found_at_its_line():
    text = 'user,item,rating\n"a\nb",1,4\n\nann,2,5\nann,3,many\n'
    with pytest.raises(DataError, match="rating 'many' is not a number in line 6 "):
        read(io.BytesIO(text.encode()), malformed="raise")
