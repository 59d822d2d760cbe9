"""A log that is read piece by piece is the log that is read at once."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant import memory
from penchant.data.reading import typed_pieces
from penchant.data.reading.parts import pieces
from penchant.data.sources.releases import read
from penchant.errors import DataError
from support.log_outcome import outcome

NAMES = ("user", "item", "rating", "time")
# Of each column: values that are read alike in all logs, and those that may change how all are.
PLAIN = {
    "user": ["ann", "bob", " cid ", "12", "7"],
    "item": ["tea", "1", "jam"],
    "rating": ["1", "2.5", "5", "", "many"],
    "time": ["2024-01-02", "2024-01-02T03:04:05Z", "2023-12-31 23:59:59.5", "", "soon"],
}
RARE = {
    "user": ["007", "5.0", "", '"eve"'],
    "item": ["3.0", "", "+4"],
    "rating": ["like", "4,5", "4/5", "nan", "NA", "*"],
    "time": ["03/04/2024", "1700000000", "20240102", "2024", "-1", "45000"],
}


def texts(column: str) -> st.SearchStrategy[list[str]]:
    """The values of a column in one file: of one kind in most."""
    integers = st.integers(0, 12).map(str)
    seconds = st.integers(1_700_000_000, 1_700_000_009).map(str)
    plain = st.sampled_from(PLAIN[column])
    usual = {"user": integers, "item": integers, "rating": integers, "time": seconds}[column]
    any_ = st.sampled_from(PLAIN[column] + RARE[column])
    values = st.one_of(plain, plain, plain, any_)
    return st.one_of(
        st.lists(usual, min_size=6, max_size=6),
        st.lists(st.sampled_from(PLAIN[column][:3]), min_size=6, max_size=6),
        st.lists(values, min_size=6, max_size=6),
    )


FILES = st.lists(
    st.tuples(*(texts(name) for name in NAMES), st.integers(0, 12)), min_size=2, max_size=4
)


def in_pieces(
    folder: Path, size: float, caplog: pytest.LogCaptureFixture, **options: object
) -> object:
    """What is known of a log in pieces of this size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", size)
        return outcome(folder, caplog, **options)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=FILES, roles=st.sampled_from([NAMES, ("user", "item", "time"), NAMES[:2]]))
def test_texts_in_pieces(
    files: list[tuple[list[str], ...]],
    roles: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path_factory.mktemp("log") / "events"
    folder.mkdir()
    for number, (*columns, broken) in enumerate(files):
        chosen = [columns[NAMES.index(role)] for role in roles]
        lines = [",".join(cells) for cells in zip(*chosen, strict=True)]
        if broken < 3:
            lines.insert(broken, "too,many,cells,in,this,line")
        text = "\n".join([",".join(roles), *lines, ""]).encode()
        if number % 2:
            (folder / f"{number}.csv.gz").write_bytes(gzip.compress(text))
        else:
            (folder / f"{number}.csv").write_bytes(text)
    for malformed in ("skip", "raise"):
        at_once = in_pieces(folder, 2**27, caplog, malformed=malformed)
        assert in_pieces(folder, 1, caplog, malformed=malformed) == at_once
        scratch = tmp_path_factory.mktemp("scratch")
        assert in_pieces(folder, 1, caplog, malformed=malformed, scratch=scratch) == at_once


PARQUET = st.lists(
    st.tuples(
        st.sampled_from([pl.String, pl.Int64, pl.Int32, pl.Categorical]),
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.integers(0, 5),
                st.sampled_from([1.0, None, 2.5, float("inf")]),
            ),
            min_size=1,
            max_size=6,
        ),
    ),
    min_size=2,
    max_size=4,
)


@pytest.mark.slow
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=PARQUET, alike=st.booleans())
def test_parquet_in_pieces(
    files: list[tuple[type[pl.DataType], list[tuple[int, int, float | None]]]],
    alike: bool,
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path_factory.mktemp("log") / "events"
    folder.mkdir()
    for number, (dtype, rows) in enumerate(files):
        frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
        if alike:
            dtype = files[0][0]
        if dtype == pl.Categorical:
            frame = frame.with_columns(pl.col("user").cast(pl.String))
        frame = frame.with_columns(
            pl.col("user").cast(dtype), pl.col("rating").cast(pl.Float64), shelf=pl.lit(number)
        )
        frame.write_parquet(folder / f"{number}.parquet")
    at_once = in_pieces(folder, 2**27, caplog)
    assert in_pieces(folder, 1, caplog) == at_once
    assert in_pieces(folder, 1, caplog, scratch=tmp_path_factory.mktemp("scratch")) == at_once


def test_pieces_are_read_apart_where_that_is_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_apart = []
    original = typed_pieces.type_records
    monkeypatch.setattr(
        typed_pieces,
        "type_records",
        lambda records, *args, **options: (
            read_apart.append(len(records.frame)) or original(records, *args, **options)
        ),
    )
    monkeypatch.setattr(pieces, "PIECE", 1)
    (tmp_path / "log").mkdir()
    for n in range(3):
        lines = [f"u{k},{k},{k % 5},2024-01-0{n + 1}\n" for k in range(20 + n)]
        (tmp_path / "log" / f"{n}.csv").write_text("user,item,rating,time\n" + "".join(lines))
    log = read(tmp_path / "log", quiet=True)
    assert read_apart == [20, 21, 22]
    assert (len(log), log.n_users) == (63, 22)
    assert log.events["time"].is_sorted()
    assert {chunk.n_chunks() for chunk in log.events.get_columns()} == {1}


def test_events_inside_of_records_are_read_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    for n in range(3):
        frame = pl.DataFrame({"user": ["ann", "bob"], "items": [["tea", "jam"], [f"x{n}"]]})
        frame.write_parquet(folder / f"{n}.parquet")
    assert in_pieces(folder, 1, caplog) == in_pieces(folder, 2**27, caplog)


def test_a_table_of_items_joins_ids_that_were_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "0.csv").write_text("user,item,rating\nann,1,5\nbob,x2,4\n")
    (tmp_path / "log" / "1.csv").write_text("user,item,rating\nann,x2,5\ncid,3,1\n")
    (tmp_path / "items.csv").write_text("item,title\n1,One\n3,Three\n4,Four\n")
    log = read(tmp_path / "log", item_table=tmp_path / "items.csv", quiet=True)
    assert log.items.ids.to_list() == ["1", "3", "4", "x2"]
    assert log.titles() == ["One", "Three", "Four", "x2"]


def test_what_must_be_read_at_once_and_does_not_fit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 1)
    (tmp_path / "log").mkdir()
    for n in range(3):
        lines = [f"u{k},{k},{k % 5},0{k % 9 + 1}/0{n + 1}/2024\n" for k in range(2000)]
        (tmp_path / "log" / f"{n}.csv").write_text("user,item,rating,time\n" + "".join(lines))
    monkeypatch.setattr(memory, "available_memory", lambda: 10**5)
    with pytest.raises(DataError, match=r"Reading log at once, .* takes 0\.0 GB .*--time-format"):
        read(tmp_path / "log", quiet=True)
    assert len(read(tmp_path / "log", quiet=True, time_format="day-first")) == 6000
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    assert len(read(tmp_path / "log", quiet=True)) == 6000
