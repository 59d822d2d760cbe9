"""Lists as sheets of Excel."""

from __future__ import annotations

import polars as pl
import pytest

from penchant.batch import workbook
from penchant.batch.workbook import write_workbook
from penchant.batch.write import write_lists
from penchant.errors import ParameterError
from penchant.models import Popular
from penchant.testing import planted_pairs

fastexcel = pytest.importorskip("fastexcel")
pytest.importorskip("xlsxwriter")


def test_texts_stay_texts_and_missing_numbers_are_empty(tmp_path):
    path = tmp_path / "lists.xlsx"
    rows = pl.DataFrame(
        {
            "user": ["=1+1", "007", "http://shop.example/a"],
            "item": [1, 200_000, 3],
            "score": [0.5, float("nan"), None],
            "fallback": [True, False, True],
        }
    )
    write_workbook(rows, path)
    sheet = fastexcel.read_excel(path).load_sheet("lists", dtypes="string").to_polars()
    assert sheet.columns == rows.columns
    assert sheet["user"].to_list() == rows["user"].to_list()
    assert sheet["item"].to_list() == ["1", "200000", "3"]
    assert sheet["score"].to_list() == ["0.5", None, None]
    assert [kind.strip().lower() for kind in sheet["fallback"]] == ["true", "false", "true"]


def test_more_rows_than_a_sheet_holds_are_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 100)
    log = planted_pairs()
    path = tmp_path / "lists.xlsx"
    with pytest.raises(ParameterError, match=r"holds 100 rows, .* write \.csv or \.parquet"):
        write_lists(Popular().fit(log), path, 10)
    with pytest.raises(ParameterError, match="or name fewer users"):
        write_workbook(pl.DataFrame({"user": range(101)}), path)
    assert not list(tmp_path.iterdir())
