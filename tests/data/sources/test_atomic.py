import os
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from penchant.data.reading.log_reader import read
from penchant.data.sources import atomic, load
from penchant.errors import DataError, DownloadError

MIRROR = os.environ.get("PENCHANT_MIRROR")
ML = {
    "ml-100k.inter": (
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        "196\t242\t3\t881250949\n186\t267\t3.5\t891717742.5\n"
    ),
    "ml-100k.item": (
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "1\tToy Story\t1995\tAnimation Children's Comedy\n"
        "242\tLand Before Time III (1995)\tV\tAnimation\n"
        "267\tunkonwn\tunkonwn\tunknown\n"
    ),
    "ml-100k.user": (
        "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
        "186\t24\tM\ttechnician\t85711\n196\t53\tF\tother\t02215\n"
    ),
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_log_with_tables(tmp_path: Path) -> None:
    log = atomic.read(write(tmp_path, ML), scale=(1, 5))
    assert log.name == "ml-100k"
    assert log.frame().select("user", "item", "rating", "time", "row").rows() == [
        (196, 242, 3.0, datetime(1997, 12, 4, 15, 55, 49), 1),
        (186, 267, 3.5, datetime(1998, 4, 4, 19, 22, 22, 500_000), 2),
    ]
    assert log.item_table is not None
    assert log.item_table.rows() == [
        (1, "Toy Story", 1995, ["Animation", "Children's", "Comedy"]),
        (242, "Land Before Time III (1995)", 1995, ["Animation"]),
        (267, "unkonwn", None, []),
    ]
    assert log.user_table is not None
    assert log.user_table.columns == ["user", "age", "gender", "occupation", "zip"]
    assert log.user_table["zip"].to_list() == ["85711", "02215"]
    assert log.user_table["age"].to_list() == [24, 53]


def test_every_type_of_column(tmp_path: Path) -> None:
    write(tmp_path, {
        "x.inter": (
            "u:token\ti:token\tcode:token\ttags:token_seq\tvector:float_seq\tnote:token\n"
            '7\ta\t007\tred "blue\t0.5 -1\t\n'
            "8\tb\t12\t\t2\thello world\n"
        )
    })  # fmt: skip
    log = atomic.read(tmp_path, user="u", item="i")
    assert log.users.kind == "integer"
    assert log.items.kind == "string"
    assert not log.has_ratings
    assert not log.has_times
    further = log.events.select("code", "tags", "vector", "note")
    assert further.rows() == [
        ("007", ["red", '"blue'], [0.5, -1.0], None),
        ("12", [], [2.0], "hello world"),
    ]


def test_ids_of_log_and_table_agree(tmp_path: Path) -> None:
    write(tmp_path, {
        "x.inter": "user_id:token\titem_id:token\n1\t10\n",
        "x.item": "item_id:token\tyear:token\n10\t1999\nB00\t2001\n",
        "x.user": "user_id:token\n1\n",
    })  # fmt: skip
    log = atomic.read(tmp_path)
    assert log.items.ids.to_list() == ["10", "B00"]
    assert log.users.ids.to_list() == [1]


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_times_in_finer_units(tmp_path: Path, factor: int) -> None:
    head = "user_id:token\titem_id:token\ttimestamp:float\n"
    write(tmp_path, {"x.inter": f"{head}1\t1\t{1_400_000_000 * factor}\n"})
    assert atomic.read(tmp_path).events["time"].to_list() == [datetime(2014, 5, 13, 16, 53, 20)]


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({}, "should have one .inter file, and has none"),
        ({"a.inter": "", "b.inter": ""}, r"has a\.inter, b\.inter: name it"),
        ({"a.inter": ""}, "cannot be read as an atomic file"),
        ({"a.inter": "user_id\titem_id\n1\t2\n"}, "heading 'user_id' should be a name, a colon"),
        (
            {"a.inter": "user_id:token\titem:token\n1\t2\n"},
            "has no column 'item_id', only user_id, item",
        ),
        ({"a.inter": "user_id:token\titem_id:token\tx:float\n1\t2\tten\n"}, "other than a number"),
        (
            {"a.inter": "user_id:token\titem_id:token\n1\t2\n", "a.item": "id:token\n2\n"},
            "no column of item ids, only id",
        ),
    ],
)
def test_other_files_are_refused(tmp_path: Path, files: dict[str, str], match: str) -> None:
    with pytest.raises(DataError, match=match):
        atomic.read(write(tmp_path, files))


@pytest.mark.mirror
@pytest.mark.skipif(MIRROR is None, reason="PENCHANT_MIRROR names no mirror")
def test_the_wheel_has_the_original_events(tmp_path: Path) -> None:
    try:
        copy = load("movielens-100k", form="atomic", offline=True)
    except DownloadError:
        pytest.skip("the cache has no copy from the wheel, as fetch(form='atomic') gets one")
    original = load("movielens-100k", form="original", cache=tmp_path, offline=True)
    assert copy.fingerprint == original.fingerprint
    assert copy.events.equals(original.events)
    assert copy.item_table is not None
    assert original.item_table is not None
    assert copy.item_table["year"].equals(original.item_table["year"])
    assert copy.item_table["genres"].equals(original.item_table["genres"])
    assert copy.user_table is not None
    assert original.user_table is not None
    assert copy.user_table.equals(original.user_table.select(copy.user_table.columns))
    assert isinstance(copy.item_table.schema["genres"], pl.List)


def test_events_that_cannot_be_used_are_left_out_and_listed(tmp_path: Path) -> None:
    head = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    rows = ["1\t2\t3\t978300760", "1\t3\t4\t1e30", "2\t2\t\t978300761", "2\t3\t5\t-1"]
    rows += [f"3\t{n}\t5\t97830077{n}" for n in range(5)]
    log = atomic.read(write(tmp_path, {"x.inter": head + "\n".join(rows) + "\n"}))
    assert len(log) == 6
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "problem").rows() == [
        (2, "time '1e+30' lies more than a year in the future"),
        (3, "missing rating"),
        (4, "time '-1.0' lies before 1970"),
    ]


def test_times_and_ratings_that_are_tokens(tmp_path: Path) -> None:
    head = "user_id:token\titem_id:token\trating:token\ttimestamp:token\n"
    rows = "1\t2\tlike\t2024-03-05\n1\t3\tdislike\t2024-03-06\n"
    log = atomic.read(write(tmp_path, {"x.inter": head + rows}))
    assert log.ratings.tolist() == [1.0, 0.0]
    assert log.events["time"].to_list() == [datetime(2024, 3, 5), datetime(2024, 3, 6)]
    words = rows.replace("2024-03-05", "x").replace("2024-03-06", "y")
    with pytest.raises(
        DataError, match="the time column 'timestamp' is not a time since 1970: 'x'"
    ):
        atomic.read(write(tmp_path, {"x.inter": head + words}))


BLANKS = "user_id:token item_id:token rating:float\n1 10 3\n2 10 4.5\n"


def test_blanks_for_tabs_are_read_alike_in_a_folder_and_alone(tmp_path: Path) -> None:
    write(tmp_path, {"rb.inter": BLANKS})
    wanted = [(1, 10, 3.0), (2, 10, 4.5)]
    for log in (atomic.read(tmp_path), read(tmp_path / "rb.inter", quiet=True)):
        assert log.frame().select("user", "item", "rating").rows() == wanted


@pytest.mark.parametrize(
    "text",
    [
        "user_id:token item_id:token\n1 10\n2 10 11\n",
        "user_id:token item_id:token\n1 10\n\n2\n",
        "user_id:token item_list:token_seq\n1 10\n",
        "user_id:token,item_id:token\n1,10\n",
    ],
)
def test_columns_that_nothing_tells_apart_are_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"rb.inter": text})
    with pytest.raises(DataError, match="not separated by tabs"):
        atomic.read(tmp_path)
