"""Odd and damaged files of every format are read, all records accounted for, or refused."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import zstandard

from support.fuzzing import generator, tally, tries
from support.odd_layouts import LAYOUTS, workbook
from support.reading_process import MEGABYTES, SECONDS, read_all

NAMES = ("user", "item", "rating", "time")
ODD: tuple[Any, ...] = (
    *("", " ", "nan", "Infinity", "-1e400", "1e20", "10000-01-01", "253402300800", "0000-00-00"),
    *("9" * 30, "-" + "9" * 19, "\u2028", "\ufeff", "é" * 300, "=1+1", "<b>", "None", "1_000"),
    *("2020-02-30", "31/12/99", "+5", "007", "٣", "0x10", "true", "\x1f", "a\tb", "\\N"),
)
ODD_JSON: tuple[Any, ...] = (
    *(*ODD, None, True, [], {}, [1, [2]], {"a": 1}, {"$oid": "x"}, {"b": {"c": []}}, 10**25),
    *(-(10**19), 1e308, "\ud800", 0.1, -0.0, {"$numberInt": "5"}, [{}], {"": 1}),
)


def records(rng: np.random.Generator, odd: tuple[Any, ...]) -> list[list[Any]]:
    """Records of a log of which some cells are odd."""
    n = int(rng.integers(1, 80))
    rows: list[list[Any]] = [
        [f"u{rng.integers(9)}", int(rng.integers(9)), int(rng.integers(1, 6)), 1_500_000_000 + k]
        for k in range(n)
    ]
    for _ in range(rng.integers(0, 1 + n // 4)):
        rows[rng.integers(n)][rng.integers(4)] = odd[rng.integers(len(odd))]
    return rows


def text(rng: np.random.Generator) -> tuple[bytes, int]:
    """Text with separators and how many records it has."""
    separator = str(rng.choice([",", ";", "|", "\t", "::"]))
    quoted = len(separator) == 1 and rng.random() < 0.4
    newline = str(rng.choice(["\n", "\r\n"]))
    rows = records(rng, tuple(cell for cell in ODD if separator not in cell))
    cells = [[f'"{cell}"' if quoted else str(cell) for cell in row] for row in [[*NAMES], *rows]]
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16"]))
    end = newline if rng.random() < 0.8 else ""
    content = newline.join(separator.join(row) for row in cells) + end
    return content.encode(encoding), len(rows)


def json_text(rng: np.random.Generator) -> tuple[bytes, int]:
    """JSON lines or an array, with values and further names of any kind."""
    objects = []
    for row in records(rng, ODD_JSON):
        further = {f"k{rng.integers(1000)}": ODD_JSON[rng.integers(len(ODD_JSON))]}
        objects.append(dict(zip(NAMES, row, strict=True)) | (further if rng.random() < 0.2 else {}))
    if rng.random() < 0.3:
        return json.dumps(objects).encode(), len(objects)
    return "".join(json.dumps(o) + "\n" for o in objects).encode(), len(objects)


def parquet(rng: np.random.Generator) -> tuple[bytes, int]:
    """A Parquet file of text, numbers and lists."""
    rows = records(rng, (None,))
    frame = pl.DataFrame(rows, schema=list(NAMES), orient="row")
    frame = frame.with_columns(tags=pl.concat_list("item", "rating"))
    kind = ("uncompressed", "snappy", "gzip", "zstd", "lz4")[rng.integers(5)]
    file = io.BytesIO()
    frame.write_parquet(file, compression=kind, row_group_size=int(rng.integers(10, 90)))
    return file.getvalue(), len(rows)


def sqlite(rng: np.random.Generator) -> tuple[bytes, int]:
    """An SQLite file, whose columns hold values of any kind."""
    further = (None, b"\xff\x00", 2**62, -1.5)
    rows = records(rng, (*ODD, *further))
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE log (user, item, rating, time)")
        database.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", rows)
        database.commit()
        return database.serialize(), len(rows)


def layouts(rng: np.random.Generator) -> tuple[bytes, int | None, str]:
    """Text whose lines are no records with columns, and the layout."""
    layout = str(rng.choice(list(LAYOUTS)))
    return *LAYOUTS[layout](rng, ODD), layout


def excel(rng: np.random.Generator) -> tuple[bytes, int | None]:
    """An Excel workbook with cells of any kind."""
    return workbook(rng, records(rng, (*ODD, None, True, 2**62, -1.5)), NAMES)


FORMATS = {
    "text": text, "JSON": json_text, "Parquet": parquet, "SQLite": sqlite, "layouts": layouts,
    "Excel": excel,
}  # fmt: skip
SLOW = ("Parquet", "Excel")  # which are read in a process each


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """The bytes with one kind of damage."""
    content = bytearray(data)
    kind = rng.integers(6)
    start, stop = sorted(int(n) for n in rng.integers(0, len(content) + 1, 2))
    if kind == 0:
        return bytes(content[:start])
    if kind == 1:
        del content[start:stop]
    elif kind == 2:
        content[start:start] = content[start:stop] * int(rng.integers(1, 5))
    elif kind == 3:
        content[start:start] = rng.bytes(int(rng.integers(1, 20)))
    elif kind == 4:
        marks = (b'"', b"\0", b"\n", b"{", b"[" * 3000, b"\xff\xfe", b"\\", b",", b"\x1f\x8b")
        content[start:start] = marks[rng.integers(len(marks))]
    else:
        from_end = rng.random() < 0.5  # where Parquet has its structure
        for _ in range(rng.integers(1, 6)):
            place = rng.integers(max(0, len(content) - 600) if from_end else 0, len(content))
            content[place] = (0, 127, 128, 255, rng.integers(256))[rng.integers(5)]
    return bytes(content)


def packed(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """The bytes as they are, or compressed in one or several members, and the name's end."""
    kind = rng.integers(4)
    if kind >= 2:
        return data, ""
    compress = gzip.compress if kind == 0 else zstandard.compress
    half = int(rng.integers(0, len(data) + 1)) if rng.random() < 0.3 else len(data)
    members = [part for part in (data[:half], data[half:]) if part]
    return b"".join(map(compress, members)), ".gz" if kind == 0 else ".zst"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_records_are_accounted_for(name, is_damaged, tmp_path):
    what = f"{'damaged' if is_damaged else 'odd'} files of {name}"
    rng = generator(what)
    written: dict[str, int | None] = {}
    n_files = tries(5 if name in SLOW else 20, 2000)
    for n in range(n_files):
        data, n_records, *layout = FORMATS[name](rng)
        end = ""
        if is_damaged and rng.random() < 0.7:
            data = damaged(data, rng)
        if name != "SQLite":
            data, end = packed(data, rng)
            if is_damaged and end and data and rng.random() < 0.5:
                data = damaged(data, rng)
        path = tmp_path / ".".join([f"{n}", *layout, f"log{end}"])
        path.write_bytes(data)
        written[path.name] = n_records
    account(what, tmp_path, written, is_damaged)


@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_records_of_parts_are_accounted_for(is_damaged, tmp_path):
    what = f"{'damaged' if is_damaged else 'odd'} folders of parts"
    rng = generator(what)
    written: dict[str, int | None] = {}
    for n in range(tries(6, 1000)):
        name = str(rng.choice(["text", "JSON", "Parquet"]))
        end = {"text": "csv", "JSON": "jsonl", "Parquet": "parquet"}[name]
        folder = tmp_path / f"{n}"
        folder.mkdir()
        total = 0
        n_parts = int(rng.integers(1, 5))
        for k in range(n_parts):
            data, n_records = FORMATS[name](rng)[:2]
            total += n_records
            if is_damaged and rng.random() < 0.5:
                data = damaged(data, rng)
            data, packed_end = packed(data, rng)
            (folder / f"part-{k}.{end}{packed_end}").write_bytes(data)
        (folder / "_SUCCESS").touch()
        written[folder.name] = total
    account(what, tmp_path, written, is_damaged)


def account(what: str, folder: Path, written: dict[str, int | None], is_damaged: bool) -> None:
    """Read files, or folders, and compare what was read with what was written."""
    with tally(what) as counts:
        outcomes = read_all([folder / file for file in written])
        for file, n_records in written.items():
            outcome = outcomes.get(file, {"died": "without a word"})
            if fault := fault_of(outcome, None if is_damaged else n_records):
                counts.fault(f"file {file}: {fault}")
            elif "refused" in outcome:
                counts.refused += 1
            else:
                counts.accepted += 1


def fault_of(outcome: dict[str, Any], n_records: int | None) -> str:
    """What should not have happened with a file; empty where nothing."""
    for kind in ("died", "error", "trace"):
        if kind in outcome:
            return f"{kind}: {outcome[kind]} {outcome.get('stderr', '')}"
    if outcome["seconds"] > SECONDS / 2:
        return f"took {outcome['seconds']:.0f} s"
    if outcome["megabytes"] > MEGABYTES:
        return f"took {outcome['megabytes']} MB"
    if "refused" in outcome:
        return "several lines: " + outcome["refused"] if "\n" in outcome["refused"] else ""
    count = outcome["read"] + outcome["skipped"]
    if outcome["distinct"] != count:
        return f"{count} records have {outcome['distinct']} numbers"
    if n_records is not None and count != n_records:
        return f"{outcome['read']} read and {outcome['skipped']} left out of {n_records}"
    return ""
