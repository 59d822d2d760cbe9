"""Large Parquet files that are read in pieces are the logs that are read at once."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from penchant.data.reading import formats
from penchant.data.reading.large.parquet_pieces import ParquetPieces
from penchant.data.sources.releases import read
from penchant.errors import DataError
from support.log_outcome import in_pieces_of_a_file, outcome

N = 900
SIZE = 16_000  # bytes of a piece in memory
PLAIN = pl.DataFrame(
    {
        "user": [f"a user whose number is {n % 41}" for n in range(N)],
        "item": [n * 7 % 97 for n in range(N)],
        "rating": [n % 5 + 1.0 for n in range(N)],
        "time": [datetime(2024, 1, n % 28 + 1) for n in range(N)],
    }
)
LATE = pl.int_range(pl.len()) >= 700
APART = {
    "plain": PLAIN,
    "categories": PLAIN.with_columns(pl.col("user").cast(pl.Categorical), kind=pl.lit("view")),
    "missing": PLAIN.with_columns(pl.when(~LATE).then(pl.col("user", "rating"))),
    "further columns": PLAIN.with_columns(a=pl.when(LATE).then(1), b=LATE, c=pl.lit(None)),
    "no ratings": PLAIN.select("user", "item"),
}
AT_ONCE = {
    "lists": PLAIN.group_by("user", maintain_order=True).agg(items="item"),
    "structs": PLAIN.select("item", user=pl.struct("user", "time")),
    "words": PLAIN.with_columns(rating=pl.when(LATE).then(pl.lit("like")).otherwise(pl.lit("5"))),
    "wide": pl.DataFrame({"user": range(N)} | {x: [n % 5 for n in range(N)] for x in "abcd"}),
}


@pytest.mark.parametrize("name", [*APART, *AT_ONCE])
def test_what_is_read_in_pieces(name, tmp_path, caplog):
    path = tmp_path / "a log [1].parquet"
    frame = (APART | AT_ONCE)[name]
    frame.write_parquet(path, row_group_size=100, compression="uncompressed")
    size = int(frame.estimated_size() / 3.5)
    sizes = in_pieces_of_a_file(path, size, caplog)
    assert (0 < max(sizes, default=0) < N // 2) == (name in APART)


@pytest.mark.parametrize(
    "options", [{"limit": 10}, {"limit": 800}, {"max_bytes": 10**6}, {"malformed": "raise"}]
)
def test_options(options, tmp_path, caplog):
    path = tmp_path / "log.parquet"
    APART["missing"].write_parquet(path, row_group_size=100, compression="uncompressed")
    in_pieces_of_a_file(path, SIZE, caplog, **options)


def test_damaged_or_too_large(tmp_path, caplog, capfd, monkeypatch):
    path = tmp_path / "log.parquet"
    PLAIN.write_parquet(path, row_group_size=100, compression="uncompressed")
    data = path.read_bytes()
    for content in (data[:-4], data[: len(data) // 2] + b"\xff" * 2000 + data[len(data) // 2 :]):
        path.write_bytes(content)
        assert in_pieces_of_a_file(path, SIZE, caplog) == []
        with pytest.raises(DataError, match="damaged or unfinished Parquet file"):
            read(path)
    assert capfd.readouterr().err == ""
    path.write_bytes(data)
    monkeypatch.setattr(formats, "PIECE", SIZE)
    assert "unpacks to more than" in str(outcome(path, caplog, max_bytes=len(data)))


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    pieces = ParquetPieces(path, 300, [1, 1, 1, 1])
    for frame in (PLAIN, None):
        if frame is None:
            path.unlink()
        else:
            frame.write_parquet(path)
        with pytest.raises(DataError, match=r"log\.parquet has changed while it was read"):
            list(pieces.read())
