"""Lists as a sheet of an Excel workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
from polars import selectors as cs

from penchant.errors import ParameterError, require

ENDING = ".xlsx"
MOST_ROWS = 1_048_575
"""Below the header, of a sheet."""


def require_writer(path: Path) -> None:
    """Check before long work that a file, if it is a workbook, can be written.

    Raises:
        MissingExtraError: it is one, and XlsxWriter is not installed.
    """
    if path.suffix == ENDING:
        require("xlsxwriter", "excel")


def require_rows(n: int) -> None:
    """Refuse more rows than a sheet holds.

    Raises:
        ParameterError: there are more.
    """
    if n > MOST_ROWS:
        raise ParameterError(
            f"A sheet of Excel holds {MOST_ROWS:,} rows, and these are up to {n:,}: write .csv or "
            ".parquet, or name fewer users."
        )


def write_workbook(rows: pl.DataFrame, path: Path) -> None:
    """Write rows without nested columns as a sheet, with a header that stays in sight.

    Texts stay texts: what looks like a formula, a number or an address is none. A missing number
    is an empty cell.

    Raises:
        ParameterError: they are more than a sheet holds.
    """
    require_rows(len(rows))
    xlsxwriter = require("xlsxwriter", "excel")
    whole: dict[Any, str] = dict.fromkeys(set(rows.select(cs.integer()).dtypes), "0")
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        rows.with_columns(cs.float().fill_nan(None)).write_excel(
            book,
            worksheet="lists",
            dtype_formats=whole,
            float_precision=4,
            freeze_panes=(1, 0),
            autofit=True,
        )
