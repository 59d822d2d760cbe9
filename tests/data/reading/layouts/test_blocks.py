from __future__ import annotations

import datetime
import io

import pytest

from penchant.data.reading.layouts.detection import layout_of_text
from penchant.data.sources.releases import read
from penchant.errors import DataError

NETFLIX = "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n1488844,4,2005-09-05\n"
YAHOO = "507|2\n41\t90\t6310\t19:10:00\n7\t30\t6311\t09:00:00\n12|1\n41\t50\t6312\t11:30:00\n"


def read_text(text: str, **options: object):
    return read(io.BytesIO(text.encode()), quiet=True, **options)  # type: ignore[arg-type]


def test_the_form_of_netflix(caplog: pytest.LogCaptureFixture) -> None:
    log = read(io.BytesIO(NETFLIX.encode()))
    assert log.frame().select("user", "item", "rating", "time").rows() == [
        (1488844, 1, 3, datetime.datetime(2005, 9, 6)),
        (822109, 1, 5, datetime.datetime(2005, 5, 13)),
        (1488844, 2, 4, datetime.datetime(2005, 9, 5)),
    ]
    assert [record.message for record in caplog.records] == [
        "the open file: read as blocks, a line for each event of 2 items, whose id stands above "
        "them; override with layout='columns' (--layout columns)."
    ]


def test_the_form_of_yahoo_has_users_above() -> None:
    rows = read_text(YAHOO).frame().select("user", "item", "rating").rows()
    assert rows == [(507, 41, 90), (507, 7, 30), (12, 41, 50)]


def test_users_alone_and_dates_without_ratings() -> None:
    rows = read_text("1:\n5\n6\n2:\n5\n").frame().select("user", "item").rows()
    assert rows == [(5, 1), (6, 1), (5, 2)]
    log = read_text("tea:\nann;2024-03-05\njam:\nbob;2024-03-06\n")
    assert log.has_times
    assert not log.has_ratings


def test_what_does_not_fit_is_listed() -> None:
    text = "7,5,2005-01-01\n" + NETFLIX + "9,1\n3:\n4:\n9,1,2005-09-09\n9,x,2005-09-09\n"
    log = read_text(text, layout="blocks")
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "problem", "content").rows() == [
        (1, "line 1: a line before the first block", "7,5,2005-01-01"),
        (5, "line 7: 2 columns instead of 3", "9,1"),
        (7, "rating 'x' is not a number", "9, 4, x, 2005-09-09"),
    ]
    assert log.events["row"].to_list() == [2, 3, 4, 6]


def test_several_files(tmp_path) -> None:
    (tmp_path / "combined_data_1.txt").write_text(NETFLIX)
    (tmp_path / "combined_data_2.txt").write_text("3:\n822109,1,2005-05-14\n")
    rows = read(tmp_path, quiet=True).frame().select("user", "item").rows()
    assert rows == [(1488844, 1), (822109, 1), (1488844, 2), (822109, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "users:\n  - ann is here\n  - bob was there, too\n",
        "user:item\nann:tea\nbob:jam\n",
        "Note:\nAll of this is prose, which has commas.\nAnd, here, several.\n",
        "1:\n",
        "a|1\nb|2\nc|3\n",
    ],
)
def test_other_texts_are_no_blocks(text: str) -> None:
    assert layout_of_text(text.encode()) is None


def test_no_blocks_is_one_sentence() -> None:
    with pytest.raises(DataError, match="is not in blocks: a line such as '1:'"):
        read_text("user,item\nann,tea\n", layout="blocks")
