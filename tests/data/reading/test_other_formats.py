"""Files of formats that are no logs, which are refused with what to do."""

import gzip

import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError

_FRAME = pl.DataFrame({"user": [1, 2], "item": [3, 4], "rating": [5, 4]})
_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
_ANNEX = "/annex/objects/SHA256E-s12345--4d7a21.csv\n"
_BOX = (
    "+------+------+--------+\n| user | item | rating |\n+------+------+--------+\n"
    "|    1 |    3 |      5 |\n|    2 |    4 |      4 |\n+------+------+--------+\n"
)
_PSQL = " user | item | rating \n------+------+--------\n    1 |    3 |      5\n(1 row)\n"
_MARKDOWN = "| user | item |\n|:-----|-----:|\n| 1 | 3 |\n| 2 | 4 |\n"


@pytest.mark.parametrize("name", ["ratings.csv", "ratings.parquet", "log.xlsx"])
def test_pointers_stand_for_files_elsewhere(tmp_path, name):
    for content, command in ((_POINTER, "git lfs pull"), (_ANNEX, "git annex get")):
        path = tmp_path / name
        path.write_text(content)
        with pytest.raises(DataError, match=f"fetch the file with '{command}'"):
            pn.read(path)


def test_tables_of_arrow_are_to_be_passed_as_frames(tmp_path):
    path = tmp_path / "log.feather"
    for kind in ("ipc", "ipc_stream"):
        getattr(_FRAME, f"write_{kind}")(path)
        with pytest.raises(DataError, match=rf"polars\.read_{kind}\('log.feather'\) and pass"):
            pn.read(path)
        assert len(pn.read(getattr(pl, f"read_{kind}")(path), quiet=True)) == 2


@pytest.mark.parametrize("content", [_BOX, _PSQL, _MARKDOWN, _BOX.replace("\n", "\r\n")])
def test_tables_drawn_with_lines(tmp_path, content):
    path = tmp_path / "log.txt"
    path.write_bytes(content.encode())
    with pytest.raises(DataError, match=r"drawn with lines.*mysql --batch or psql --csv"):
        pn.read(path)


@pytest.mark.parametrize("line", ["5 {}:1 {}:1", "-1 {}:0.5\t{}:1e-3 ", "1 0:{}:1 1:{}:1"])
def test_lines_of_sparse_features(tmp_path, line):
    path = tmp_path / "log.libsvm.gz"
    path.write_bytes(
        gzip.compress("".join(line.format(n, 9 + n) + "\n" for n in range(9)).encode())
    )
    with pytest.raises(DataError, match=r"LibSVM and libFM.*row with user, item and rating"):
        pn.read(path)


@pytest.mark.parametrize(
    "content",
    [
        "1::3::5::978300760\n2::4::4::978300761\n",
        "1\t3\t12:30\n2\t4\tnone\n",
        "user|item|rating\n1|3|5\n2|4|4\n",
        "user item\n-- 3\n2 4\n",
    ],
)
def test_other_texts_are_logs(tmp_path, content):
    path = tmp_path / "log.txt"
    path.write_text(content)
    assert len(pn.read(path, quiet=True)) == 2
