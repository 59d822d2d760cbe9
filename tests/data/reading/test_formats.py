from __future__ import annotations

import base64
import gzip
import io
import json
import os
import zlib
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.polars_frames import distinct_names
from penchant.data.reading import unpacking
from penchant.data.reading.log_reader import read
from penchant.errors import DataError, ParameterError

FRAME = pl.DataFrame(
    {
        "userId": [3, 1, 1],
        "asin": ["0123", "0123", "B7"],
        "overall": [5.0, 4.0, 1.5],
        "date": ["2013-09-13", "2013-09-14", None],
    }
)

# A Parquet file of one record with one byte of its structure changed: Polars panics.
PANIC = (
    "c-oCp%}&BV5T33L;oyOTyP-)Bz1Tn`T2>Hh^suN=;vb;Vi<fF!BnmZ@AMxTF_yC@K1dl!dZ{jQX0M51*V@!;"
    "b&CKjKGv9ohY(un)RHYf3IiQ3BfC8~mkYEA93{BA#06~x_Fh^Cb45^HkRfnP1r@#oiU>7Dg)9{0c{GX^Z@VY"
    "aisbW4Wpy`ZL&af4;sS>A@Xd8QKKL`d?#bt{m){vx<1xYkrE0|A;{!8cMOecFKbOFp4qW`IZO$lYd-V{d6G="
    ">E!COa=$t>g3c@ao#@I@u3pMcSGr&~~J&j_`ipOzsi1FGMJ|qSzEm4XlsH60Zx<PWtLHmZYmmckqBs)%J`u?"
    "yJQ?)=#l+$9eP1)$ZKgvq6L%NAsm*36{R+k?%zIV{9e7hcVH%C7%+}#anUoM(U|2{KYGNHW6ZT6S7B*;MVDf"
    "M(%DhxDI-GW90S2PS7*>a&g%*a+kx-t!q?#+v1n*s_(nJ;`>$Z7E8QRbu8QAcG>s2UvWIw=6S841K@#o{C^G"
    "nlb@i!hq("
)


def same(log):
    assert log.frame().select("user", "item", "rating", "row").rows() == [
        (3, "0123", 5.0, 1),
        (1, "0123", 4.0, 2),
        (1, "B7", 1.5, 3),
    ]
    assert log.events["time"].null_count() == 1


def test_frames(notices):
    for frame in (FRAME, FRAME.lazy(), FRAME.to_pandas(), FRAME.to_arrow()):
        same(read(frame, quiet=True))
    assert notices() == ""
    with pytest.raises(DataError, match="A list of sources needs one file or more"):
        read([1, 2])  # type: ignore[arg-type]


def test_pandas_with_mixed_columns_and_gaps():
    frame = pd.DataFrame({"user": [1.0, 2.0, None], "item": ["a", 7, "b"], "rating": [1, 2, 3]})
    log = read(frame, quiet=True)
    assert log.frame().select("user", "item").rows() == [(1, "a"), (2, "7")]
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == ["missing user"]


def test_typed_ids_stay_what_they_are():
    log = read(pl.DataFrame({"user": ["1", "2"], "item": [1, 2]}))
    assert (log.users.kind, log.items.kind) == ("string", "integer")
    cents = pl.DataFrame({"user": [1], "item": [2], "rating": [Decimal("3.5")]})
    assert read(cents).ratings.tolist() == [3.5]
    assert read(pa.table({"user": [1], "item": [2]})).n_users == 1


def test_parquet(tmp_path):
    path = tmp_path / "log.parquet"
    FRAME.write_parquet(path)
    same(read(path, quiet=True))


def test_json_lines(tmp_path):
    records = [{**row, "style": {"Size:": n}} for n, row in enumerate(FRAME.to_dicts())]
    lines = "\n".join(json.dumps(r) for r in records) + "\n"
    path = tmp_path / "log.json.gz"
    path.write_bytes(gzip.compress(lines.encode()))
    same(read(path, quiet=True))
    path.write_text("[" + ",".join(json.dumps(r) for r in records) + "]")
    same(read(path, quiet=True))


def test_malformed_json_lines(tmp_path):
    path = tmp_path / "log.jsonl"
    good = '{"user": "a", "item": "b", "rating": %s}\n'
    path.write_text(good % 1 + "\n" + '{"user": "a", "item"\n[1]\n' + good % '"x"' + good % 2 * 4)
    log = read(path, quiet=True)
    assert log.origin.skipped is not None
    assert log.origin.skipped["row"].to_list() == [2, 3, 4]
    assert log.events["row"].to_list() == [1, 5, 6, 7, 8]
    with pytest.raises(DataError, match=r"not JSON .* in line 3"):
        read(path, malformed="raise")
    path.write_text("{nonsense\n{more}\n")
    with pytest.raises(DataError, match=r"log\.jsonl is no JSON lines"):
        read(path)


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("a\0b.csv", {}, "a name cannot have NUL in it"),
        ("x" * 5000, {}, "cannot be read: File name too long"),
        (io.BytesIO(b"user,item\n1,2\n"), {"encoding": "base64"}, "There is no encoding 'base64'"),
        (io.BytesIO(b"user,item\n1,2\n"), {"encoding": "utf-8\0"}, "There is no encoding"),
        ("postgresql+psycopg://u@127.0.0.1:x/d", {}, "A database URL has the form"),
    ],
)
def test_sources_that_cannot_be_are_one_sentence(source, options, words):
    with pytest.raises(DataError, match=words):
        read(source, **options)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "_HARMLESS", 10**6)
    for name, packed in (
        ("zeros.csv.gz", gzip.compress(bytes(5 * 10**6))),
        ("zeros.csv.zst", zstandard.compress(bytes(5 * 10**6))),
    ):
        path = tmp_path / name
        path.write_bytes(packed)
        with pytest.raises(DataError, match=r"unpacks to more than \d+ MB of 0\.0 MB"):
            read(path)


def test_many_members_with_padding_are_one_file(tmp_path):
    lines = [f"{n},{n % 7},{n % 5}\n".encode() for n in range(3000)]
    path = tmp_path / "log.csv.gz"
    path.write_bytes(
        b"".join(gzip.compress(line) + b"\0" * (n % 3) for n, line in enumerate(lines))
    )
    assert len(read(path, quiet=True)) == 3000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero"):
        with pytest.raises(DataError, match="is a pipe or a device and no file"):
            read(path)


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", " a ", "", "b", "column_1", "column_1_2"])))
def test_names_of_columns_are_distinct_and_the_first_ones_stay(names):
    distinct: list[str] = []
    for n, name in enumerate(names):
        wanted = name.strip() or f"column_{n}"
        numbered = (f"{wanted}_{k}" for k in range(2, 100))
        distinct.append(next(c for c in (wanted, *numbered) if c not in distinct))
    assert distinct_names(names) == distinct


def test_very_many_columns_take_linear_time(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join("1" for _ in range(10_000)) + "\n" + ",".join("2" * 10_000) + "\n")
    assert len(read(path)) == 20_000  # a row per user and a column per item
    path.write_text(",".join("a" for _ in range(10_000)) + "\n" + ",".join("b" * 10_000) + "\n")
    with pytest.raises(DataError):
        read(path)


@pytest.mark.parametrize("form", ["lines", "array", "nested"])
def test_very_many_names_in_json_take_memory_by_values(form, tmp_path, notices):
    rows = [{"user": n % 50, "item": n % 40, f"k{n}": 1} for n in range(10_000)]
    if form == "nested":
        rows = [{"user": n % 50, "item": n % 40, "more": {f"k{n}": 1}} for n in range(10_000)]
    path = tmp_path / "log.json"
    lines = "\n".join(map(json.dumps, rows))
    path.write_text(json.dumps(rows) if form == "array" else lines)
    log = read(path)
    assert len(log) == 10_000
    if form == "nested":
        assert log.events["more"][1] == '{"k1": 1}'
    else:
        assert log.events.width < 10
        assert "10,000 names, such as 'k0', are left out" in notices()


def test_frequent_names_among_very_many_stay(tmp_path):
    rows = [
        {"user": n, "item": 1, "often": n, **{f"k{n}-{k}": 1 for k in range(9)}} for n in range(200)
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    log = read(path, quiet=True)
    assert log.events["often"].to_list() == list(range(200))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("inner", ["", "1"])
def test_deep_values_are_json_text(opening, closing, inner):
    value = opening * 400 + (inner or "null") + closing * 400
    line = '{"user": 1, "item": %d, "more": ' + value + "}\n"
    log = read(io.BytesIO("".join(line % n for n in range(5)).encode()), quiet=True)
    assert len(log) == 5
    assert json.loads(log.events["more"][0]) == json.loads(value)


def test_a_damaged_parquet_file_is_one_sentence_without_a_trace(tmp_path, capfd):
    path = tmp_path / "log.parquet"
    path.write_bytes(zlib.decompress(base64.b85decode(PANIC)))
    with pytest.raises(DataError, match=r"^log\.parquet is a damaged or unfinished Parquet file.*"):
        read(path)
    assert capfd.readouterr().err == ""


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user": [1] * 10**6, "item": [2] * 10**6}).write_parquet(path)
    assert path.stat().st_size < 10**5
    assert len(read(path, max_bytes=10**8)) == 10**6
    with pytest.raises(DataError, match=r"unpacks to more than 1 MB.*raise max_bytes"):
        read(path, max_bytes=10**6)


def test_most_bytes_can_be_set(tmp_path):
    text = b"user,item\n" + b"1,2\n" * 1000
    for path, content in (
        (tmp_path / "log.csv", text),
        (tmp_path / "log.csv.gz", gzip.compress(text)),
    ):
        path.write_bytes(content)
        assert len(read(path, max_bytes=len(text), quiet=True)) == 1000
        with pytest.raises(DataError, match=r"raise max_bytes \(--max-bytes\)"):
            read(path, max_bytes=len(text) - 1)
        with path.open("rb") as file, pytest.raises(DataError, match="raise max_bytes"):
            read(file, max_bytes=len(text) - 1)
    with pytest.raises(ParameterError, match="max_bytes must be 1 or more"):
        read(tmp_path / "log.csv", max_bytes=0)


def test_files_opened_as_text_are_refused():
    with pytest.raises(DataError, match="open it with mode 'rb'"):
        read(io.StringIO("user,item\n1,2\n"))  # type: ignore[arg-type]


def test_records_after_very_many_blank_lines_are_read():
    log = read(io.BytesIO(b"user,item\n" + b"\n" * 200_000 + b"1,2\n3,4\n"), quiet=True)
    assert log.users.ids.to_list() == [1, 3]
