"""A large text file that is read in pieces is the log that is read at once."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant import memory
from penchant.data.reading import formats, unpacking
from penchant.data.reading.large import decoding
from penchant.data.sources.releases import read
from penchant.errors import DataError
from support.log_outcome import in_pieces_of_a_file, typed_at_once

N = 900
HEADER = "user,item,rating,time"
LINES = [f"u{n % 41},i{n * 7 % 97},{n % 5 + 1},2024-01-{n % 28 + 1:02} 10:00" for n in range(N)]
TEXT = "\n".join([HEADER, *LINES, ""])
NUMBERS = "\n".join([HEADER, *(line.replace("u", "").replace("i", "") for line in LINES), ""])


def both(
    path: Path, caplog: pytest.LogCaptureFixture, size: int | None = None, **options: object
) -> list[int]:
    """Compare the two ways to read; return the numbers of records in the pieces."""
    return in_pieces_of_a_file(path, size or path.stat().st_size // 3, caplog, **options)


def inserted(*texts: str, at: int = 500, header: str = HEADER) -> str:
    return "\n".join([header, *LINES[:at], *texts, *LINES[at:], ""])


def quoted(text: str) -> str:
    """With quotes around the values of every third line."""
    lines = text.split("\n")
    return "\n".join(
        '"' + line.replace(",", '","') + '"' if n % 3 == 2 and line else line
        for n, line in enumerate(lines)
    )


REVIEWED = [
    f'{line},"so ""good"", really\nand\r\n\n{line},{n} ""\n"""' if n % 50 == 7 else f"{line},fine"
    for n, line in enumerate(LINES)
]
ODD = {
    "plain": TEXT,
    "no final newline": TEXT[:-1],
    "CRLF": TEXT.replace("\n", "\r\n"),
    "CRLF without the last one": TEXT.replace("\n", "\r\n")[:-2],
    "a line with CRLF": TEXT.replace("\n", "\r\n", 600).replace("\r\n", "\n", 599),
    "blank lines in front and behind": f"\n\r\n{TEXT}\r\n\n\n",
    "blank lines": inserted("", "\r", ""),
    "many blank lines": inserted(*[""] * 20_000),
    "no header": "\n".join(LINES),
    "comments": f"# a log\n# of events\n{TEXT}",
    "a separator named": "sep=,\n" + TEXT,
    "tabs": TEXT.replace(",", "\t"),
    "semicolons and decimal points": TEXT.replace(",", ";").replace(";5;", ";4.5;"),
    "two colons": TEXT.replace(":", "h").replace(",", "::").replace(" 10h00", ""),
    "pipes, quoted": quoted(TEXT).replace(",", "|"),
    "quoted": quoted(TEXT),
    "quoted, CRLF": quoted(TEXT).replace("\n", "\r\n"),
    "separators in quotes": inserted('"a,b",i3,"4",2024-01-01', '"a""b",i3,4,2024-01-01'),
    "a newline in quotes": inserted('"a\nb",i3,4,2024-01-01'),
    "long values in quotes": inserted('"' + "ab\n" * 900 + '",i3,4,2024-01-01'),
    "longer than a piece": inserted('"' + "a,b\n" * 5000 + '",i3,4,2024-01-01'),
    "reviews with newlines and quotes": "\n".join([HEADER + ",review", *REVIEWED]),
    "malformed, with newlines": inserted('"a\nb",i3', "a,b", '"a\nb",i3,4,2024-01-01'),
    "malformed": inserted("a,b", "a,b,c,d,e", "u1,i1,many,2024-01-01", ",i1,3,2024-01-01"),
    "malformed, quoted": quoted(inserted("a,b", "a,b", "a,b", "u1,i1,many,2024-01-01")),
    "malformed at the beginning": inserted("a,b", at=3),
    "NUL": inserted("a\0,i1,3,2024-01-01"),
    "integers and then texts": f"{NUMBERS}x1,5,3,2024-01-01\n4,x1,3,2024-01-01\n",
    "integers": "\n".join(f"{n % 41},{n * 7 % 97},{n % 5},{1_700_000_000 + n}" for n in range(N)),
    "integers, one with a zero": f"{NUMBERS}007,5,3,2024-01-01\n5,007,3,2024-01-01\n",
    "no ratings": "\n".join(["user,item", *(",".join(line.split(",")[:2]) for line in LINES)]),
    "further columns": "\n".join(
        [HEADER + ",n,shop", *(f"{line},{n},a" for n, line in enumerate(LINES))]
    ),
    "non-ASCII": TEXT.replace("u", "é").replace("éser", "user").replace("i3", "\U0001f600"),
    "non-ASCII at the end alone": TEXT + "ä,ö,3,2024-01-01\n",
    "days and months": TEXT.replace("2024-01-", "2024/01/").replace(" 10:00", ""),
}  # fmt: skip
SIZES = dict.fromkeys(["many blank lines", "longer than a piece"], 9000)
AT_ONCE = {
    "a quote alone": inserted('a"b,i3,4,2024-01-01'),
    "quotes within values": inserted('the "best" one,i3,4,2024-01-01'),
    "a quote that is not closed": inserted('"a,i3,4,2024-01-01'),
    "a blank before a quote": inserted('u1, "i3",4,2024-01-01'),
    "text behind a quote": inserted('"a"b,i3,4,2024-01-01'),
    "a return in quotes": quoted(inserted("a\rb,i3,4,2024-01-01")),
    "old Macintosh": TEXT.replace("\n", "\r"),
    "stars among numbers": inserted(*["u1,i1,*****,2024-01-01"] * 3),
    "dates of which one tells the month": "\n".join(
        [HEADER, *(f"u{n % 9},i{n % 7},3,{n // 300 + 10}/{n % 28 + 1}/2024" for n in range(N))]
    ),
    "another kind of times": inserted("u1,i1,3,1700000000"),
    "baskets": "\n".join(" ".join(map(str, range(n % 7, n % 7 + n % 5 + 2))) for n in range(N)),
    "JSON": "[" + ",\n".join(f'{{"user": {n % 9}, "item": {n}}}' for n in range(N)) + "]",
    "a web page": "<html>\n" + TEXT,
    "a wide table": "\n".join(
        ["user,a,b,c,d", *(f"u{n},{n % 5},{n % 4},{n % 3},{n % 2}" for n in range(N))]
    ),
    "orders": "\n".join(
        ["order,customer,sku,quantity", *(f"{n // 3},c{n % 9},s{n % 7},1" for n in range(N))]
    ),
    "ratings that are none later": "\n".join(
        [*LINES, *(f"u{n % 9},i{n % 7},a{n % 2},2024-01-01" for n in range(N // 4))]
    ),
    "mostly malformed from the middle on": inserted(*[x.rsplit(",", 1)[0] for x in LINES * 2]),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_logs_are_read_in_pieces_as_at_once(name, tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_bytes(ODD[name].encode())
    assert len(both(path, caplog, SIZES.get(name))) > 2
    both(path, caplog, SIZES.get(name), malformed="raise")


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_only_the_whole_tells_is_read_at_once(name, tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_bytes(AT_ONCE[name].encode())
    both(path, caplog)
    both(path, caplog, malformed="raise")


PIECES_OF_LINES = [
    *('u1,i1,3,2024-01-01', "u2,i2,many,2024-01-01", "u3,i3", "", ",i4,4,2024-01-01"),
    *('"u,5",i5,5,2024-01-01', '"u\n6",i6,1,2024-01-01', '"u""7",i7,2,', 'u8,"""\n"""",3,\r'),
    *('"u9\n",i9', 'u"10,i10,3,', '"u11"x,i11,1,', "u12,i12,3,2024-01-01,more", "u\0,i,3,", "\r"),
]  # fmt: skip


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(st.tuples(st.integers(0, N), st.sampled_from(PIECES_OF_LINES)), max_size=12),
    newline=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(9000, 12_000),
    end=st.booleans(),
)
def test_any_lines_are_read_in_pieces_as_at_once(lines, newline, size, end, tmp_path, caplog):
    text = list(LINES)
    for place, line in sorted(lines, reverse=True):
        text.insert(place, line)
    path = tmp_path / "log.csv"
    path.write_bytes((newline.join([HEADER, *text]) + newline * end).encode())
    for malformed in ("skip", "raise"):
        both(path, caplog, size, malformed=malformed)


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
@pytest.mark.parametrize(
    ("encoding", "given"),
    [
        ("utf-8", None), ("utf-8-sig", None), ("utf-16", None), ("utf-16-le", "utf-16-le"),
        ("utf-16", "utf-16"), ("latin-1", "latin-1"), ("cp1252", "cp1252"), ("utf-7", "utf-7"),
        ("utf-8", "cp1252"), ("utf-8-sig", "latin-1"),
    ],
)  # fmt: skip
def test_encodings(encoding, given, chunk, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(decoding, "_CHUNK", chunk)
    path = tmp_path / "log.csv"
    path.write_bytes(
        inserted("é€u".replace("€", "" if encoding[-1] == "1" else "€") + ",i,3,").encode(encoding)
    )
    assert len(both(path, caplog, 9000, encoding=given)) > 2


@pytest.mark.parametrize(
    ("encoding", "given"),
    [
        ("latin-1", None), ("latin-1", "ascii"), ("utf-8", "utf-32"), ("utf-8", "latin-99"),
        ("cp1252", "latin-1"),
    ],
)  # fmt: skip
def test_text_that_is_none_in_an_encoding_is_refused_as_at_once(encoding, given, tmp_path, caplog):
    path = tmp_path / "log.csv"
    letter = "€" if encoding == "cp1252" else "é"
    path.write_bytes(inserted(f"{letter},i,3,2024-01-01", at=700).encode(encoding))
    assert both(path, caplog, encoding=given) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_files(pack, tmp_path, caplog):
    path = tmp_path / "log.csv.packed"
    text = TEXT.encode()
    members = pack(text[:5000]) + pack(text[5000:20_000]) + b"\0" * 5000 + pack(text[20_000:])
    for packed in (pack(text), members):
        path.write_bytes(packed)
        assert len(both(path, caplog, 9000)) > 2
    for damaged in (members[:-3], members[:3000] + b"damaged" + members[3000:], members + b"rest"):
        path.write_bytes(damaged)
        assert both(path, caplog, 9000) == []
        with pytest.raises(DataError, match=r"cut off|damaged|no (gzip|Zstandard)"):
            read(path)


def test_limits_on_unpacked_sizes_hold(tmp_path, caplog, monkeypatch):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 9))
    both(path, caplog, 9000, max_bytes=len(TEXT) * 9 - 1)
    monkeypatch.setattr(formats, "PIECE", 9000)
    whole = []
    monkeypatch.setattr(formats, "read_content", lambda *args: whole.append(args))
    with pytest.raises(DataError, match=r"unpacks to more than 0 MB of 0\.0 MB"):
        read(path, max_bytes=len(TEXT) * 9 - 1)
    monkeypatch.setattr(unpacking, "_HARMLESS", len(TEXT) * 9 - 1)
    monkeypatch.setattr(unpacking, "_MAX_RATIO", 1)
    with pytest.raises(DataError, match="raise max_bytes"):
        read(path)
    plain = tmp_path / "log.csv"
    plain.write_text(TEXT)
    with pytest.raises(DataError, match="bytes that are allowed"):
        read(plain, max_bytes=len(TEXT) - 1)
    assert whole == []


@pytest.mark.parametrize("limit", [1, 300, 301, 600, N, N + 1])
def test_limit(limit, tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text(inserted("a,b", "u,i,3,", '"x\ny",i,3,', at=298))
    both(path, caplog, 9000, limit=limit)


@pytest.mark.parametrize(
    "options",
    [
        {"header": True}, {"header": False}, {"separator": ","}, {"layout": "columns"},
        {"rating": False}, {"user": "item", "item": "user"}, {"positive": ">=4"},
        {"positive": "5"}, {"session_gap": "30min"}, {"time_format": "%Y-%m-%d %H:%M"},
        {"weight": "rating"}, {"separator": "-"}, {"sheet": 1}, {"layout": "wide"},
        {"layout": "baskets"}, {"order": "rows", "time": False}, {"name": "mine"},
    ],
)  # fmt: skip
def test_options(options, tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text(inserted("a,b", "u,i,many,"))
    both(path, caplog, 9000, **options)


def test_small_files_are_not_sought_for_pieces(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text(TEXT)
    sizes = typed_at_once(monkeypatch)
    for size in (len(TEXT) + 1, math.inf):
        monkeypatch.setattr(formats, "PIECE", size)
        read(path, quiet=True)
    assert sizes == [N, N]
    monkeypatch.setattr(formats, "PIECE", 2000)  # with too few records to guess columns
    read(path, quiet=True)
    assert sizes == [N] * 3


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text(TEXT)
    monkeypatch.setattr(formats, "PIECE", 9000)
    original = formats.text_pieces

    def changing(*args):
        found = original(*args)
        path.write_text(TEXT[:15_000])
        return found

    monkeypatch.setattr(formats, "text_pieces", changing)
    with pytest.raises(DataError, match=r"log\.csv has changed while it was read: read it again"):
        read(path, quiet=True)


def test_what_must_be_read_at_once_and_does_not_fit_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text(TEXT.replace("2024-01-", "1/").replace(" 10:00", "/24"))
    monkeypatch.setattr(formats, "PIECE", 9000)
    monkeypatch.setattr(memory, "available_memory", lambda: 10**4)
    with pytest.raises(DataError, match=r"Reading log\.csv at once, .*--time-format"):
        read(path, quiet=True)
    assert len(read(path, quiet=True, time_format="month-first")) == N
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    assert len(read(path, quiet=True)) == N
