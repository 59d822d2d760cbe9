from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from penchant.data.quality.log_check import check
from penchant.data.sources.releases import read
from penchant.errors import DataError

HEADER = "user,item,rating\n"


def written(folder: Path, files: dict[str, str | bytes | pl.DataFrame]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def rows_of(source: object, *columns: str, **options: object) -> list[tuple[object, ...]]:
    log = read(source, quiet=True, **options)  # type: ignore[arg-type]
    return list(log.frame().select(columns or ("user", "item", "rating")).iter_rows())


EVENTS = [("ann", "tea", 5.0), ("bob", "jam", 3.0), ("ann", "jam", 4.0)]
FRAME = pl.DataFrame(EVENTS, schema=["user", "item", "rating"], orient="row")
JSON = [json.dumps(dict(zip(("user", "item", "rating"), row, strict=True))) for row in EVENTS]
FORMS = {
    "CSV": {"a.csv": HEADER + "ann,tea,5\n", "b.csv": HEADER + "bob,jam,3\nann,jam,4\n"},
    "packed": {
        "part-0.csv.gz": gzip.compress((HEADER + "ann,tea,5\n").encode()),
        "part-1.csv.gz": gzip.compress((HEADER + "bob,jam,3\nann,jam,4\n").encode()),
    },
    "Parquet": {"part-0.snappy.parquet": FRAME[:1], "part-1.snappy.parquet": FRAME[1:]},
    "JSON lines": {"1.jsonl": JSON[0], "2.jsonl": "\n".join(JSON[1:])},
    "two formats": {"1.csv": HEADER + "ann,tea,5\n", "2.parquet": FRAME[1:]},
    "another order of columns": {
        "1.csv": HEADER + "ann,tea,5\n", "2.csv": "rating,user,item\n3,bob,jam\n4,ann,jam\n",
    },
    "cut from one file": {"x-aa.csv": HEADER + "ann,tea,5\n", "x-ab.csv": "bob,jam,3\nann,jam,4\n"},
    "without headers": {"part-00000": "ann,tea,5\n", "part-00001": "bob,jam,3\nann,jam,4\n"},
    "with what is no part": {
        "a.csv": HEADER + "ann,tea,5\n", "b.csv": HEADER + "bob,jam,3\nann,jam,4\n",
        "_SUCCESS": "", ".a.csv.crc": b"crc\0\1", "empty.csv": "", "c.csv": HEADER,
        "plot.png": b"\x89", "README.txt": "These are our orders.",
        "_delta_log/0.json": "{}", "old/a.csv": "x,y\n1,2\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_folder_of_parts_is_one_log(form: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "orders", FORMS[form])
    assert rows_of(folder) == EVENTS
    log = read(folder, quiet=True)
    assert log.name == "orders"
    assert log.events["row"].to_list() == [1, 2, 3]


def test_a_list_and_a_pattern(tmp_path: Path) -> None:
    folder = written(tmp_path / "orders", FORMS["CSV"])
    paths = [folder / "b.csv", str(folder / "a.csv")]
    assert rows_of(paths) == [*EVENTS[1:], EVENTS[0]]
    assert read(paths, quiet=True).name == "b.csv and 1 more"
    assert rows_of(f"{folder}/*.csv") == EVENTS
    assert rows_of(f"{tmp_path}/**/b.csv") == EVENTS[1:]
    assert read(f"{folder}/*.csv", quiet=True).name == "orders"
    assert rows_of(f"{folder}/*.csv", limit=2) == EVENTS[:2]


def test_numbers_in_names_order_the_files(tmp_path: Path) -> None:
    files = {f"part.{n}.csv": HEADER + f"u{n},i,1\n" for n in range(12)}
    users = [user for user, *_ in rows_of(written(tmp_path, files))]
    assert users == [f"u{n}" for n in range(12)]


def test_folders_of_partitions_are_columns(tmp_path: Path) -> None:
    written(
        tmp_path / "events",
        {
            "date=2024-01-02/shop=north%20side/part-0.parquet": FRAME[1:],
            "date=2024-01-01/shop=__HIVE_DEFAULT_PARTITION__/part-0.parquet": FRAME[:1],
        },
    )
    rows = rows_of(tmp_path / "events", "user", "time", "shop")
    assert [(user, str(time)[:10], shop) for user, time, shop in rows] == [
        ("ann", "2024-01-01", None),
        ("bob", "2024-01-02", "north side"),
        ("ann", "2024-01-02", "north side"),
    ]
    one_day = rows_of(f"{tmp_path}/events/date=2024-01-02/*/*.parquet", "user", "time")
    assert [str(time)[:10] for _, time in one_day] == ["2024-01-02"] * 2


def test_files_of_another_table_are_refused(tmp_path: Path) -> None:
    files = FORMS["CSV"] | {"c.csv": "item,title,rating\ntea,Green tea,1\n"}
    with pytest.raises(
        DataError,
        match=r"^c\.csv has other columns than a\.csv: it lacks 'user' and adds 'title'; name the",
    ):
        rows_of(written(tmp_path, files))


def test_records_of_json_may_lack_what_has_no_role(tmp_path: Path) -> None:
    more = '{"user": "cid", "item": "tea", "rating": 1, "device": "phone"}'
    folder = written(tmp_path, {"1.jsonl": JSON[0], "2.jsonl": more})
    assert rows_of(folder, "user", "device") == [("ann", None), ("cid", "phone")]
    written(tmp_path, {"3.jsonl": '{"item": "tea", "title": "Green tea"}'})
    with pytest.raises(DataError, match=r"3\.jsonl has other columns than 1\.jsonl"):
        rows_of(folder)


def test_columns_of_types_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    tags = pl.DataFrame({"user": ["cid"], "item": ["tea"], "rating": [{"stars": 1}]})
    folder = written(tmp_path, {"1.parquet": FRAME, "2.parquet": tags})
    with pytest.raises(DataError, match=r"column 'rating' has types .* in 2\.parquet"):
        rows_of(folder)


def test_what_is_skipped_names_its_file_and_record(tmp_path: Path) -> None:
    files: dict[str, str | bytes | pl.DataFrame] = {
        "a.csv": HEADER + "".join(f"u{n},tea,5\n" for n in range(10)) + "ann,tea\n",
        "b.csv": HEADER + "ann,tea,many\nbob,jam,3\nann,jam,4,1\n" + "cid,tea,2\n" * 9,
        "c.csv": HEADER + "bob,jam,1\n,jam,2\n",
    }
    log = read(written(tmp_path, files), quiet=True)
    assert log.origin.skipped is not None
    assert list(log.origin.skipped.iter_rows()) == [
        (11, "2 columns instead of 3", "ann,tea", "a.csv", 11),
        (12, "rating 'many' is not a number", "ann, tea, many", "b.csv", 1),
        (14, "4 columns instead of 3", "ann,jam,4,1", "b.csv", 3),
        (25, "missing user", ", jam, 2", "c.csv", 2),
    ]
    rows = [*log.events["row"], *log.origin.skipped["row"]]
    assert sorted(rows) == list(range(1, 26))
    assert "4 records" in str(check(log))
    with pytest.raises(DataError, match=r"2 columns instead of 3 in line 12 of a\.csv"):
        read(tmp_path, quiet=True, malformed="raise")


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no release of MovieLens"):
        read(written(tmp_path / "a", {"notes.pdf": b"%PDF", "_SUCCESS": b""}))
    with pytest.raises(DataError, match="has no file with a record"):
        read(written(tmp_path / "b", {"a.csv": "", "b.csv": HEADER}))
    with pytest.raises(DataError, match="none with a name of this pattern"):
        read(f"{tmp_path}/*.parquet")
    with pytest.raises(DataError, match="needs one file or more"):
        read([])


def test_files_passed_over_by_name_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(written(tmp_path / "orders", FORMS["with what is no part"]))
    assert [record.message for record in caplog.records] == [
        "orders: read 4 files as parts of one table; README.txt and 1 more are no part by name and "
        "passed over."
    ]


def test_lines_of_items_in_several_files(tmp_path: Path) -> None:
    files = {"1.txt": "0 5 6\n1 7\n2 5 6 7\n3 7 7 6 5\n", "2.txt": "4 8\n0 9 5 7\n"}
    rows = rows_of(written(tmp_path / "a", files), "user", "item", "sequence_position")
    assert [row for row in rows if row[0] == 0] == [
        (0, 5, 0),
        (0, 6, 1),
        (0, 9, 2),
        (0, 5, 3),
        (0, 7, 4),
    ]
    files = {"1.txt": "5 6\n7\n", "2.txt": "5 6 7\n"}
    folder = written(tmp_path / "b", files)
    rows = rows_of(folder, "user", "item", layout="sequences")
    assert rows == [(1, 5), (1, 6), (2, 7), (3, 5), (3, 6), (3, 7)]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, FORMS["Parquet"])
    part = folder / "part-1.snappy.parquet"
    part.write_bytes(part.read_bytes()[:20] + bytes(30) + part.read_bytes()[50:])
    with pytest.raises(DataError, match=r"part-1\.snappy\.parquet is a damaged"):
        read(folder)


def test_the_limit_of_bytes_holds_for_all_files_together(tmp_path: Path) -> None:
    content = (HEADER + "ann,tea,5\n" * 1000).encode()
    files: dict[str, str | bytes | pl.DataFrame] = {
        f"{n}.csv.gz": gzip.compress(content) for n in range(9)
    }
    folder = written(tmp_path, files)
    assert len(read(folder, quiet=True)) == 9000
    with pytest.raises(DataError, match="raise max_bytes"):
        read(folder, quiet=True, max_bytes=3 * len(content))
