from __future__ import annotations

import polars as pl
import pytest

from penchant.errors import DataError
from penchant.experiments.files import read_rows
from penchant.experiments.frames import checked_outcomes

ROWS = pl.DataFrame(
    {
        "user": ["007", "8"],
        "item": ["x", "y"],
        "kind": ["like", "purchase"],
        "value": [None, 2.5],
        "time": ["2026-03-01 12:00:00", "2026-03-02 12:00:00"],
    }
)


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_files_of_any_kind_give_the_same_rows(ending, tmp_path):
    path = tmp_path / f"outcomes.{ending}"
    getattr(ROWS, f"write_{ending}")(path)
    rows = checked_outcomes(read_rows(path))
    assert rows.select("item", "kind", "value").equals(ROWS.select("item", "kind", "value"))
    assert rows["user"][1] == "8"
    assert rows["time"].dt.day().to_list() == [1, 2]


def test_a_single_row(tmp_path):
    ROWS.head(1).write_csv(tmp_path / "one.csv")
    assert checked_outcomes(read_rows(tmp_path / "one.csv"))["user"].to_list() == ["007"]


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_rows(tmp_path / "missing.csv")
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)) * 10)
    with pytest.raises(DataError):
        read_rows(tmp_path / "picture.csv")
