"""Captions of graphs about reviews and their tables."""

from __future__ import annotations

import polars as pl
import pytest

from penchant.reporting.graphs.reviews import distribution


@pytest.mark.parametrize(
    ("column", "span"),
    [("year", "1995 to 2000"), ("release_year", "1995 to 2000"), ("views", "1,995 to 2,000")],
)
def test_years_have_no_thousands_separator(column: str, span: str) -> None:
    table = pl.DataFrame({"low": [1990, 1995], "high": [1995, 2000], "count": [2, 30]})
    assert f"most from {span};" in distribution(column, table, "item").caption
